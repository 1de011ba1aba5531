import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PendingRelease, readPendingRelease, writePendingRelease } from '../../../client/host/pending-release.ts';
import { readOrMakeSimulatedChip } from '../../../client/host/simulated-chip-file.ts';
import { checkpointFiles } from '../../../client/log/checkpoint-file.ts';
import { principalKey, principalRecordOf } from '../../../client/principal/principal.ts';
import { readPrincipalKey, writePrincipalKey } from '../../../client/principal/principal-file.ts';
import { isKeptSecret } from '../../../src/platform/files/secret.ts';
import { platformRandom } from '../../../src/platform/random.ts';

const refusal = (code: string) => expect.objectContaining({ code });

describe('a kept checkpoint', () => {
  const vault = 'ab'.repeat(32);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'twinlock-kept-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each([
    ['cut off', (text: string) => text.slice(0, 40), 'malformed'],
    ['of another vault', (text: string) => text.replace(vault, 'cd'.repeat(32)), 'malformed'],
    ['in another order', (text: string) => `{"v":1,${text.slice(1).replace(',"v":1', '')}`, 'not_canonical'],
  ])('that is %s is named, with what to do', async (_, damage, code) => {
    const memory = checkpointFiles(folder);
    await memory.put(vault, { size: 3, root: '0'.repeat(64) });
    const path = join(folder, `${vault}.json`);
    writeFileSync(path, damage(readFileSync(path, 'utf8')));
    const error = await memory.get(vault).then(String, (thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(`${path} is damaged: `) });
    expect(error).toMatchObject({ message: expect.stringMatching(/another machine .* move the file away$/) });
    // It is not taken for a new vault's, and nothing replaces it unseen.
    await expect(memory.put(vault, { size: 4, root: '1'.repeat(64) })).rejects.toThrow(refusal(code));
  });
});

describe('a file with secrets', () => {
  let folder: string;
  let path: string;
  const key = principalKey('depositor', 'ci', platformRandom(32));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'twinlock-files-'));
    path = join(folder, 'key.json');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('of a principal comes back as it was, and is its owner’s alone', async () => {
    await writePrincipalKey(path, key);
    expect(await readPrincipalKey(path)).toEqual(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is never overwritten', async () => {
    await writePrincipalKey(path, key);
    await expect(writePrincipalKey(path, key)).rejects.toThrow(refusal('exists'));
  });

  test.each([0o604, 0o660, 0o610, 0o644])('is refused where others have a right to it (%o)', async (mode) => {
    await writePrincipalKey(path, key);
    chmodSync(path, mode);
    await expect(readPrincipalKey(path)).rejects.toThrow(refusal('not_permitted'));
  });

  test.each([
    ['its owner’s alone', { mode: 0o100400, uid: 1000, gid: 1000 }, true],
    ['root’s, read by a group of this process (0440)', { mode: 0o100440, uid: 0, gid: 7 }, true],
    ['root’s, read by a group of this process (0640)', { mode: 0o100640, uid: 0, gid: 9 }, true],
    ['root’s, read by an access list, as systemd mounts it', { mode: 0o100440, uid: 0, gid: 0 }, true],
    ['another owner’s, read by that group', { mode: 0o100440, uid: 1000, gid: 7 }, false],
    ['root’s, read by a group that this process does not have', { mode: 0o100440, uid: 0, gid: 8 }, false],
    ['root’s, written by that group', { mode: 0o100660, uid: 0, gid: 7 }, false],
    ['root’s, run by that group', { mode: 0o100450, uid: 0, gid: 7 }, false],
    ['root’s, read by all', { mode: 0o100444, uid: 0, gid: 7 }, false],
  ])('that is %s is taken or refused: %o', (_, file, isTaken) => {
    expect(isKeptSecret(file, [7, 9])).toBe(isTaken);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'is taken as a Kubernetes Secret mounts it: a link to a file of root’s that the group reads (needs root)',
    async () => {
      const [data, linked] = [join(folder, '..data'), join(folder, 'serving.key')];
      mkdirSync(data);
      await writePrincipalKey(join(data, 'serving.key'), key);
      symlinkSync('..data/serving.key', linked);
      for (const mode of [0o440, 0o640]) {
        chmodSync(join(data, 'serving.key'), mode);
        expect(await readPrincipalKey(linked)).toEqual(key);
      }
      chownSync(join(data, 'serving.key'), 0, 4242);
      await expect(readPrincipalKey(linked)).rejects.toThrow(refusal('not_permitted'));
    },
  );

  test('is refused where it is missing, cut, too large, or says more than it should', async () => {
    await expect(readPrincipalKey(path)).rejects.toThrow(refusal('not_found'));
    await writePrincipalKey(path, key);
    const text = readFileSync(path, 'utf8');
    for (let length = 0; length < text.length; length++) {
      writeFileSync(path, text.slice(0, length));
      await expect(readPrincipalKey(path)).rejects.toThrow(refusal('malformed'));
    }
    writeFileSync(path, text.replace('{', '{"a":1,'));
    await expect(readPrincipalKey(path)).rejects.toThrow(refusal('malformed'));
    writeFileSync(path, ` ${text}`);
    await expect(readPrincipalKey(path)).rejects.toThrow(refusal('not_canonical'));
    writeFileSync(path, ' '.repeat(5000));
    await expect(readPrincipalKey(path)).rejects.toThrow(refusal('too_large'));
  });

  test('is refused where it is the public half, whatever its mode, with the name of the secret half', async () => {
    const record = principalRecordOf(key, { owner: '', ownerName: 'carol', models: ['acme/*'] });
    const { owner: _, ...invitation } = record;
    path = join(folder, 'serving.key.json');
    for (const mode of [0o644, 0o600]) {
      writeFileSync(path, `${JSON.stringify(invitation)}\n`);
      chmodSync(path, mode);
      await expect(readPrincipalKey(path)).rejects.toThrow(
        expect.objectContaining({
          code: 'malformed',
          message: `${path} is the public half of a key, which custodians enrol: give ${join(folder, 'serving.key')}`,
        }),
      );
    }
  });

  test('is named where it is not in canonical form', async () => {
    writeFileSync(path, ' {}', { mode: 0o600 });
    for (const read of [readPrincipalKey, readPendingRelease, readOrMakeSimulatedChip]) {
      await expect(read(path)).rejects.toThrow(
        expect.objectContaining({ code: 'not_canonical', message: expect.stringContaining(`${path}: `) }),
      );
    }
  });

  test('of a pending release comes back as it was', async () => {
    const pending: PendingRelease = {
      vault: 'ab'.repeat(32),
      release: 'cd'.repeat(32),
      model: 'acme/ocr',
      version: '1',
      created: 3,
      expires: 5,
      hosts: [{ host: 0, kemSeed: platformRandom(32), receiptSeed: platformRandom(32), evidence: 'ef'.repeat(32) }],
    };
    await writePendingRelease(path, pending);
    expect(await readPendingRelease(path)).toEqual(pending);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('of a checkpoint is never replaced by that of a shorter log', async () => {
    const memory = checkpointFiles(folder);
    const [a, b] = ['ab'.repeat(32), 'cd'.repeat(32)];
    await memory.put(a, { size: 9, root: b });
    await memory.put(a, { size: 8, root: a });
    expect(await memory.get(a)).toEqual({ size: 9, root: b });
  });

  test('of a checkpoint is replaced by the next, and leaves nothing beside it', async () => {
    const below = join(folder, 'checkpoints');
    const memory = checkpointFiles(below);
    const [a, b] = ['ab'.repeat(32), 'cd'.repeat(32)];
    expect(await memory.get(a)).toBeNull();
    await memory.put(a, { size: 1, root: b });
    await memory.put(a, { size: 2, root: a });
    expect(await memory.get(a)).toEqual({ size: 2, root: a });
    expect(await memory.get(b)).toBeNull();
    expect(readdirSync(below)).toEqual([`${a}.json`]);
    expect(existsSync(join(folder, 'checkpoints', `${b}.json`))).toBe(false);
  });
});
