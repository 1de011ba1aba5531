import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { Api, type ProposalView } from '../../../client/api/api.ts';
import { Patience, type RetryPolicy, withRetry } from '../../../client/api/retry.ts';
import { exchange, type Fetch } from '../../../client/api/transport.ts';
import { fetchRelease, sendReceipt } from '../../../client/host/fetch.ts';
import { waitForRelease } from '../../../client/host/wait.ts';
import { type Code, TwinlockError } from '../../../src/core/errors.ts';

/** What a vault says of a release of which only some fields matter here. */
const UNDECIDED = { statement: {}, votes: [], overtaken: null, missingGroups: [], reach: null, receipts: 0 };

/** Waits in no time, and remembers how long. */
function patient(forMs = 120_000): RetryPolicy & { readonly slept: number[]; readonly pass: (ms: number) => void } {
  let nowMs = 0;
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms);
    nowMs += ms;
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { tries: 8, forMs, now: () => nowMs, sleep, slept, pass };
}

const refusal = (code: Code, detail: Record<string, string | number> = {}) =>
  new TwinlockError(code, 'refused', detail);

/** Throws these, one at a time, and then returns. */
function failing(errors: readonly TwinlockError[]): () => Promise<string> {
  const left = [...errors];
  return async () => {
    const next = left.shift();
    if (next !== undefined) throw next;
    return 'done';
  };
}

describe('a client that is told rate_limited', () => {
  test('waits as long as it is told, and goes on', async () => {
    const policy = patient();
    const errors = [refusal('rate_limited', { retryAfterMs: 1500 }), refusal('rate_limited', { retryAfterMs: 9000 })];
    expect(await withRetry(policy, failing(errors))).toBe('done');
    expect(policy.slept).toEqual([1500, 9000]);
  });

  test('does not give up within a day, however often it is told', async () => {
    const policy = patient();
    const errors = Array.from({ length: 500 }, () => refusal('rate_limited', { retryAfterMs: 1000 }));
    expect(await withRetry(policy, failing(errors))).toBe('done');
    expect(policy.slept).toHaveLength(500);
  });

  test.each([
    ['nothing', {}, 200],
    ['no number', { retryAfterMs: 'soon' }, 200],
    ['less than nothing', { retryAfterMs: -5 }, 200],
    ['for ever', { retryAfterMs: 1e300 }, 60_000],
  ])('waits within bounds where it is told %s', async (_, detail, ms) => {
    const policy = patient();
    await withRetry(policy, failing([refusal('rate_limited', detail as Record<string, string | number>)]));
    expect(policy.slept).toEqual([ms]);
  });

  test('waits as well for a vault that says when it can be asked again, which has been reached', async () => {
    const policy = patient();
    const errors = Array.from({ length: 500 }, () => refusal('unavailable', { retryAfterMs: 5000 }));
    expect(await withRetry(policy, failing(errors))).toBe('done');
    expect(policy.slept).toEqual(errors.map(() => 5000));
  });

  test.each(['rate_limited', 'unavailable'] as const)(
    '%s gives up after 25 hours of it without a success',
    async (code) => {
      const policy = patient();
      const patience = new Patience(policy);
      const error = refusal(code, { retryAfterMs: 60_000 });
      for (let i = 0; i < 1000; i++) await patience.wait(error);
      patience.progress();
      for (let i = 0; i < 25 * 60; i++) await patience.wait(error);
      await expect(patience.wait(error)).rejects.toBe(error);
      expect(policy.slept).toHaveLength(2500);
    },
  );

  test('is held for as long as its caller says', async () => {
    const errors = Array.from({ length: 12 }, () => refusal('rate_limited', { retryAfterMs: 60_000 }));
    await expect(withRetry(patient(), failing(errors), 600_000)).rejects.toThrow(
      expect.objectContaining({ code: 'rate_limited' }),
    );
    expect(await withRetry(patient(), failing(errors), 720_000)).toBe('done');
  });

  test('still gives up on a vault that cannot be reached', async () => {
    const errors = Array.from({ length: 500 }, () => refusal('unavailable'));
    await expect(withRetry(patient(), failing(errors))).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
  });
});

describe('a client whose machine is paused', () => {
  const PAUSE_MS = 130_000;
  const away = refusal('unavailable');

  test('does not take the first failure after it for the last', async () => {
    const policy = patient();
    const patience = new Patience(policy);
    policy.pass(PAUSE_MS);
    await patience.wait(away);
    expect(policy.slept).toEqual([200]);
  });

  test('has spent one try for a pause, between two tries or within one', async () => {
    const within = patient();
    const patience = new Patience(within);
    for (let i = 0; i < 7; i++) {
      within.pass(PAUSE_MS);
      await patience.wait(away);
    }
    await expect(patience.wait(away)).rejects.toBe(away);
    const between = patient();
    const pausing = { ...between, sleep: async (ms: number) => between.sleep(ms + PAUSE_MS) };
    await expect(withRetry(pausing, () => Promise.reject(away))).rejects.toBe(away);
    // 6.2 s for the first five waits, then 5 s each: two minutes of waiting that was asked for.
    expect(between.slept).toHaveLength(28);
  });

  test('gives up a vault that is silent for each of eight tries', async () => {
    const policy = patient();
    let tries = 0;
    const silent = async () => {
      tries++;
      policy.pass(30_000);
      throw away;
    };
    await expect(withRetry(policy, silent)).rejects.toBe(away);
    expect(tries).toBe(8);
  });

  test('gives a vault its whole time anew after a pause within a request', async () => {
    const offset = { ms: 0 };
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + offset.ms);
    const fetch: Fetch = (_, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        offset.ms = PAUSE_MS;
        setTimeout(() => resolve(Response.json({})), 80);
      });
    const question = { method: 'GET', path: '/', bearer: null, timeoutMs: 50, signal: null } as const;
    try {
      expect((await exchange(fetch, 'https://vault.example', question)).status).toBe(200);
    } finally {
      clock.mockRestore();
    }
  });

  test('stopped by a signal for longer than its patience, goes on with its next try', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((request, response) => {
      sockets.add(request.socket);
      // The first is never answered.
      if (sockets.size > 1) response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', TRYING], {
      env: {
        ...process.env,
        RETRY: resolve('client/api/retry.ts'),
        TRANSPORT: resolve('client/api/transport.ts'),
        PORT: `${port}`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await expect.poll(() => sockets.size, { timeout: 10_000 }).toBe(1);
      child.kill('SIGSTOP');
      for (const socket of sockets) socket.destroy();
      await sleep(600);
      child.kill('SIGCONT');
      expect(await textOf(child.stdout)).toBe('done');
    } finally {
      child.kill('SIGKILL');
      server.closeAllConnections();
      server.close();
    }
  });
});

/** A client that asks one thing, with half a second of patience. */
const TRYING = `
const { withRetry } = await import(process.env.RETRY);
const { exchange, platformFetch } = await import(process.env.TRANSPORT);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const policy = { tries: 2, forMs: 500, now: () => performance.now(), sleep };
const question = { method: 'GET', path: '/', bearer: null, timeoutMs: 30_000, signal: null };
const ask = () => exchange(platformFetch, 'http://127.0.0.1:' + process.env.PORT, question);
await (await withRetry(policy, ask)).bytes(100);
process.stdout.write('done');
`;

test('a host that waits for a release and finds all places taken goes on waiting, and withdraws nothing', async () => {
  const view: ProposalView = {
    digest: 'ab'.repeat(32),
    kind: 'release',
    phase: 'open',
    index: 1,
    time: 1,
    expires: 2,
    statement: {},
    asked: { person: 'ab'.repeat(16), name: 'ana', custodian: true, firstSeen: null },
    votes: [],
    standing: 'open',
    overtaken: null,
    wanting: 1,
    missingGroups: [],
    reach: null,
    receipts: 0,
    leaseEnds: null,
    stop: null,
    setBack: false,
  };
  const asked: string[] = [];
  let polls = 0;
  const api = new Api({
    baseUrl: 'https://vault.example',
    fetch: async (url, { method }) => {
      asked.push(method);
      if (!url.includes('wait=')) return Response.json(view);
      if (++polls <= 300) {
        const problem = { code: 'rate_limited', message: 'wait', detail: { retryAfterMs: 1000 } };
        return Response.json(problem, { status: 429 });
      }
      return Response.json({ ...view, phase: 'executed' });
    },
  });
  const retry = patient();
  expect((await waitForRelease(api, { release: view.digest, expires: 1e15 }, { retry })).phase).toBe('executed');
  expect(retry.slept).toHaveLength(300);
  expect(new Set(asked)).toEqual(new Set(['GET']));
});

test('a host takes no release whose lease is over by its own clock, whatever the vault’s clock says', async () => {
  const view = { digest: 'ab'.repeat(32), kind: 'release', phase: 'executed', index: 1, time: 1, expires: 2 };
  const asked = { person: 'ab'.repeat(16), name: 'ana', custodian: true, firstSeen: null };
  const rest = { ...UNDECIDED, asked, standing: 'executed', wanting: 0 };
  const api = new Api({
    baseUrl: 'https://vault.example',
    fetch: async () => Response.json({ ...view, ...rest, leaseEnds: 1_000_000, setBack: false, stop: null }),
  });
  const waiting = (nowMs: number) => waitForRelease(api, { release: view.digest, expires: 1e15 }, { now: () => nowMs });
  expect((await waiting(1_300_000)).phase).toBe('executed');
  await expect(waiting(1_300_001)).rejects.toThrow(expect.objectContaining({ code: 'lease_over' }));
});

test('a vault that says rate_limited without end is waited for until the request expires by the host’s own clock', async () => {
  const problem = { code: 'rate_limited', message: 'wait', detail: { retryAfterMs: 1000 } };
  const view = { digest: 'ab'.repeat(32), kind: 'release', phase: 'open', index: 1, time: 1, expires: 2 };
  const asked = { person: 'ab'.repeat(16), name: 'ana', custodian: true, firstSeen: null };
  const rest = { ...UNDECIDED, asked, standing: 'open', wanting: 1 };
  const api = new Api({
    baseUrl: 'https://vault.example',
    fetch: async (url) =>
      url.includes('wait=')
        ? Response.json(problem, { status: 429 })
        : Response.json({ ...view, ...rest, leaseEnds: null, setBack: false, stop: null }),
  });
  const retry = patient();
  const waiting = waitForRelease(api, { release: view.digest, expires: 3_600_000 }, { retry, now: retry.now });
  await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'statement_expired' }));
});

describe('a host that has its weights handed over', () => {
  const HOUR_MS = 3_600_000;
  const DAY_MS = 24 * HOUR_MS;
  const release = 'ab'.repeat(32);
  const keys = { host: 0, kemSeed: new Uint8Array(32), receiptSeed: new Uint8Array(32), evidence: release };
  const named = { vault: release, release, model: 'acme/ocr', version: '1' };
  const pending = { ...named, created: 0, expires: HOUR_MS, hosts: [keys] };

  /** A vault that answers every act in the same way, and says when the lease ends; counts what it is asked to do. */
  function vaultThat(code: Code, detail: Record<string, number>, leaseEnds: number | null) {
    const view = { digest: release, kind: 'release', phase: 'executed', index: 1, time: 1, expires: HOUR_MS };
    const asked = { person: 'ab'.repeat(16), name: 'ana', custodian: true, firstSeen: null };
    const rest = { ...UNDECIDED, asked, standing: 'executed', wanting: 0 };
    const counts = { acts: 0 };
    const api = new Api({
      baseUrl: 'https://vault.example',
      fetch: async (url) => {
        if (url.includes('/proposals/'))
          return Response.json({ ...view, ...rest, leaseEnds, setBack: false, stop: null });
        counts.acts++;
        return Response.json({ code, message: 'wait', detail }, { status: code === 'unavailable' ? 503 : 429 });
      },
    });
    return { api, counts };
  }

  function fetched(api: Api, retry: RetryPolicy) {
    const clock = { now: retry.now, monotonic: retry.now };
    return fetchRelease({ api, pending, host: 0, folder: 'unused', verify: async () => undefined, retry, clock });
  }

  test.each(['unavailable', 'rate_limited'] as const)(
    'asks a vault that says %s no more, five minutes after the lease has ended by its own clock',
    async (code) => {
      const retry = patient();
      const { api } = vaultThat(code, { retryAfterMs: 5000 }, HOUR_MS);
      await expect(fetched(api, retry)).rejects.toThrow(expect.objectContaining({ code: 'lease_over' }));
      expect(retry.now()).toBe(HOUR_MS + 5 * 60_000 + 5000);
    },
  );

  test('asks a vault that has it wait for as long as a lease of two days lasts', async () => {
    const retry = patient();
    const { api } = vaultThat('unavailable', { retryAfterMs: 60_000 }, 2 * DAY_MS);
    await expect(fetched(api, retry)).rejects.toThrow(expect.objectContaining({ code: 'lease_over' }));
    expect(retry.now()).toBeGreaterThan(2 * DAY_MS);
  });

  test('asks a vault that names no end of the lease for 25 hours', async () => {
    const retry = patient();
    const { api } = vaultThat('unavailable', { retryAfterMs: 60_000 }, null);
    await expect(fetched(api, retry)).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(retry.now()).toBe(DAY_MS + HOUR_MS);
  });

  test('offers its receipt for 25 hours to a vault that has it wait without end', async () => {
    const retry = patient();
    const { api, counts } = vaultThat('rate_limited', { retryAfterMs: 60_000 }, null);
    const done = { keyCheck: release, files: [], bytes: 0, receivedBytes: 0, modelSignature: null };
    const sent = sendReceipt(api, pending, 0, done, undefined, retry);
    await expect(sent).rejects.toThrow(expect.objectContaining({ code: 'rate_limited' }));
    expect(counts.acts).toBe(25 * 60 + 1);
  });
});
