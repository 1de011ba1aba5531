import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Api } from '../../../client/api/api.ts';
import type { DepositOptions } from '../../../client/depositor/deposit.ts';
import { Unfinished } from '../../../client/depositor/unfinished.ts';
import { fetchRelease } from '../../../client/host/fetch.ts';
import type { PendingRelease } from '../../../client/host/pending-release.ts';
import { TargetFolder } from '../../../client/host/target.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import { IMPATIENT, PATIENT, passOn, verify } from '../../world/client.ts';
import { approveBy, depositFolder, publish, requestAs } from '../../world/vault/acts.ts';
import { modelFolder, patterned, temporary } from '../../world/vault/model.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const refusal = (code: string) => expect.objectContaining({ code });
const MIB = 1 << 20;
const COUNT = 300;
/** Of 0 bytes and more, each another; in folders; the last is as long as a small file can be, and one is longer. */
const FILES: Record<string, Uint8Array> = {};
for (let i = 0; i < COUNT - 1; i++) FILES[`f${i % 3}/${String(i).padStart(3, '0')}`] = patterned(i * 10);
FILES['f1/large'] = patterned(MIB + 1);
FILES['z'] = patterned(MIB);
const PATHS = Object.keys(FILES).sort();
/** In the manifest: file 0 is the inner one. */
const numberOf = (path: string) => 1 + PATHS.indexOf(path);

let vault: Vault;
let asked: string[];
const folders: string[] = [];
const fresh = () => {
  const folder = temporary();
  folders.push(folder);
  return folder;
};

beforeAll(async () => {
  vault = await openVault({ owner: 'cleo' });
});
afterAll(async () => {
  await vault.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
  listen();
});
afterEach(() => {
  vi.restoreAllMocks();
  vault.meddle = passOn;
});

type Meddle = (path: string, next: () => Promise<Response>, range: string | null) => Promise<Response>;

function listen(meddle: Meddle = (_, next) => next()): void {
  vault.meddle = async ({ method, url, headers }, next) => {
    const path = new URL(url).pathname.replaceAll(/[0-9a-f]{32,64}/g, 'ID');
    asked.push(`${method} ${path}`);
    return meddle(path, next, headers.get('range'));
  };
}

const count = (question: string) => asked.filter((each) => each === question).length;

function unreachable(): never {
  throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
}

function expectFiles(folder: string, files = FILES): void {
  for (const [path, bytes] of Object.entries(files)) {
    expect(readFileSync(join(folder, path)).equals(bytes), path).toBe(true);
  }
}

describe('many small files', () => {
  let pending: PendingRelease;
  let api: Api;
  const fetchTo = (folder: string, retry = IMPATIENT) => fetchRelease({ api, pending, host: 0, folder, verify, retry });

  beforeAll(async () => {
    const folder = modelFolder(FILES);
    folders.push(folder);
    const keep = vi.spyOn(Unfinished.prototype, 'keep');
    asked = [];
    listen();
    const { files } = await depositFolder(vault, { folder, stateDir: fresh() });
    expect(files).toBe(COUNT + 1);
    // All small files; the large one; the inner manifest.
    expect(asked.filter((each) => each.startsWith('PUT'))).toEqual(
      [numberOf('f0/000'), numberOf('f1/large'), 0].map((file) => `PUT /v1/uploads/ID/files/${file}`),
    );
    expect(keep).toHaveBeenCalledTimes(3);
    await publish(vault);
    pending = await requestAs(vault, { bytes: 1_000_000_000n });
    await approveBy(pending.release, vault.ana, vault.ben);
    ({ api } = vault.requester);
  });

  test('whose deposit is interrupted are not all encrypted before that is heard', async () => {
    const folder = modelFolder(FILES);
    folders.push(folder);
    const interruption = new AbortController();
    let encrypted = 0;
    const onProgress = () => {
      encrypted++;
      setImmediate(() => interruption.abort());
    };
    const interrupted = depositFolder(vault, { folder, version: 'i', signal: interruption.signal, onProgress });
    await expect(interrupted).rejects.toThrow(refusal('cancelled'));
    expect(encrypted).toBeLessThan(COUNT - 1);
  });

  test('are deposited in one part, and fetched with one request', async () => {
    const folder = fresh();
    const { receivedBytes } = await fetchTo(folder);
    expectFiles(folder);
    expect(readdirSync(folder)).toEqual(['f0', 'f1', 'f2', 'z']);
    expect(count('GET /v1/weights/ID/pack')).toBe(1);
    // Leaves and ciphertext of the large file and of the inner manifest.
    expect(asked.filter((each) => each.startsWith('GET /v1/weights/'))).toHaveLength(5);
    const small = Object.values(FILES).reduce((sum, { length }) => sum + (length > MIB ? 0 : length + 32), 0);
    expect(receivedBytes).toBeGreaterThan(small + MIB);
    expect(receivedBytes).toBeLessThan(small + MIB + 100_000);
    expect(statSync(join(folder, 'z')).mode & 0o777).toBe(0o600);
  });

  test('of which some are there: the others come in the runs that they are, and none that is there', async () => {
    const folder = fresh();
    await fetchTo(folder);
    rmSync(join(folder, 'f0/000'));
    rmSync(join(folder, 'f0/003'));
    writeFileSync(join(folder, 'f2/101'), 'altered');
    asked = [];
    const { receivedBytes } = await fetchTo(folder);
    expectFiles(folder);
    expect(count('GET /v1/weights/ID/pack')).toBe(2);
    expect(receivedBytes).toBeLessThan(100_000);
  });

  test('come once each where the connection breaks in the middle of one, and are whole or not there', async () => {
    const folder = fresh();
    const ranges: string[] = [];
    let left = 100_000;
    const cut: Meddle = async (path, next, range) => {
      const answer = await next();
      if (!path.endsWith('/pack')) return answer;
      ranges.push(range ?? '');
      const transform = (chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>) => {
        controller.enqueue(chunk.subarray(0, left));
        left -= Math.min(left, chunk.length);
        if (left === 0) controller.error(new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } }));
      };
      return new Response(answer.body?.pipeThrough(new TransformStream({ transform })) ?? null, answer);
    };
    listen(cut);
    await expect(fetchTo(folder)).rejects.toThrow(refusal('unavailable'));
    const there = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path in FILES);
    for (const path of there) expect(readFileSync(join(folder, path)).equals(FILES[path] as Uint8Array)).toBe(true);
    left = 100_000;
    listen(async (path, next, range) => {
      if (ranges.length === 1) left = Number.POSITIVE_INFINITY;
      return cut(path, next, range);
    });
    ranges.length = 0;
    await fetchTo(folder, PATIENT);
    expectFiles(folder);
    expect(ranges).toHaveLength(2);
    expect(new Set(ranges).size).toBe(2);
  });

  /** Changes a byte of a file in the pack, and where it is fetched by itself if `isTwice`. */
  const tamper = (path: string, isTwice: boolean) => {
    const before = PATHS.slice(0, PATHS.indexOf(path)).map((each) => FILES[each]?.length ?? 0);
    const offset = before.reduce((sum, length) => sum + (length > MIB ? 0 : length + 32), 0);
    listen(async (where, next) => {
      const answer = await next();
      const isAlone = where.endsWith(`/${numberOf(path)}`);
      if (!where.endsWith('/pack') && !(isTwice && isAlone)) return answer;
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const at = (isAlone ? 0 : offset) + 20;
      bytes[at] = 1 ^ (bytes[at] ?? 0);
      return new Response(bytes, { status: answer.status, headers: answer.headers });
    });
  };

  test('of which one came wrong: it is fetched once more, by itself', async () => {
    const folder = fresh();
    tamper('f1/100', false);
    await fetchTo(folder);
    expectFiles(folder);
    expect(count(`GET /v1/weights/ID/${numberOf('f1/100')}`)).toBe(1);
  });

  test('of which one is wrong again are refused by its name, and nothing of it is let out', async () => {
    const folder = fresh();
    tamper('f1/100', true);
    await expect(fetchTo(folder)).rejects.toThrow(
      expect.objectContaining({
        code: 'digest_mismatch',
        detail: { file: numberOf('f1/100'), segment: 0 },
        message: expect.stringMatching(/^f1\/100: segment 0: .*, fetched twice: /),
      }),
    );
    expect(readdirSync(join(folder, 'f1'))).not.toContain('100');
  });

  test('lie nowhere but in the folder, whatever lies in their place', async () => {
    const [folder, elsewhere] = [fresh(), fresh()];
    symlinkSync(elsewhere, join(folder, 'f1'));
    await expect(fetchTo(folder)).rejects.toThrow(refusal('not_permitted'));
    expect(readdirSync(elsewhere)).toEqual([]);
    rmSync(join(folder, 'f1'));
    writeFileSync(join(elsewhere, 'precious'), 'precious');
    mkdirSync(join(folder, 'f0'), { recursive: true });
    rmSync(join(folder, 'f0/003'), { force: true });
    symlinkSync(join(elsewhere, 'precious'), join(folder, 'f0/003'));
    await fetchTo(folder);
    expectFiles(folder);
    expect(readFileSync(join(elsewhere, 'precious'), 'utf8')).toBe('precious');
  });
});

describe('a small file that is written', () => {
  const target = (path: string, plaintext: Uint8Array, part: string) => {
    return { target: { path, sha256: digestOf(plaintext), plainBytes: plaintext.length, part }, plaintext };
  };

  test('replaces what an earlier run left aside, is given what was asked for, and stays aside where it reads back wrong', async () => {
    const folder = fresh();
    const access = { fileMode: 0o640, folderMode: 0o750, gid: null };
    const held = await TargetFolder.open(folder, 'a test', access);
    const work = join(folder, '.twinlock-part');
    mkdirSync(join(work, 'p1'));
    writeFileSync(join(work, 'p2'), 'left by an earlier run, and longer than the file');
    const files = [target('a/one', patterned(5), 'p1'), target('two', patterned(7), 'p2')];
    const wrong = { ...target('a/three', patterned(9), 'p3'), plaintext: patterned(8) };
    expect(await held.writeSmall([...files, wrong])).toEqual(files);
    expect(readFileSync(join(folder, 'a/one')).equals(patterned(5))).toBe(true);
    expect(readFileSync(join(folder, 'two')).equals(patterned(7))).toBe(true);
    expect(statSync(join(folder, 'two')).mode & 0o777).toBe(0o640);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o750);
    expect(readdirSync(join(folder, 'a'))).toEqual(['one']);
    expect(readdirSync(work)).toContain('p3');
    await held.removeParts();
    await held.close();
  });

  test('is named where its place is taken, and the others of its batch are not half there', async () => {
    const folder = fresh();
    mkdirSync(join(folder, 'two'));
    const held = await TargetFolder.open(folder, 'a test');
    const files = [target('one', patterned(5), 'p1'), target('two', patterned(7), 'p2')];
    await expect(held.writeSmall(files)).rejects.toThrow(/^two: /);
    expect(readFileSync(join(folder, 'one')).equals(patterned(5))).toBe(true);
    await held.removeParts();
    await held.close();
  });
});

describe('a deposit of small files whose process was killed', () => {
  const few = { a: patterned(10), b: patterned(20), c: patterned(30), d: patterned(40) };
  let version = 0;

  async function killedAfterTheFirstPart(): Promise<(options?: Partial<DepositOptions>) => Promise<string>> {
    const [folder, stateDir] = [modelFolder(few), fresh()];
    folders.push(folder);
    const named = { folder, stateDir, version: `k${version++}` };
    listen(async (path, next) => (path.endsWith('/files/0') ? unreachable() : next()));
    await expect(depositFolder(vault, { ...named, retry: IMPATIENT })).rejects.toThrow(refusal('unavailable'));
    return async (options = {}) => {
      asked = [];
      listen();
      await depositFolder(vault, { ...named, ...options });
      return folder;
    };
  }

  async function expectFetched(files: Record<string, Uint8Array>): Promise<void> {
    const named = `k${version - 1}`;
    await publish(vault, { version: named });
    const pending = await requestAs(vault, { version: named });
    await approveBy(pending.release, vault.ana, vault.ben);
    const { api } = vault.requester;
    const to = fresh();
    await fetchRelease({ api, pending, host: 0, folder: to, verify, retry: IMPATIENT });
    expectFiles(to, files);
  }

  test('goes on: what the vault has is not sent again', async () => {
    const again = await killedAfterTheFirstPart();
    await again();
    expect(asked.filter((each) => each.startsWith('PUT'))).toEqual(['PUT /v1/uploads/ID/files/0']);
    await expectFetched(few);
  });

  test('sends those again that have changed, and those alone', async () => {
    const again = await killedAfterTheFirstPart();
    const changed = { ...few, b: patterned(20).fill(7), d: patterned(40).fill(7) };
    const notes: string[] = [];
    const folder = folders.at(-1) as string;
    for (const [path, bytes] of Object.entries(changed)) writeFileSync(join(folder, path), bytes);
    await again({ onNote: (line) => notes.push(line) });
    expect(asked.filter((each) => each.startsWith('PUT'))).toEqual(
      [2, 4, 0].map((file) => `PUT /v1/uploads/ID/files/${file}`),
    );
    expect(notes.filter((line) => line.startsWith('changed'))).toHaveLength(2);
    await expectFetched(changed);
  });

  test('sends those again too that lie elsewhere once one has another size, also where it is small no more', async () => {
    for (const bytes of [21, MIB + 5]) {
      const again = await killedAfterTheFirstPart();
      const changed = { ...few, b: patterned(bytes) };
      writeFileSync(join(folders.at(-1) as string, 'b'), changed.b);
      await again();
      await expectFetched(changed);
    }
  });
});
