import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { fetchRelease } from '../../../client/host/fetch.ts';
import type { PendingRelease } from '../../../client/host/pending-release.ts';
import { NODE } from '../../daemon-process.ts';
import { approveBy, depositModel, modelFolder, patterned, publishModel, requestModel, temporary } from '../story.ts';
import { type Founded, found, IMPATIENT, sessionOf, verify } from '../vault.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const MIB = 1 << 20;
const SEGMENT_BYTES = 1_048_608;
/** Seven segments. */
const LARGE = patterned(6 * MIB + 1234);
const WHOLE = ['large.bin', 'small.txt'];

let founded: Founded;
let pending: PendingRelease;
let api: Awaited<ReturnType<typeof sessionOf>>['api'];
const folders: string[] = [];
beforeAll(async () => {
  founded = await found();
  await depositModel(founded, { folder: await modelFolder({ 'large.bin': LARGE, 'small.txt': patterned(10) }) });
  await publishModel(founded);
  pending = await requestModel(founded, { bytes: 1_000_000_000n });
  await approveBy(founded, pending.release, 'ana', 'ben');
  ({ api } = await sessionOf(founded, 'requester'));
}, 60_000);
afterEach(() => {
  founded.vault.meddle = (_, next) => next();
});
afterAll(async () => {
  await founded?.vault.destroy();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function fresh(): string {
  const folder = temporary();
  folders.push(folder);
  return folder;
}

const fetchTo = (folder: string) => fetchRelease({ api, pending, host: 0, folder, verify, retry: IMPATIENT });
const isLarge = (url: string) => /\/v1\/weights\/[0-9a-f]+\/1$/.test(new URL(url).pathname);
const large = (folder: string) => readFileSync(join(folder, 'large.bin'));

/** Calls `act` when so much of the large file has come, once. */
function during(bytes: number, act: () => Promise<void> | void): void {
  let passed = 0;
  let isDone = false;
  founded.vault.meddle = async ({ url }, next) => {
    const answer = await next();
    if (!isLarge(url) || isDone) return answer;
    const transform = async (chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>) => {
      passed += chunk.length;
      controller.enqueue(chunk);
      if (passed < bytes || isDone) return;
      isDone = true;
      await act();
    };
    return new Response(answer.body?.pipeThrough(new TransformStream({ transform })) ?? null, answer);
  };
}

function scribble(path: string, at: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, new Uint8Array([1, 2, 3]), 0, 3, at);
  closeSync(file);
}

/** What a run that broke off has left of the large file: six segments, not yet in place. */
async function brokenOff(folder: string, fetch = fetchTo): Promise<string> {
  let left = 6 * SEGMENT_BYTES;
  founded.vault.meddle = async ({ url }, next) => {
    const answer = await next();
    if (!isLarge(url)) return answer;
    const transform = (chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>) => {
      controller.enqueue(chunk.subarray(0, left));
      left -= Math.min(left, chunk.length);
      if (left === 0) controller.error(new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } }));
    };
    return new Response(answer.body?.pipeThrough(new TransformStream({ transform })) ?? null, answer);
  };
  await expect(fetch(folder)).rejects.toThrow(refusal('unavailable'));
  founded.vault.meddle = (_, next) => next();
  const work = join(folder, '.twinlock-part');
  const [part = ''] = readdirSync(work);
  return join(work, part);
}

describe('one process a folder', () => {
  test('a second fetch into a folder is refused, and told who is there; the first one is right', async () => {
    const folder = fresh();
    let second: unknown = null;
    during(3 * MIB, async () => {
      second = await fetchTo(folder).catch((error: unknown) => error);
    });
    await fetchTo(folder);
    expect(second).toMatchObject({
      code: 'in_use',
      group: 'retry',
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}, since 20`),
      detail: { pid: process.pid, what: 'fetching acme/ocr@1' },
    });
    expect(large(folder).equals(LARGE)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(WHOLE);
  });

  test('of another process, which is named, until it is killed; then what it left does not matter', async () => {
    const folder = fresh();
    const holder = spawn(NODE, [join(import.meta.dirname, 'hold-folder.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    await expect(fetchTo(folder)).rejects.toThrow(
      expect.objectContaining({
        code: 'in_use',
        message: expect.stringMatching(/process \d+ on .*, since 20.*, fetching acme\/other@2\)/),
        detail: expect.objectContaining({ pid: holder.pid }),
      }),
    );
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(existsSync(join(folder, '.twinlock-part/lock'))).toBe(true);
    await fetchTo(folder);
    expect(readdirSync(folder).sort()).toEqual(WHOLE);
  });

  test('nothing is written where others could change it, or through a link', async () => {
    const [shared, linked] = [fresh(), fresh()];
    mkdirSync(join(shared, '.twinlock-part'));
    chmodSync(join(shared, '.twinlock-part'), 0o777);
    await expect(fetchTo(shared)).rejects.toThrow(refusal('not_permitted'));
    const elsewhere = fresh();
    symlinkSync(elsewhere, join(linked, '.twinlock-part'));
    await expect(fetchTo(linked)).rejects.toThrow(refusal('not_permitted'));
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test('a part that has a second name, or is a link, is not taken', async () => {
    const folder = fresh();
    const part = await brokenOff(folder);
    const elsewhere = join(fresh(), 'elsewhere');
    linkSync(part, elsewhere);
    const before = statSync(elsewhere).mtimeMs;
    await fetchTo(folder);
    expect(statSync(elsewhere)).toMatchObject({ mtimeMs: before, nlink: 1 });
    expect(large(folder).equals(LARGE)).toBe(true);
  });
});

describe('what is renamed into place has been read back', () => {
  test('a segment that is changed on the disk meanwhile is fetched again, by itself', async () => {
    const folder = fresh();
    const ranges: string[] = [];
    during(5 * MIB, () => {
      const work = join(folder, '.twinlock-part');
      const part = join(work, readdirSync(work).find((name) => name.endsWith('-1')) ?? '');
      scribble(part, 2 * MIB + 5);
    });
    const meddled = founded.vault.meddle;
    founded.vault.meddle = (request, next) => {
      if (isLarge(request.url)) ranges.push(request.headers.get('range') ?? '');
      return meddled(request, next);
    };
    await fetchTo(folder);
    expect(large(folder).equals(LARGE)).toBe(true);
    expect(ranges).toHaveLength(2);
    expect(ranges[1]).toBe(`bytes=${74 + 2 * SEGMENT_BYTES}-${74 + 3 * SEGMENT_BYTES - 1}`);
  });

  test('one that is cut short meanwhile is no file with a hole', async () => {
    const folder = fresh();
    during(5 * MIB, () => {
      const work = join(folder, '.twinlock-part');
      truncateSync(join(work, readdirSync(work).find((name) => name.endsWith('-1')) ?? ''), 2 * MIB);
    });
    await fetchTo(folder);
    expect(large(folder).equals(LARGE)).toBe(true);
  });
});

describe('what a broken run has left', () => {
  test('a damaged segment of it is fetched, and little more: the budget of one fetch, and of that segment, is enough', async () => {
    const folder = fresh();
    const { versions } = await api.status();
    const bytes = BigInt(versions[0]?.bytes ?? 0) + BigInt(SEGMENT_BYTES + 4096);
    const tight = await requestModel(founded, { bytes });
    await approveBy(founded, tight.release, 'ana', 'ben');
    const fetchTight = () => fetchRelease({ api, pending: tight, host: 0, folder, verify, retry: IMPATIENT });
    const part = await brokenOff(folder, fetchTight);
    scribble(part, 4 * MIB + 77);
    const { receivedBytes } = await fetchTight();
    expect(large(folder).equals(LARGE)).toBe(true);
    expect(receivedBytes).toBeLessThan(2 * SEGMENT_BYTES + 4096);
    await expect(
      fetchRelease({ api, pending: tight, host: 0, folder: fresh(), verify, retry: IMPATIENT }),
    ).rejects.toThrow(refusal('budget_exceeded'));
  });

  test('whole, and not yet in place, it is not fetched at all', async () => {
    const folder = fresh();
    const part = await brokenOff(folder);
    writeFileSync(part, LARGE);
    expect((await fetchTo(folder)).receivedBytes).toBeLessThan(4096);
    expect(large(folder).equals(LARGE)).toBe(true);
  });

  test('something else of its length is fetched anew, once', async () => {
    const folder = fresh();
    const part = await brokenOff(folder);
    writeFileSync(part, new Uint8Array(LARGE.length));
    await fetchTo(folder);
    expect(large(folder).equals(LARGE)).toBe(true);
  });
});
