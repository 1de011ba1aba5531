import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { DEFAULT_RETRY } from '../../client/api/retry.ts';
import { HOST_CLOCK, Lease } from '../../client/host/clock.ts';
import { openSource } from '../../client/host/segments.ts';
import { fromHex, type Hex, toBase64url } from '../../src/core/bytes.ts';
import { digestOf } from '../../src/core/canonical.ts';
import { encryptedBytes } from '../../src/core/weights/floe.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import { HOUR_MS } from '../world/founding.ts';
import {
  approveAs,
  denyAs,
  depositFiles,
  openAs,
  phaseOf,
  proposeAs,
  publish,
  releaseAs,
  requestAs,
  stopAs,
} from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ask, expectRefused } from './ask.ts';
import { DIGEST } from './routes.ts';

const MIB = 1 << 20;
const MODEL = new Uint8Array(24 * MIB).fill(9);
const TOTAL = encryptedBytes(MODEL.length);
/** What a socket and its buffers take before the vault waits for the reader. */
const BUFFERED = 16 * MIB;

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 });

let vault: Vault;
let manifest: Hex;
let path: string;

beforeAll(async () => {
  vault = await openVault();
  manifest = await depositFiles(vault, { 'model.bin': MODEL });
  await publish(vault);
  path = `/v1/weights/${manifest}/1`;
});
afterAll(async () => {
  expect(vault.failures).toEqual([]);
  await vault.close();
});
afterEach(() => {
  vi.useRealTimers();
});

const sleepTo = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
const closed = (code: string) => expect.objectContaining({ code });
const hostToken = async (release: Awaited<ReturnType<typeof releaseAs>>) => (await openAs(vault, release)).token;
const get = (token: string, range?: string, where = path) => ({
  path: where,
  token,
  headers: range === undefined ? {} : { range },
});

describe('ranges', () => {
  let token: string;
  beforeAll(async () => {
    token = await hostToken(await releaseAs(vault));
  });

  test('a file is served whole, and in parts that are the same', async () => {
    const whole = await ask(vault.baseUrl, get(token));
    expect(whole).toMatchObject({
      status: 200,
      headers: { 'content-length': String(TOTAL), 'accept-ranges': 'bytes' },
    });
    expect(whole.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=74-1048681', 74, 1_048_682],
      [`bytes=${TOTAL - 1}-`, TOTAL - 1, TOTAL],
      [`bytes=${TOTAL - 10}-${TOTAL + 10}`, TOTAL - 10, TOTAL],
      [`bytes=${TOTAL - 10}-9999999999999999`, TOTAL - 10, TOTAL],
    ] as const) {
      const part = await ask(vault.baseUrl, get(token, range));
      expect(part.status).toBe(206);
      expect(part.headers['content-range']).toBe(`bytes ${start}-${end - 1}/${TOTAL}`);
      expect(Buffer.compare(part.body, whole.body.subarray(start, end))).toBe(0);
    }
  });

  test('the platform warns of no leak while a file is served', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    for (const [where, range, status] of [
      [path, 'bytes=0-2097151', 206],
      [`${path}/leaves`, undefined, 200],
    ] as const) {
      expect((await ask(vault.baseUrl, get(token, range, where))).status).toBe(status);
    }
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test.each([`bytes=${TOTAL}-`, `bytes=${TOTAL}-${TOTAL + 1}`, 'bytes=5-4', 'bytes=9999999999999999-'])(
    '%s is past the end',
    async (range) => {
      await expectRefused(vault, get(token, range), 416, 'range_not_satisfiable', /within \d+ bytes/);
      const { headers } = await ask(vault.baseUrl, get(token, range));
      expect(headers['content-range']).toBe(`bytes */${TOTAL}`);
    },
  );

  test.each(['bytes=-5', 'bytes=0-1,3-4', 'items=0-1', 'bytes=a-b', 'bytes=01-2', 'bytes= 0-1', '0-1'])(
    '%s is no range that is served',
    async (range) => {
      await expectRefused(vault, get(token, range), 400, 'malformed', /bytes=FIRST-LAST/);
    },
  );

  test('a file that the version does not have is refused', async () => {
    await expectRefused(vault, get(token, undefined, `/v1/weights/${manifest}/2`), 404, 'not_found', /no file 2/);
    await expectRefused(vault, get(token, undefined, `/v1/weights/${manifest}/2/leaves`), 404, 'not_found');
  });

  test('the token of another version is refused', async () => {
    const other = await depositFiles(vault, { 'a.bin': MODEL.subarray(0, 10) }, { version: '2' });
    await expectRefused(
      vault,
      get(token, undefined, `/v1/weights/${other}/1`),
      403,
      'not_permitted',
      /another version/,
    );
    await expectRefused(vault, get(token, undefined, `/v1/weights/${other}/1/leaves`), 403, 'not_permitted');
    await expectRefused(vault, get(token, undefined, `/v1/weights/${DIGEST}/1`), 403, 'not_permitted');
  });

  test('leaves are 32 bytes a segment', async () => {
    const leaves = await ask(vault.baseUrl, get(token, undefined, `${path}/leaves`));
    expect({ status: leaves.status, bytes: leaves.body.length }).toEqual({ status: 200, bytes: 24 * 32 });
  });
});

describe('small files', () => {
  const SMALL = { a: new Uint8Array(10).fill(1), b: new Uint8Array(0), c: new Uint8Array(1000).fill(3) };
  const PACK_BYTES = 42 + 32 + 1032;
  let small: Hex;
  let token: string;
  const packPath = () => `/v1/weights/${small}/pack`;
  const bytesOf = async (where: string, range?: string) => {
    const { status, body } = await ask(vault.baseUrl, get(token, range, where));
    return { status, body };
  };

  beforeAll(async () => {
    small = await depositFiles(vault, SMALL, { version: 'small' });
    await publish(vault, { version: 'small' });
    token = await hostToken(await releaseAs(vault, { version: 'small', bytes: 20_000n }));
  });

  test('lie in the pack one after another, of which any range is served, and each by itself too', async () => {
    const whole = await bytesOf(packPath());
    expect({ status: whole.status, bytes: whole.body.length }).toEqual({ status: 200, bytes: PACK_BYTES });
    const range = await bytesOf(packPath(), 'bytes=42-73');
    expect(range.status).toBe(206);
    expect(range.body.equals(whole.body.subarray(42, 74))).toBe(true);
    const third = await bytesOf(`/v1/weights/${small}/3`);
    expect(third.body.subarray(0, 74).every((byte) => byte === 0)).toBe(true);
    expect(third.body.subarray(74).equals(whole.body.subarray(74))).toBe(true);
    const part = await bytesOf(`/v1/weights/${small}/3`, 'bytes=70-79');
    expect(part.body.equals(third.body.subarray(70, 80))).toBe(true);
    const leaves = await bytesOf(`/v1/weights/${small}/3/leaves`);
    const leaf = platformBulkCrypto.leafHash(whole.body.subarray(74));
    expect(leaves.body.equals(leaf)).toBe(true);
  });

  test('are refused where there are none, beyond their end, and to the token of another version', async () => {
    await expectRefused(vault, get(token, `bytes=${PACK_BYTES}-`, packPath()), 416, 'range_not_satisfiable');
    const other = await hostToken(await releaseAs(vault, { bytes: 1000n }));
    await expectRefused(vault, get(other, undefined, packPath()), 403, 'not_permitted', /another version/);
    await expectRefused(
      vault,
      get(other, undefined, `/v1/weights/${manifest}/pack`),
      404,
      'not_found',
      /no small files/,
    );
  });

  test('are of the release’s budget, each byte of them once', async () => {
    const limited = await hostToken(await releaseAs(vault, { version: 'small', bytes: 100n }));
    const served = async (range: string) => (await ask(vault.baseUrl, get(limited, range, packPath()))).status;
    expect(await served('bytes=0-59')).toBe(206);
    await expectRefused(vault, get(limited, 'bytes=60-100', packPath()), 403, 'budget_exceeded');
    await expectRefused(vault, get(limited, undefined, packPath()), 403, 'budget_exceeded');
    expect(await served('bytes=60-99')).toBe(206);
    await expectRefused(vault, get(limited, 'bytes=0-0', packPath()), 403, 'budget_exceeded');
  });
});

describe('the budget of a release', () => {
  const served = async (token: string, first: number, last: number) =>
    (await ask(vault.baseUrl, get(token, `bytes=${first}-${last}`))).status;

  test('is used up by what was served, by nothing else', async () => {
    const token = await hostToken(await releaseAs(vault, { bytes: 1000n }));
    expect(await served(token, 0, 599)).toBe(206);
    await expectRefused(
      vault,
      get(token, 'bytes=0-400'),
      403,
      'budget_exceeded',
      /1,000 bytes in all.*request it anew/,
    );
    await expectRefused(vault, get(token), 403, 'budget_exceeded');
    await expectRefused(vault, get(token, `bytes=${TOTAL}-`), 416, 'range_not_satisfiable');
    expect((await ask(vault.baseUrl, { ...get(token), method: 'HEAD' })).status).toBe(400);
    expect(await served(token, 0, 399)).toBe(206);
    await expectRefused(vault, get(token, 'bytes=0-0'), 403, 'budget_exceeded');
  });

  test('gets back what a client that breaks off has not read', async () => {
    const token = await hostToken(await releaseAs(vault, { bytes: BigInt(TOTAL) }));
    const { response } = await begin(get(token));
    await new Promise((resolve) => response.once('data', resolve));
    expect(await served(token, 0, TOTAL - 1)).toBe(403);
    response.destroy();
    await expect.poll(() => served(token, 0, 2 * MIB), { timeout: 5000 }).toBe(206);
  });

  test('is that of all hosts together', async () => {
    const pending = await releaseAs(vault, { bytes: 1000n }, 2);
    const tokens = [(await openAs(vault, pending, 0)).token, (await openAs(vault, pending, 1)).token] as const;
    expect(tokens[0]).not.toBe(tokens[1]);
    expect(await served(tokens[0], 0, 599)).toBe(206);
    await expectRefused(vault, get(tokens[1], 'bytes=0-599'), 403, 'budget_exceeded');
  });

  test('is not passed by many at once', async () => {
    const token = await hostToken(await releaseAs(vault, { bytes: 1000n }));
    const statuses = await Promise.all(Array.from({ length: 8 }, () => served(token, 0, 299)));
    expect(statuses.filter((status) => status === 206)).toHaveLength(3);
  });
});

describe('nothing is served', () => {
  const leaves = (token: string) => get(token, undefined, `${path}/leaves`);
  const handover = (release: Hex, host: number | string = 0) => ({ path: `/v1/releases/${release}/hosts/${host}` });

  test('before the quorum is there', async () => {
    const pending = await requestAs(vault);
    const token = await vault.tokenOf(vault.requester.api);
    await expectRefused(vault, { ...handover(pending.release), token }, 409, 'quorum_missing', /open/);
    await approveAs(vault.ben, pending.release);
    await expectRefused(vault, { ...handover(pending.release), token }, 409, 'quorum_missing');
    expect(await vault.daemon.context.log.tokenOf(pending.release, 0)).toBeNull();
  });

  test('to a requester who did not ask, and to a host that the release does not name', async () => {
    const { release } = await releaseAs(vault);
    const token = await vault.tokenOf(vault.requester.api);
    await expectRefused(vault, { ...handover(release, 1), token }, 404, 'proposal_unknown', /no host 1/);
    await expectRefused(vault, { ...handover(DIGEST), token }, 404, 'proposal_unknown');
    const published = vault.daemon.context.recorder.facts.proposals.find((p) => p.statement.kind === 'publish');
    await expectRefused(vault, { ...handover(published?.digest ?? ''), token }, 404, 'proposal_unknown');
  });

  test('after a revocation; shares and tokens are erased', async () => {
    const pending = await releaseAs(vault);
    const token = await hostToken(pending);
    const { log } = vault.daemon.context;
    expect(await log.hostShares(pending.release, 0)).toHaveLength(2);
    await stopAs(vault.cleo, { what: 'release', target: pending.release, reason: 'a test' });
    await expectRefused(vault, get(token), 401, 'unauthenticated');
    await expectRefused(vault, leaves(token), 401, 'unauthenticated');
    await expect(openAs(vault, pending)).rejects.toThrow(closed('release_revoked'));
    expect(await log.hostShares(pending.release, 0)).toEqual([]);
    expect(await log.tokenOf(pending.release, 0)).toBeNull();
  });

  test('after a denial; shares that an approver had sealed are erased', async () => {
    const pending = await requestAs(vault);
    await approveAs(vault.ben, pending.release);
    const { log } = vault.daemon.context;
    expect(await log.hostShares(pending.release, 0)).toHaveLength(1);
    await denyAs(vault.cleo, pending.release);
    expect(await phaseOf(vault, pending.release)).toBe('denied');
    expect(await log.hostShares(pending.release, 0)).toEqual([]);
  });

  test('while the vault is stopped, and again once it was resumed', async () => {
    const pending = await releaseAs(vault);
    const token = await hostToken(pending);
    const stop = await stopAs(vault.ana, { what: 'all', reason: 'a test' });
    for (const question of [get(token), get(token, 'bytes=0-1'), leaves(token)]) {
      await expectRefused(vault, question, 409, 'vault_stopped', /resume it/);
    }
    await expect(openAs(vault, pending)).rejects.toThrow(closed('vault_stopped'));
    await expect(requestAs(vault)).rejects.toThrow(closed('vault_stopped'));
    expect((await vault.anonymous.vault()).phase).toBe('stopped');
    await resume(stop);
    expect((await ask(vault.baseUrl, get(token, 'bytes=0-1'))).status).toBe(206);
  });

  test.each(['stop', 'revocation', 'lease'] as const)('in the middle of a range, after its %s', async (end) => {
    const pending = await releaseAs(vault, { leaseMs: HOUR_MS });
    const token = await hostToken(pending);
    const { response } = await begin(get(token));
    await new Promise((resolve) => response.once('data', resolve));
    response.pause();
    if (end === 'lease') sleepTo(HOUR_MS + 1000);
    const stop = end === 'stop' ? await stopAs(vault.ana, { what: 'all', reason: 'a test' }) : null;
    if (end === 'revocation') await stopAs(vault.ana, { what: 'release', target: pending.release, reason: 'a test' });
    const received = await drain(response);
    expect(received.code).toBe('ECONNRESET');
    expect(received.bytes).toBeLessThan(BUFFERED);
    vi.useRealTimers();
    if (stop !== null) await resume(stop);
  });

  test('of a version that has been withdrawn', async () => {
    const named = { version: 'withdrawn' };
    const withdrawn = await depositFiles(vault, { 'a.bin': MODEL.subarray(0, 10) }, named);
    await publish(vault, named);
    const pending = await releaseAs(vault, named);
    const token = await hostToken(pending);
    const where = `/v1/weights/${withdrawn}/1`;
    expect((await ask(vault.baseUrl, get(token, undefined, where))).status).toBe(200);
    await stopAs(vault.ben, { what: 'version', target: withdrawn, reason: 'a test' });
    await expectRefused(vault, get(token, undefined, where), 409, 'version_withdrawn', /request another/);
    await expect(openAs(vault, pending)).rejects.toThrow(closed('version_withdrawn'));
  });

  async function resume(stop: Hex): Promise<void> {
    expect(vault.daemon.context.recorder.facts.stopped?.at(-1)?.digest).toBe(stop);
    const proposal = await proposeAs(vault.ana, { kind: 'resume', reason: 'a test' });
    await approveAs(vault.ben, proposal);
    await approveAs(vault.cleo, proposal);
  }
});

test('a host decrypts what it was handed, and what it was handed is not in the store', async () => {
  const pending = await releaseAs(vault);
  const opened = await openAs(vault, pending);
  const lease = new Lease(opened.leaseEndsMs, HOST_CLOCK);
  const release = { ...opened, lease };
  const source = await openSource(vault.anonymous.withBearer(opened.token), release, 1, DEFAULT_RETRY);
  for await (const { plaintext } of source.plaintext([{ from: 0, to: 24 }])) {
    expect(Buffer.compare(plaintext, MODEL.subarray(0, plaintext.length))).toBe(0);
  }
  lease.stop();
  const row = await vault.daemon.context.log.tokenOf(pending.release, 0);
  expect(row?.hash).toBe(digestOf(Buffer.from(opened.token, 'base64url')));
  expect(toBase64url(fromHex(row?.hash ?? ''))).not.toBe(opened.token);
});

/** An answer that has begun, and is read when the test wants. */
function begin({ token, headers, path: where }: ReturnType<typeof get>): Promise<{ response: IncomingMessage }> {
  const { hostname, port } = new URL(vault.baseUrl);
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path: where, agent: false };
    const asked = request({ ...options, headers: { ...headers, authorization: `Bearer ${token}` } }, (response) =>
      resolve({ response }),
    );
    asked.on('error', reject);
    asked.end();
  });
}

function drain(response: IncomingMessage): Promise<{ readonly bytes: number; readonly code: string | undefined }> {
  let bytes = 0;
  return new Promise((resolve) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    response.on('error', (error: NodeJS.ErrnoException) => resolve({ bytes, code: error.code }));
    response.on('end', () => resolve({ bytes, code: undefined }));
    response.resume();
  });
}
