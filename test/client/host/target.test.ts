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
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Api } from '../../../client/api/api.ts';
import { fetchRelease } from '../../../client/host/fetch.ts';
import { MOUNTINFO } from '../../../client/host/mounts.ts';
import type { PendingRelease } from '../../../client/host/pending-release.ts';
import { requireRoomFor, requireTargetRoom } from '../../../client/host/room.ts';
import { IMPATIENT, passOn, verify } from '../../world/client.ts';
import { NODE } from '../../world/daemon-process.ts';
import { approveBy, depositFolder, publish, requestAs } from '../../world/vault/acts.ts';
import { modelFolder, patterned, temporary } from '../../world/vault/model.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const MIB = 1 << 20;
const SEGMENT_BYTES = 1_048_608;
/** Seven segments. */
const LARGE = patterned(6 * MIB + 1234);
const WHOLE = ['large.bin', 'small.txt'];
const ALL = [...WHOLE, 'sub'];

let vault: Vault;
let pending: PendingRelease;
let api: Api;
const folders: string[] = [];
beforeAll(async () => {
  vault = await openVault({ owner: 'cleo' });
  await depositFolder(vault, {
    folder: modelFolder({ 'large.bin': LARGE, 'small.txt': patterned(10), 'sub/b': patterned(5) }),
  });
  await publish(vault);
  pending = await requestAs(vault, { bytes: 1_000_000_000n });
  await approveBy(pending.release, vault.ana, vault.ben);
  ({ api } = vault.requester);
}, 60_000);
afterEach(() => {
  vault.meddle = passOn;
});
afterAll(async () => {
  await vault.close();
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
  vault.meddle = async ({ url }, next) => {
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
  vault.meddle = async ({ url }, next) => {
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
  vault.meddle = passOn;
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
    expect(readdirSync(folder).sort()).toEqual(ALL);
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
    expect(readdirSync(folder).sort()).toEqual(ALL);
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
    const meddled = vault.meddle;
    vault.meddle = (request, next) => {
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
    const tight = await requestAs(vault, { bytes });
    await approveBy(tight.release, vault.ana, vault.ben);
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

test('leaves that came wrong are fetched once more', async () => {
  const folder = fresh();
  let asked = 0;
  vault.meddle = async ({ url }, next) => {
    const answer = await next();
    if (!url.endsWith('/1/leaves') || ++asked > 1) return answer;
    return new Response(new Uint8Array(await answer.arrayBuffer()).fill(1, 40, 41), answer);
  };
  await fetchTo(folder);
  expect([asked, large(folder).equals(LARGE)]).toEqual([2, true]);
});

describe('who may read it', () => {
  const access = { fileMode: 0o640, folderMode: 0o750, gid: process.getgid?.() ?? null };
  const modeOf = (path: string) => statSync(path).mode & 0o7777;

  test('a mode and a group are those of files and of folders that are made, and of files that are in place', async () => {
    const above = fresh();
    chmodSync(above, 0o700);
    const folder = join(above, 'made');
    const opened = () => fetchRelease({ api, pending, host: 0, folder, verify, retry: IMPATIENT, access });
    const modes = () => [above, folder, ...ALL.map((name) => join(folder, name))].map(modeOf);
    await opened();
    expect(modes()).toEqual([0o700, 0o750, 0o640, 0o640, 0o750]);
    chmodSync(join(folder, 'large.bin'), 0o600);
    await opened();
    expect(modes()).toEqual([0o700, 0o750, 0o640, 0o640, 0o750]);
    expect(statSync(join(folder, 'small.txt')).gid).toBe(access.gid);
  });

  test('folders that are made are their owner’s alone unless a mode is asked for: names are no one else’s to read', async () => {
    const before = process.umask(0o022);
    onTestFinished(() => void process.umask(before));
    const folder = join(fresh(), 'made/deeper');
    await fetchTo(folder);
    const modes = [folder, join(folder, '..'), ...ALL.map((name) => join(folder, name))].map(modeOf);
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600, 0o700]);
  });

  test('a group that this user is not in is refused before anything is fetched', async () => {
    const folder = fresh();
    chmodSync(folder, 0o777);
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const args = [join(import.meta.dirname, 'hold-folder.ts'), folder, '4711'];
    const holder = spawn(NODE, args, { stdio: ['ignore', 'pipe', 'inherit'], ...user });
    onTestFinished(() => void holder.kill('SIGKILL'));
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    expect(said.toString()).toMatch(/^not_permitted this user is not in the group 4711, /);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('room', () => {
  test('a version that has no room is not asked for, and the numbers are told', async () => {
    const folder = fresh();
    vault.meddle = async ({ url }, next) => {
      const answer = await next();
      if (!url.endsWith('/v1/status')) return answer;
      const status = (await answer.json()) as { versions: { bytes: string }[] };
      return Response.json({ ...status, versions: status.versions.map((v) => ({ ...v, bytes: String(2n ** 60n) })) });
    };
    const { entries } = await api.status();
    // Where it is to be made, too.
    for (const path of [folder, join(folder, 'a/b')]) {
      await expect(requestAs(vault, {}, 1, path)).rejects.toThrow(
        expect.objectContaining({
          code: 'storage_full',
          message: expect.stringMatching(/: expected 1024\.0 PiB \([\d,]+ bytes\) free, got .*: make room there, or /),
          detail: { neededBytes: 2 ** 60, freeBytes: expect.any(Number) },
        }),
      );
    }
    expect((await api.status()).entries).toBe(entries);
  });

  test('a folder that a fetch would refuse for a link on the way to it is not asked for', async () => {
    const above = fresh();
    mkdirSync(join(above, 'models'));
    symlinkSync('models', join(above, 'link'));
    chmodSync(above, 0o777);
    const { entries } = await api.status();
    await expect(requestAs(vault, {}, 1, join(above, 'link', 'new'))).rejects.toThrow(refusal('not_permitted'));
    expect((await api.status()).entries).toBe(entries);
  });

  // Below / there is a mount, /proc, wherever mounts are told at all.
  test.skipIf(!existsSync(MOUNTINFO))(
    'a folder below which another file system is mounted is not asked for',
    async () => {
      const { entries } = await api.status();
      await expect(requestAs(vault, {}, 1, '/')).rejects.toThrow(
        expect.objectContaining({
          code: 'not_permitted',
          message: expect.stringContaining('/: another file system is mounted below it, at /'),
        }),
      );
      expect((await api.status()).entries).toBe(entries);
    },
  );

  test('what is there already, in place or aside, needs none', async () => {
    const folder = fresh();
    writeFileSync(join(folder, 'part'), new Uint8Array(5 * MIB));
    writeFileSync(join(folder, 'place'), new Uint8Array(3 * MIB));
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const missing = (plainBytes: number, part = 'none') => {
      return { plainBytes, part: join(folder, part), place: join(folder, 'place') };
    };
    const far = 1 << 30;
    await expect(requireTargetRoom(folder, [missing(free + far)])).rejects.toThrow(refusal('storage_full'));
    // The file that is replaced goes before the next one comes.
    await expect(requireTargetRoom(folder, [missing(MIB), missing(free + far)])).rejects.toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ neededBytes: free + far - 2 * MIB }) }),
    );
    await expect(requireTargetRoom(folder, [missing(free + far, 'part')])).rejects.toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ neededBytes: free + far - 5 * MIB }) }),
    );
    await requireTargetRoom(folder, [missing(MIB)]);
    await expect(requireRoomFor(folder, free + far)).rejects.toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ neededBytes: free + far - 8 * MIB }) }),
    );
  });

  test('the budget of a request covers all of it twice, as far as policy allows', async () => {
    const { release } = await requestAs(vault);
    const { versions } = await api.status();
    const statement = (await api.proposal(release)).statement as { bytes: string };
    const whole = BigInt(versions[0]?.bytes ?? 0);
    expect(BigInt(statement.bytes)).toBe(2n * whole + whole / 8n + (4n << 20n));
  });
});
