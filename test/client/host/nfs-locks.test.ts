import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isLockedHereOnly } from '../../../client/host/nfs-locks.ts';
import { WorkFolder } from '../../../client/host/work-folder.ts';
import { temporary } from '../../world/vault/model.ts';

const line = (device: string, type: string, options: string) =>
  `36 35 ${device} / /models rw,noatime shared:1 - ${type} server:/export ${options}`;
const V3 = 'rw,vers=3,rsize=1048576,hard,proto=tcp,sec=sys,addr=10.0.0.1';

describe('locks that other machines do not see', () => {
  test.each([
    ['NFS 4', line('0:52', 'nfs4', 'rw,vers=4.2,local_lock=none,addr=10.0.0.1'), false],
    ['NFS 3 with locks', line('0:52', 'nfs', `${V3},local_lock=none`), false],
    ['NFS 3 without', line('0:52', 'nfs', `${V3},nolock,local_lock=all`), true],
    ['NFS 3 whose POSIX locks are local', line('0:52', 'nfs', `${V3},local_lock=posix`), true],
    ['another mount', line('0:53', 'nfs', `${V3},nolock`), false],
    ['another file system', line('0:52', 'ext4', 'rw,nolock'), false],
    ['nothing', '', false],
  ])('%s', (_, mountinfo, expected) => {
    expect(isLockedHereOnly(`22 27 0:21 / /proc rw - proc proc rw\n${mountinfo}\n`, 52n)).toBe(expected);
  });

  test('a folder on such a mount is refused, and nothing is written there', async () => {
    const folder = temporary();
    const { dev } = statSync(folder, { bigint: true });
    const device = `${(dev >> 8n) & 0xfffn}:${(dev & 0xffn) | ((dev >> 12n) & 0xfff00n)}`;
    const mountinfo = join(temporary(), 'mountinfo');
    writeFileSync(mountinfo, line(device, 'nfs', `${V3},nolock`));
    await expect(WorkFolder.take(folder, 'a test', mountinfo)).rejects.toThrow(
      expect.objectContaining({ code: 'not_permitted', message: expect.stringMatching(/without nolock/) }),
    );
    expect(readdirSync(folder)).toEqual([]);
    await (await WorkFolder.take(folder, 'a test')).release();
  });
});
