import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accessOf } from '../../../client/cli/access-flags.ts';
import { temporary } from '../../world/vault/model.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const groups = join(temporary(), 'group');
writeFileSync(groups, 'root:x:0:\ninference:x:4711:ana,ben\nbroken\n');

describe('who may read what is fetched', () => {
  test.each([
    ['nothing asked for', {}, { fileMode: 0o600, folderMode: null, gid: null }],
    ['a mode', { mode: '0640' }, { fileMode: 0o640, folderMode: 0o750, gid: null }],
    ['a mode without its first digit', { mode: '444' }, { fileMode: 0o444, folderMode: 0o755, gid: null }],
    ['a group, which may then read', { group: 'inference' }, { fileMode: 0o640, folderMode: 0o750, gid: 4711 }],
    ['both, the group by its number', { mode: '0660', group: '12' }, { fileMode: 0o660, folderMode: 0o770, gid: 12 }],
  ])('%s', async (_, flags, access) => {
    expect(await accessOf(flags, groups)).toEqual(access);
  });

  test.each(['1640', '4640', '0642', '0666', '0755', '0740', '0040', '0000', '640x', '-640', '', '88'])(
    'refuses the mode %s',
    async (mode) => {
      await expect(accessOf({ mode }, groups)).rejects.toThrow(refusal('usage'));
    },
  );

  test('refuses a group that is not there, and a number that is none', async () => {
    await expect(accessOf({ group: 'inferenc' }, groups)).rejects.toThrow(refusal('not_found'));
    await expect(accessOf({ group: 'broken' }, groups)).rejects.toThrow(refusal('not_found'));
    await expect(accessOf({ group: '4294967295' }, groups)).rejects.toThrow(refusal('usage'));
  });
});
