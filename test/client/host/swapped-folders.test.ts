import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { HeldFolder } from '../../../client/host/held-folder.ts';
import type { FileSource } from '../../../client/host/segments.ts';
import { PRIVATE, TargetFolder } from '../../../client/host/target.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import { NODE } from '../../world/daemon-process.ts';
import { patterned, temporary } from '../../world/vault/model.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const PART = `${'ab'.repeat(32)}-1`;
const isRoot = process.getuid?.() === 0;
const isLinux = existsSync('/proc/self/fd');
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function fresh(): string {
  const folder = temporary();
  folders.push(folder);
  return folder;
}

/** What nothing may be done to: it has the names that a fetch uses. */
function precious(): string {
  const folder = fresh();
  for (const name of ['b', PART, 'holder.json', 'lock']) writeFileSync(join(folder, name), 'precious', { mode: 0o600 });
  mkdirSync(join(folder, 'etc'));
  return folder;
}

function expectUntouched(folder: string): void {
  expect(readdirSync(folder).sort()).toEqual(['b', 'etc', 'holder.json', 'lock', PART].sort());
  for (const name of ['b', PART, 'holder.json', 'lock']) {
    expect(readFileSync(join(folder, name), 'utf8')).toBe('precious');
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
}

/** Another program's work: the folder is another from now on. */
function swap(path: string, link: string): void {
  renameSync(path, `${path}.aside`);
  symlinkSync(link, path);
}

const target = (path: string, plaintext: Uint8Array) => {
  return { path, sha256: digestOf(plaintext), plainBytes: plaintext.length, part: PART };
};

/** Calls `act` while the only segment comes. */
function source(plaintext: Uint8Array, act: () => void): FileSource {
  return {
    file: 1,
    plainBytes: plaintext.length,
    receivedBytes: 0,
    async *plaintext() {
      act();
      yield { k: 0, plaintext };
    },
  };
}

const none = () => undefined;

describe.skipIf(!isLinux)('where another user swaps a folder for a link, nothing is done where the link leads:', () => {
  const opened = async (access = PRIVATE) => {
    const folder = fresh();
    const held = await TargetFolder.open(folder, 'a test', access);
    onTestFinished(() => held.close().catch(none));
    return { folder, held };
  };

  test('the work folder, before what lies aside is removed and it is given back', async () => {
    const elsewhere = precious();
    const { folder, held } = await opened();
    swap(join(folder, '.twinlock-part'), elsewhere);
    await held.remove([]);
    await held.close();
    expectUntouched(elsewhere);
  });

  test('the work folder, while a file comes: it is in place all the same', async () => {
    const elsewhere = precious();
    const { folder, held } = await opened();
    const bytes = patterned(100);
    const act = () => swap(join(folder, '.twinlock-part'), elsewhere);
    await held.write(target('b', bytes), source(bytes, act), none);
    expect(readFileSync(join(folder, 'b')).equals(bytes)).toBe(true);
    expectUntouched(elsewhere);
  });

  test('a folder of the model, while its file comes: the fetch is refused', async () => {
    const elsewhere = precious();
    const { folder, held } = await opened();
    const bytes = patterned(100);
    const writing = held.write(
      target('sub/b', bytes),
      source(bytes, () => swap(join(folder, 'sub'), elsewhere)),
      none,
    );
    await expect(writing).rejects.toThrow(
      expect.objectContaining({ code: 'not_permitted', message: expect.stringMatching(/moved or replaced while/) }),
    );
    expectUntouched(elsewhere);
  });

  test('the folder itself, before small files come, and a folder of it', async () => {
    const elsewhere = precious();
    const { folder, held } = await opened();
    const plaintext = patterned(100);
    swap(folder, elsewhere);
    folders.push(`${folder}.aside`);
    await expect(held.writeSmall([{ target: target('b', plaintext), plaintext }])).rejects.toThrow(
      refusal('not_permitted'),
    );
    mkdirSync(join(`${folder}.aside`, 'sub'));
    swap(join(`${folder}.aside`, 'sub'), elsewhere);
    await expect(held.writeSmall([{ target: target('sub/b', plaintext), plaintext }])).rejects.toThrow(
      refusal('not_permitted'),
    );
    expectUntouched(elsewhere);
  });

  test('a folder of the model, before its files are removed, or are looked at and given their mode', async () => {
    const elsewhere = precious();
    const { folder, held } = await opened({ fileMode: 0o644, folderMode: 0o755, gid: null });
    symlinkSync(elsewhere, join(folder, 'sub'));
    expect(await held.isInPlace(target('sub/b', new TextEncoder().encode('precious')))).toBe(false);
    await held.remove(['sub/b']);
    expectUntouched(elsewhere);
  });

  test('another folder of this user’s that is renamed to the work folder loses nothing', async () => {
    const folder = fresh();
    const own = join(folder, '.twinlock-part');
    mkdirSync(own, { mode: 0o700 });
    mkdirSync(join(own, 'keys'));
    writeFileSync(join(own, 'keys', 'id'), 'precious');
    const held = await TargetFolder.open(folder, 'a test');
    await held.removeParts();
    await held.close();
    expect(readFileSync(join(own, 'keys', 'id'), 'utf8')).toBe('precious');
  });
});

describe('a folder on whose way there is a symbolic link', () => {
  /** `above/link` leads to `above/models`. */
  function linked(mode: number): { readonly above: string; readonly link: string } {
    const above = fresh();
    mkdirSync(join(above, 'models'));
    symlinkSync('models', join(above, 'link'));
    chmodSync(above, mode);
    return { above, link: join(above, 'link') };
  }

  test('that another user may have put there is refused, naming its folder, owner and mode', async () => {
    const { above, link } = linked(0o777);
    await expect(TargetFolder.open(join(link, 'ocr'), 'a test')).rejects.toThrow(
      expect.objectContaining({
        code: 'not_permitted',
        group: 'mend',
        message: expect.stringMatching(
          new RegExp(
            `in ${above} \\(owner \\d+, group \\d+, mode 0777\\): the symbolic link ${link} is not followed: name`,
          ),
        ),
      }),
    );
    expect(readdirSync(join(above, 'models'))).toEqual([]);
  });

  test.runIf(isRoot)(
    'is refused where the folder that has it, or in a sticky one the link, is of another user',
    async () => {
      const { above, link } = linked(0o755);
      chownSync(above, 65_534, 65_534);
      await expect(HeldFolder.open(link)).rejects.toThrow(refusal('not_permitted'));
      chownSync(above, 0, 0);
      chmodSync(above, 0o1777);
      await (await HeldFolder.open(link)).close();
      symlinkSync('models', join(above, 'theirs'));
      lchownSync(join(above, 'theirs'), 65_534, 65_534);
      await expect(HeldFolder.open(join(above, 'theirs'))).rejects.toThrow(refusal('not_permitted'));
    },
  );

  test('of this user’s own is followed, also in a folder of a group that this process is of', async () => {
    for (const mode of [0o755, 0o2775]) {
      const { above, link } = linked(mode);
      const made: HeldFolder[] = [];
      const held = await HeldFolder.open(join(link, '../link/a/b'), made);
      expect(existsSync(join(above, 'models/a/b'))).toBe(true);
      expect([await held.isInPlace(), made.length]).toEqual([true, 2]);
      for (const folder of [held, ...made]) await folder.close();
    }
  });

  test.runIf(isRoot)('is refused where another member of a group of this process has laid it', async () => {
    for (const mode of [0o775, 0o2775, 0o3775]) {
      const { above, link } = linked(mode);
      await (await HeldFolder.open(link)).close();
      lchownSync(link, 65_534, 65_534);
      await expect(TargetFolder.open(join(link, 'ocr'), 'a test')).rejects.toThrow(
        expect.objectContaining({
          code: 'not_permitted',
          group: 'mend',
          message: expect.stringMatching(/\/link: a symbolic link of another user is not followed: name the folder/),
        }),
      );
      expect(readdirSync(join(above, 'models'))).toEqual([]);
      // A plain folder there is taken, whoever made it.
      chownSync(join(above, 'models'), 65_534, 65_534);
      await (await TargetFolder.open(join(above, 'models/ocr'), 'a test')).close();
    }
  });

  test('that leads round in a circle is refused', async () => {
    const folder = fresh();
    symlinkSync('round', join(folder, 'round'));
    await expect(HeldFolder.open(join(folder, 'round'))).rejects.toThrow(refusal('not_permitted'));
  });
});

describe('a folder below which something is mounted', () => {
  let folder = '';
  beforeEach(() => {
    folder = realpathSync(fresh());
    mkdirSync(`${folder}.d`);
    folders.push(`${folder}.d`);
    mkdirSync(join(folder, 'sub folder'));
    writeFileSync(join(folder, 'config.json'), '');
  });

  /** Each at a place, in the one of that number: the first is 0, and is mounted in itself. */
  function mounted(...mounts: readonly (readonly [place: string, parent: number])[]) {
    const lines = mounts.map(([place, parent], id) => {
      return `${id} ${parent} 0:${52 + id} / ${place.replaceAll(' ', '\\040')} rw - tmpfs tmpfs rw`;
    });
    const mountinfo = join(fresh(), 'mountinfo');
    writeFileSync(mountinfo, lines.join('\n'));
    return TargetFolder.open(folder, 'a test', PRIVATE, mountinfo);
  }

  test.each([
    ['another file system', 'sub folder'],
    ['a file', 'config.json'],
  ])('is refused before anybody is asked: %s', async (what, name) => {
    await expect(mounted(['/', 0], [join(folder, name), 0])).rejects.toThrow(
      expect.objectContaining({
        code: 'not_permitted',
        message: `${folder}: ${what} is mounted below it, at ${join(folder, name)}: name a folder without one, or unmount it`,
      }),
    );
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'sub folder']);
  });

  test('is taken where it is mounted itself, beside it, or hidden by what was mounted above it later', async () => {
    const above = dirname(folder);
    const sub = join(folder, 'sub folder');
    await (await mounted(['/', 0], [folder, 0], [join(`${folder}.d`, 'sub folder'), 0])).close();
    await (await mounted(['/', 0], [sub, 0], [folder, 0])).close();
    await (await mounted(['/', 0], [folder, 0], [sub, 1], [above, 0])).close();
    await expect(mounted(['/', 0], [above, 0], [sub, 1])).rejects.toThrow(refusal('not_permitted'));
    await expect(mounted(['/', 0], [sub, 0], [sub, 1])).rejects.toThrow(refusal('not_permitted'));
  });
});

test('files that are not of the version are told, as those of another version, with no work folder and through no link', async () => {
  const folder = fresh();
  mkdirSync(join(folder, 'a/b'), { recursive: true });
  for (const path of ['model.bin', 'a/b/old.bin', 'a/new.bin']) writeFileSync(join(folder, path), '');
  symlinkSync(precious(), join(folder, 'link'));
  const held = await TargetFolder.open(folder, 'a test');
  expect(await held.others(['model.bin', 'a/new.bin'])).toEqual(['a/b/old.bin', 'link']);
  await held.close();
});

test('a volume that everybody may write to is taken, by root and by a user of a pod alike', async () => {
  const folder = fresh();
  chmodSync(folder, 0o777);
  await (await TargetFolder.open(join(folder, 'by-this-user'), 'a test')).close();
  const user = isRoot ? { uid: 65_534, gid: 65_534 } : {};
  const holder = spawn(NODE, [join(import.meta.dirname, 'hold-folder.ts'), join(folder, 'models')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...user,
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  expect(String((await once(holder.stdout, 'data'))[0])).toBe('held\n');
});

test('where the system cannot hold a folder, one that another user may change is refused', async () => {
  const folder = fresh();
  await (await HeldFolder.open(folder, null, false)).close();
  chmodSync(folder, 0o777);
  await expect(HeldFolder.open(folder, null, false)).rejects.toThrow(
    expect.objectContaining({
      code: 'not_permitted',
      message: expect.stringMatching(/, mode 0777\): name a folder that only/),
    }),
  );
});
