import { describe, expect, test } from 'vitest';
import { Api, type ProposalView } from '../../client/api.ts';
import { waitForRelease } from '../../client/host/wait.ts';
import { type RetryPolicy, withRetry } from '../../client/retry.ts';
import { type Code, TwinlockError } from '../../src/core/errors.ts';

/** Waits in no time, and remembers how long. */
function patient(forMs = 120_000): RetryPolicy & { readonly slept: number[] } {
  let nowMs = 0;
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms);
    nowMs += ms;
  };
  return { forMs, now: () => nowMs, sleep, slept };
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

  test('does not give up, however often it is told', async () => {
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

  test('still gives up on a vault that cannot be reached', async () => {
    const errors = Array.from({ length: 500 }, () => refusal('unavailable'));
    await expect(withRetry(patient(), failing(errors))).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
  });
});

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
    current: true,
    wanting: 1,
    missingGroups: [],
    receipts: 0,
    leaseEnds: null,
    ended: false,
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
  const rest = { statement: {}, asked, votes: [], current: true, wanting: 0, missingGroups: [], receipts: 0 };
  const api = new Api({
    baseUrl: 'https://vault.example',
    fetch: async () => Response.json({ ...view, ...rest, leaseEnds: 1_000_000, ended: false }),
  });
  const waiting = (nowMs: number) => waitForRelease(api, { release: view.digest, expires: 1e15 }, { now: () => nowMs });
  expect((await waiting(1_300_000)).phase).toBe('executed');
  await expect(waiting(1_300_001)).rejects.toThrow(expect.objectContaining({ code: 'proposal_closed' }));
});

test('a vault that says rate_limited without end is waited for until the request expires by the host’s own clock', async () => {
  const problem = { code: 'rate_limited', message: 'wait', detail: { retryAfterMs: 1000 } };
  const view = { digest: 'ab'.repeat(32), kind: 'release', phase: 'open', index: 1, time: 1, expires: 2 };
  const asked = { person: 'ab'.repeat(16), name: 'ana', custodian: true, firstSeen: null };
  const rest = { statement: {}, asked, votes: [], current: true, wanting: 1, missingGroups: [], receipts: 0 };
  const api = new Api({
    baseUrl: 'https://vault.example',
    fetch: async (url) =>
      url.includes('wait=')
        ? Response.json(problem, { status: 429 })
        : Response.json({ ...view, ...rest, leaseEnds: null, ended: false }),
  });
  const retry = patient();
  const waiting = waitForRelease(api, { release: view.digest, expires: 3_600_000 }, { retry, now: retry.now });
  await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'statement_expired' }));
});
