import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { TwinlockError } from '../../../src/core/errors.ts';
import { problem } from './door.ts';

/** The largest request is an approval for 64 hosts, about 200 kB. */
const MAX_REQUEST_BYTES = 1 << 20;
/** The largest answer is a page of the log with its objects. */
const MAX_RESPONSE_BYTES = 128 << 20;
/** A proposal's phase is waited for by at most a minute. */
const TIMEOUT_MS = 120_000;

const DIGEST = '{[0-9a-f]{64}}';
/** What a custodian's page needs of the vault: nothing else is reachable through it. */
const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/v1/vault'],
  ['POST', '/v1/challenges'],
  ['POST', '/v1/sessions'],
  ['DELETE', '/v1/sessions'],
  ['GET', '/v1/invitation'],
  ['POST', '/v1/enrolments'],
  ['GET', '/v1/genesis'],
  ['POST', '/v1/genesis/signatures'],
  ['GET', '/v1/status'],
  ['GET', '/v1/log/checkpoint'],
  ['GET', '/v1/log/entries'],
  ['GET', '/v1/proposals'],
  ['POST', '/v1/proposals'],
  ['GET', `/v1/proposals/:digest${DIGEST}`],
  ['POST', `/v1/proposals/:digest${DIGEST}/approvals`],
  ['GET', `/v1/versions/:manifest${DIGEST}/envelopes`],
  ['POST', '/v1/custody'],
  ['POST', '/v1/stops'],
];
/** Of the request's headers; cookies and everything about the connection stay here. */
const REQUEST_HEADERS = ['accept', 'authorization', 'content-type'];
const RESPONSE_HEADERS = ['content-type', 'retry-after', 'www-authenticate'];

/** Forwards the allowed routes to the vault. Its answers are attacker-controlled; the page checks them. */
export function forwardTo(vault: URL, fetch: typeof globalThis.fetch): Hono {
  const app = new Hono();
  const tooLarge = (c: Context) =>
    problem(c, 413, 'too_large', `expected a body of at most ${MAX_REQUEST_BYTES} bytes`);
  app.use(bodyLimit({ maxSize: MAX_REQUEST_BYTES, onError: tooLarge }));
  for (const [method, path] of ROUTES) app.on(method, path, (c) => forward(c, vault, fetch));
  return app;
}

async function forward(c: Context, vault: URL, fetch: typeof globalThis.fetch): Promise<Response> {
  const { method, path, raw } = c.req;
  const body = method === 'POST' ? await c.req.arrayBuffer() : null;
  const headers = pick(raw.headers, REQUEST_HEADERS);
  const signal = AbortSignal.any([raw.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const url = new URL(path + new URL(raw.url).search, vault);
  let answer: Response;
  try {
    answer = await fetch(url, { method, headers, body, signal, redirect: 'manual' });
  } catch (cause) {
    throw new TwinlockError('unavailable', `the vault at ${vault.origin} does not answer`, {}, { cause });
  }
  const isAnswer = answer.ok || (answer.status >= 400 && answer.status <= 599);
  if (!isAnswer) throw new TwinlockError('unavailable', `the vault answered with status ${answer.status}`);
  const limited = answer.body?.pipeThrough(limit(MAX_RESPONSE_BYTES)) ?? null;
  return new Response(limited, { status: answer.status, headers: pick(answer.headers, RESPONSE_HEADERS) });
}

function pick(headers: Headers, names: readonly string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}

function limit(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new TwinlockError('too_large', `the vault's answer has more than ${maxBytes} bytes`);
      controller.enqueue(chunk);
    },
  });
}
