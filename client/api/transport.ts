import type { z } from 'zod';
import { type Code, isCode, must, TwinlockError } from '../../src/core/errors.ts';
import { quoted } from '../../src/core/quoted.ts';
import { problem } from '../../src/wire/fields.ts';
import { unreached } from './unreached.ts';

/** The part of `fetch` that is used: so small that a daemon in the same process can answer it. */
interface FetchInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly signal: AbortSignal;
}
/** JSON, or bytes in pieces, so that a part of an upload need not be joined. */
type Body = string | readonly Uint8Array[];
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/**
 * The platform's. A redirect is refused, so that the bearer token goes to the vault that was named and to no other
 * server.
 */
export const platformFetch: Fetch = (url, { body, ...init }) => {
  const options = { ...init, redirect: 'error', credentials: 'omit', cache: 'no-store' };
  const content = typeof body === 'object' ? { body: eachOf(body), duplex: 'half' } : { body };
  return globalThis.fetch(url, { ...options, ...content } as RequestInit);
};

/** Taken by Node's fetch, one piece at a time; a browser uploads nothing. */
async function* eachOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}

export interface ApiQuestion {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Begins with a slash, query included. */
  readonly path: string;
  readonly bearer: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** For the answer to begin; and between two pieces of it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | null;
  /** A console's own server is asked, not a vault: it finds out what a client does, and may say so. */
  readonly ofConsole?: true;
}

/** An answer that is no error, its body yet to be read. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body, each piece within the time limit. Throws `unavailable`, `cancelled`. To be read once. */
  pieces(): AsyncGenerator<Uint8Array, void, undefined>;
  /** The whole body. Throws `too_large` past `maxBytes`, and as `pieces`. */
  bytes(maxBytes: number): Promise<Uint8Array>;
}

/** A problem is a few lines. */
const MAX_PROBLEM_BYTES = 64 * 1024;
/** Statuses of proxies that could not reach the vault. */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);
/**
 * One exchange with the vault. Throws the vault's own code and its message, bounded and in quotation marks (`internal`
 * for a code that is not known here or that only a client uses),
 * `unavailable` where it cannot be reached or falls silent, `usage` where its certificate is not trusted, and
 * `cancelled` by the signal. Everything that comes back is attacker-controlled.
 */
export async function exchange(fetch: Fetch, baseUrl: string, question: ApiQuestion): Promise<ApiAnswer> {
  const watch = new Watch(question.timeoutMs, question.signal);
  const { method, path, bearer, body, ofConsole = false } = question;
  const headers = {
    ...question.headers,
    ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
    ...(typeof body === 'object' ? octets(body) : {}),
  };
  let response: Response;
  try {
    const init = { method, headers, signal: watch.signal, ...(body === undefined ? {} : { body }) };
    response = await fetch(baseUrl + path, init);
  } catch (error) {
    watch.end();
    throw watch.explain(error, baseUrl);
  }
  const answer = answerOf(response, watch, baseUrl);
  if (response.ok) return answer;
  throw await problemOf(response.status, answer, ofConsole);
}

function octets(pieces: readonly Uint8Array[]): Record<string, string> {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return { 'content-type': 'application/octet-stream', 'content-length': String(length) };
}

function answerOf(response: Response, watch: Watch, baseUrl: string): ApiAnswer {
  async function* pieces() {
    const reader = response.body?.getReader();
    try {
      while (reader !== undefined) {
        watch.rearm();
        const { done, value } = await reader.read();
        // While the caller works on these bytes, the time does not count against the vault.
        watch.disarm();
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw watch.explain(error, baseUrl);
    } finally {
      watch.end();
      await reader?.cancel().catch(() => undefined);
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    pieces,
    bytes: (maxBytes) => collectBytes(pieces(), maxBytes),
  };
}

/** All of a body's pieces. Throws `too_large` past `maxBytes`, and what the pieces throw. */
export async function collectBytes(
  pieces: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    must(length <= maxBytes, 'too_large', `the vault answered with more than ${maxBytes} bytes`);
    parts.push(piece);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

async function problemOf(status: number, answer: ApiAnswer, ofConsole: boolean): Promise<TwinlockError> {
  const text = new TextDecoder().decode(await answer.bytes(MAX_PROBLEM_BYTES));
  const parsed = problem.safeParse(jsonOrNull(text));
  if (parsed.success) return quotedError(parsed.data, ofConsole);
  const code: Code = GATEWAY_STATUSES.has(status) ? 'unavailable' : 'internal';
  return new NoVaultAnswer(code, `the vault answered with status ${status} and no problem document`, { status });
}

/** An answer that no vault gives: another server may be there. */
export class NoVaultAnswer extends TwinlockError {}

/** Longer messages of the vault's are cut: ours have no more. */
const MAX_WORDS_LENGTH = 500;
const MAX_DETAILS = 16;

/**
 * What only a client can find out, or what ends a program before it is asked anything: told so by the vault, a person
 * would believe that this machine has found it. A vault answers with every other code.
 */
export const CLIENT_CODES: ReadonlySet<Code> = new Set<Code>([
  'cancelled',
  'usage',
  'in_use',
  'rolled_back',
  'prf_missing',
  'prf_unusable',
  'digest_mismatch',
  'share_invalid',
]);

/** Attacker-controlled text never reads as if the client said it. A console's server may have answered, or a proxy. */
function quotedError({ code, message, detail }: z.infer<typeof problem>, ofConsole: boolean): TwinlockError {
  const known = isCode(code) && (ofConsole || !CLIENT_CODES.has(code)) ? code : 'internal';
  const said = `the answer${known === code ? '' : `, under the unknown code ${quoted(cut(code))},`} says: ${quoted(cut(message))}`;
  const details = Object.entries(detail).slice(0, MAX_DETAILS);
  const words = details.map(([name, value]) => [cut(name), typeof value === 'string' ? cut(value) : value] as const);
  return new TwinlockError(known, said, Object.fromEntries(words));
}

function cut(text: string): string {
  return text.length <= MAX_WORDS_LENGTH ? text : `${text.slice(0, MAX_WORDS_LENGTH).toWellFormed()}…`;
}

export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A timer that comes later than this after its time: this process was paused meanwhile, and the vault has had no time.
 */
const PAUSED_MS = 5_000;

/**
 * A time limit that starts again with every piece and after a pause of this process, and the caller's own wish to end.
 */
class Watch {
  readonly #controller = new AbortController();
  readonly #timeoutMs: number;
  readonly #cancel: AbortSignal | null;
  readonly #onCancel = () => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLate = false;

  constructor(timeoutMs: number, cancel: AbortSignal | null) {
    this.#timeoutMs = timeoutMs;
    this.#cancel = cancel;
    cancel?.addEventListener('abort', this.#onCancel);
    if (cancel?.aborted === true) this.#onCancel();
    this.rearm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  rearm(): void {
    clearTimeout(this.#timer);
    const dueMs = performance.now() + this.#timeoutMs;
    this.#timer = setTimeout(() => {
      if (performance.now() > dueMs + PAUSED_MS) {
        this.rearm();
        return;
      }
      this.#isLate = true;
      this.#controller.abort();
    }, this.#timeoutMs);
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.disarm();
    this.#cancel?.removeEventListener('abort', this.#onCancel);
  }

  explain(cause: unknown, baseUrl: string): TwinlockError {
    if (cause instanceof TwinlockError) return cause;
    if (this.#cancel?.aborted === true) return new TwinlockError('cancelled', 'interrupted', {}, { cause });
    if (this.#isLate) {
      const seconds = Math.round(this.#timeoutMs / 1000);
      const message = `the vault at ${baseUrl} has not answered for ${seconds} s: see whether it runs, then try again`;
      return new TwinlockError('unavailable', message, {}, { cause });
    }
    return unreached(cause, baseUrl);
  }
}
