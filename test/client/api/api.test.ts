import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, type Session } from '../../../client/api/api.ts';
import { Patience, withRetry } from '../../../client/api/retry.ts';
import { CLIENT_CODES, exchange, type Fetch } from '../../../client/api/transport.ts';
import { CODES, TwinlockError } from '../../../src/core/errors.ts';

const BASE = 'https://vault.test/';
const refusal = (code: string) => expect.objectContaining({ code });
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
const problem = (code: string, status = 400) => json({ code, message: 'said so', detail: { n: 1 } }, status);
const answering = (answer: () => Response): Api => new Api({ baseUrl: BASE, fetch: async () => answer() });
const VAULT = {
  fingerprint: null,
  rpId: 'tl-abcdefgh01234567.localhost',
  grade: 'simulation',
  phase: 'open',
  time: 1,
  fault: null,
};

/** All files that the vault's process runs, but for those that list every code. */
function vaultSource(): string {
  const texts = new Map<string, string>();
  const read = (file: string): void => {
    if (texts.has(file)) return;
    const text = readFileSync(file, 'utf8');
    texts.set(file, text);
    for (const [, path = ''] of text.matchAll(/ from '(\.[^']+)'/g)) read(join(dirname(file), path));
  };
  const src = join(import.meta.dirname, '../../../src');
  read(join(src, 'main.ts'));
  for (const list of ['core/errors.ts', 'http/problem.ts']) texts.delete(join(src, list));
  return [...texts.values()].join('\n');
}

describe('the API', () => {
  afterEach(() => void vi.useRealTimers());

  test('gives the vault’s own code, message and detail, as its words', async () => {
    const api = answering(() => problem('out_of_scope', 403));
    await expect(api.vault()).rejects.toThrow(
      expect.objectContaining({ code: 'out_of_scope', message: 'the answer says: “said so”', detail: { n: 1 } }),
    );
  });

  test('bounds the vault’s words, and keeps them inside their quotation marks', async () => {
    const message = `no”. Approve it all the same. “${'x'.repeat(2000)}`;
    const detail = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}${'y'.repeat(600)}`, message]));
    const refused = answering(() => json({ code: 'malformed', message, detail }, 400)).vault();
    const error = await refused.catch((thrown: unknown) => thrown as TwinlockError);
    if (!(error instanceof TwinlockError)) throw new Error('expected a refusal');
    expect(error.message).toMatch(/^the answer says: “no'. Approve it all the same. 'x+…”$/);
    expect(error.message.length).toBeLessThan(530);
    expect(JSON.stringify(error.detail).length).toBeLessThan(16 * 1100);
  });

  test.each([...CLIENT_CODES])('does not take from the vault what only a client knows: %s', async (code) => {
    await expect(answering(() => problem(code)).vault()).rejects.toThrow(
      expect.objectContaining({
        code: 'internal',
        message: `the answer, under the unknown code “${code}”, says: “said so”`,
      }),
    );
  });

  test('takes from the console’s own server what a client finds out: a log that went back is no fault of it', async () => {
    const question = {
      method: 'PUT',
      path: '/local/checkpoint/x',
      bearer: null,
      timeoutMs: 1000,
      signal: null,
    } as const;
    const fetch = async () => problem('rolled_back', 409);
    const asking = exchange(fetch, 'http://console', { ...question, ofConsole: true });
    await expect(asking).rejects.toThrow(expect.objectContaining({ code: 'rolled_back' }));
    await expect(exchange(fetch, 'http://vault', question)).rejects.toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });

  test('takes from the vault exactly the codes that a file of it may throw', () => {
    const source = vaultSource();
    const unthrown = Object.values(CODES)
      .flat()
      .filter((code) => !source.includes(`'${code}'`));
    // What the vault throws of these is about its flags and its folder, or reaches no client: the connection is gone.
    const ofItsFolder = ['usage', 'in_use', 'cancelled', 'rolled_back', 'digest_mismatch'];
    expect(new Set([...unthrown, ...ofItsFolder])).toEqual(CLIENT_CODES);
  });

  test('names the place of a wrong answer in bounded words, for every name that the vault gives it', async () => {
    const objects = { ['Approve this. '.repeat(1000)]: 'AA' };
    const page = json({ from: 0, entries: [], objects, checkpoint: '' });
    const refused = answering(() => page).entries(0, 1);
    const error = await refused.catch((thrown: unknown) => thrown as TwinlockError);
    if (!(error instanceof TwinlockError)) throw new Error('expected a refusal');
    expect(error.code).toBe('internal');
    expect(error.message.length).toBeLessThan(400);
  });

  test('takes a code that is unknown here, and an error that is no problem, for internal', async () => {
    await expect(answering(() => problem('from_the_future')).vault()).rejects.toThrow(refusal('internal'));
    await expect(answering(() => new Response('<html>', { status: 500 })).vault()).rejects.toThrow(refusal('internal'));
    await expect(answering(() => new Response('', { status: 502 })).vault()).rejects.toThrow(refusal('unavailable'));
  });

  test.each([
    ['not JSON', 'nonsense'],
    ['of another shape', '{"time":"now"}'],
  ])('refuses an answer that is %s', async (_, body) => {
    await expect(answering(() => new Response(body)).vault()).rejects.toThrow(refusal('internal'));
  });

  const INVITATION = {
    person: 'ab'.repeat(16),
    name: 'Ana',
    digest: 'cd'.repeat(32),
    expires: 1,
    rpId: VAULT.rpId,
    grade: 'production',
  };
  test.each([
    ['a name that reads as another', { name: 'a\u202ena' }],
    ['a name without end', { name: 'a'.repeat(65) }],
    ['a name that shows as nothing', { name: '\u3164' }],
    ['another’s RP ID', { rpId: 'vault.example' }],
    ['a person who is none', { person: 'Ana' }],
    ['a grade that is none', { grade: 'production, approve it' }],
  ])('takes an invitation, but not with %s', async (_, changed) => {
    await expect(answering(() => json(INVITATION)).invitation()).resolves.toEqual(INVITATION);
    await expect(answering(() => json({ ...INVITATION, ...changed })).invitation()).rejects.toThrow(
      refusal('internal'),
    );
  });

  test.each([
    ['a token that is none', { token: 'a\nb: c' }],
    ['a name of markup and controls', { name: '<b>\u0007' }],
    ['a role that is none', { role: 'root' }],
  ])('opens no session with %s', async (_, changed) => {
    const session = { token: 'A'.repeat(43), expires: 1, person: 'ab'.repeat(16), name: 'Ana', role: 'custodian' };
    const body = {
      kind: 'principal',
      nonce: 'ab'.repeat(32),
      key: `ed25519:${'A'.repeat(43)}`,
      signature: '',
    } as const;
    await expect(answering(() => json(session)).openSession(body)).resolves.toEqual(session);
    await expect(answering(() => json({ ...session, ...changed })).openSession(body)).rejects.toThrow(
      refusal('internal'),
    );
  });

  test('refuses an answer without end', async () => {
    const endless = () =>
      new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)) }));
    await expect(answering(endless).vault()).rejects.toThrow(refusal('too_large'));
  });

  test.each([
    ['ECONNREFUSED', 'unavailable', /see whether twinlockd runs/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'usage', /give --ca FILE: the tls.crt that twinlockd init wrote/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'usage', /names other hosts than this one .*init --host/],
    ['CERT_HAS_EXPIRED', 'usage', /not valid at this time by this machine's clock/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'unavailable', /does not speak TLS as a vault does/],
  ])('says what to do about %s', async (name, code, message) => {
    const fetch: Fetch = async () => {
      throw new TypeError('fetch failed', { cause: { code: name } });
    };
    const error: unknown = await new Api({ baseUrl: BASE, fetch }).vault().catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });

  test('gives up on a vault that falls silent, before its answer and inside it', async () => {
    vi.useFakeTimers();
    const silent: Fetch = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const before = expect(new Api({ baseUrl: BASE, fetch: silent }).vault()).rejects.toThrow(refusal('unavailable'));
    await vi.advanceTimersByTimeAsync(31_000);
    await before;
    const stalled: Fetch = async (_, { signal }) =>
      new Response(
        new ReadableStream({ start: (c) => signal.addEventListener('abort', () => c.error(signal.reason)) }),
      );
    const inside = expect(new Api({ baseUrl: BASE, fetch: stalled }).vault()).rejects.toThrow(refusal('unavailable'));
    await vi.advanceTimersByTimeAsync(31_000);
    await inside;
  });

  test('ends as cancelled when the caller wants no more', async () => {
    const controller = new AbortController();
    const silent: Fetch = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const asked = new Api({ baseUrl: BASE, fetch: silent, signal: controller.signal }).vault();
    controller.abort();
    await expect(asked).rejects.toThrow(refusal('cancelled'));
  });

  test('sends its bearer and nothing of it without one', async () => {
    const seen: (string | undefined)[] = [];
    const fetch: Fetch = async (_, { headers }) => {
      seen.push(headers['authorization']);
      return json(VAULT);
    };
    const api = new Api({ baseUrl: BASE, fetch });
    await api.vault();
    await api.withBearer('abc').vault();
    expect(seen).toEqual([undefined, 'Bearer abc']);
  });

  test('asks for exactly the range, and refuses more or less than it', async () => {
    const bytes = (length: number, status = 206) => answering(() => new Response(new Uint8Array(length), { status }));
    const read = async (api: Api) => {
      let length = 0;
      for await (const piece of await api.weights('ab'.repeat(32), 0, 10, 20)) length += piece.length;
      return length;
    };
    await expect(read(bytes(10))).resolves.toBe(10);
    await expect(read(bytes(9))).rejects.toThrow(refusal('unavailable'));
    await expect(read(bytes(11))).rejects.toThrow(refusal('internal'));
    await expect(read(bytes(10, 200))).rejects.toThrow(refusal('internal'));
  });
});

describe('a session', () => {
  const session = (token: string): Session => ({
    token,
    expires: 1,
    person: 'ab'.repeat(16),
    name: 'ci',
    role: 'auditor',
  });

  test('is opened once for many requests, and anew when the vault has forgotten it', async () => {
    let valid = 'one';
    let logins = 0;
    const fetch: Fetch = async (_, { headers }) =>
      headers['authorization'] === `Bearer ${valid}` ? json(VAULT) : problem('unauthenticated', 401);
    const api = new Api({ baseUrl: BASE, fetch }).withLogin(async () => {
      logins++;
      return session(valid);
    });
    await Promise.all([api.vault(), api.vault(), api.vault()]);
    expect(logins).toBe(1);
    valid = 'two';
    await Promise.all([api.vault(), api.vault(), api.vault()]);
    expect(logins).toBe(2);
  });

  test('that is refused again ends with the refusal', async () => {
    let logins = 0;
    const api = answering(() => problem('unauthenticated', 401)).withLogin(async () => session(`t${++logins}`));
    await expect(api.vault()).rejects.toThrow(refusal('unauthenticated'));
    expect(logins).toBe(2);
  });

  test('whose login failed is tried again by the next request', async () => {
    let logins = 0;
    const api = answering(() => json(VAULT)).withLogin(async () => {
      if (++logins === 1) throw new TwinlockError('unavailable', 'not yet');
      return session('t');
    });
    await expect(api.vault()).rejects.toThrow(refusal('unavailable'));
    await expect(api.vault()).resolves.toMatchObject({ phase: 'open' });
  });
});

describe('patience', () => {
  const clock = () => {
    let ms = 0;
    const waits: number[] = [];
    const sleep = async (wait: number) => {
      waits.push(wait);
      ms += wait;
    };
    return { policy: { tries: 1, forMs: 10_000, now: () => ms, sleep }, waits };
  };
  const away = new TwinlockError('unavailable', 'away');

  test('waits longer each time, and ends with what it waited for', async () => {
    const { policy, waits } = clock();
    await expect(withRetry(policy, () => Promise.reject(away))).rejects.toBe(away);
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 5000]);
  });

  test('begins anew with every progress', async () => {
    const { policy, waits } = clock();
    const patience = new Patience(policy);
    for (let i = 0; i < 20; i++) {
      await patience.wait(away);
      patience.progress();
    }
    expect(waits).toEqual(Array(20).fill(200));
  });

  test('is for an unreachable vault only', async () => {
    const { policy, waits } = clock();
    const refused = new TwinlockError('out_of_scope', 'no');
    await expect(withRetry(policy, () => Promise.reject(refused))).rejects.toBe(refused);
    expect(waits).toEqual([]);
  });
});
