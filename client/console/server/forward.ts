import { type Context, Hono } from 'hono';
import { fromUtf8 } from '../../../src/core/bytes.ts';
import { must, TwinlockError } from '../../../src/core/errors.ts';
import { parseShallowJson } from '../../../src/core/json.ts';
import { maxAnswerBytes, maxBodyBytes, patternOf, type Route, requestTargetOf } from '../../../src/wire/route.ts';
import { ROUTES } from '../../../src/wire/routes.ts';
import { collectBytes } from '../../api/transport.ts';
import { unreached } from '../../api/unreached.ts';
import { VAULT_HEADER, VAULT_NOT_REACHED } from '../vault-header.ts';
import { bodyAtMost, problem } from './door.ts';

/** A proposal's phase is waited for by at most a minute. */
const TIMEOUT_MS = 120_000;

/** Of the request's headers; cookies and everything about the connection stay here. */
const REQUEST_HEADERS = ['accept', 'authorization', 'content-type'];
/**
 * The headers of what is passed on, none of them the vault's: it would choose what a browser does with its bytes. Every
 * route answers with JSON. What no browser should ever be led to show, it keeps as a file.
 */
const ANSWER_HEADERS = {
  'content-type': 'application/json',
  'content-disposition': 'attachment; filename="answer.json"',
};

/**
 * Forwards to the vault the routes that a custodian's page needs, as the table says: no other is reachable through it. Its answers are attacker-controlled: status and body are passed on where
 * they are those of an API, no header is; the page checks what the body says. Throws `unavailable` for a vault that does
 * not answer or answers with something else, a redirect included, and `too_large`.
 */
export function forwardTo(vault: URL, fetch: typeof globalThis.fetch): Hono {
  const app = new Hono();
  for (const route of Object.values<Route>(ROUTES)) {
    if (route.isForConsole !== true) continue;
    const most = bodyAtMost(maxBodyBytes(route, 'custodian'));
    app.on(route.method, patternOf(route), most, (c) => forward(c, route, vault, fetch));
  }
  return app;
}

async function forward(c: Context, route: Route, vault: URL, fetch: typeof globalThis.fetch): Promise<Response> {
  const { method, raw } = c.req;
  const named = route.params?.safeParse(c.req.param());
  if (named?.success === false) return c.notFound();
  const body = method === 'POST' ? await c.req.arrayBuffer() : null;
  const headers = requestHeaders(raw.headers);
  const signal = AbortSignal.any([raw.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const url = new URL(requestTargetOf(route, { params: named?.data }) + new URL(raw.url).search, vault);
  let status: number;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const answer = await fetch(url, { method, headers, body, signal, redirect: 'manual' });
    ({ status } = answer);
    requireSuccess(answer);
    bytes = await collectBytes(answer.body ?? [], maxAnswerBytes(route));
  } catch (cause) {
    if (cause instanceof TwinlockError) throw cause;
    const { message } = unreached(cause, vault.origin);
    if (isRefused(cause)) {
      c.header(VAULT_HEADER, VAULT_NOT_REACHED);
      return problem(c, 502, 'unavailable', message);
    }
    // What this machine finds out is no code of a vault's: the page takes it in the server's words.
    throw new TwinlockError('unavailable', message, {}, { cause });
  }
  if (bytes.length === 0 && status === 204) return new Response(null, { status });
  requireJson(bytes);
  return new Response(bytes, { status, headers: ANSWER_HEADERS });
}

/** No connection was made. Of other failures, none tells whether the vault has the request. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && (error.cause as { code?: unknown } | undefined)?.code === 'ECONNREFUSED';
}

/** A redirect is not followed: the page would take for the vault's what another machine says. */
function requireSuccess({ ok, status }: Response): void {
  const isRedirect = status >= 300 && status <= 399;
  must(!isRedirect, 'unavailable', `the vault answered with a redirect (status ${status}), which is not followed`);
  must(ok || (status >= 400 && status <= 599), 'unavailable', `the vault answered with status ${status}`);
}

/** Bounded in depth before it is parsed; whether it says what the API says is for the page to check. */
function requireJson(bytes: Uint8Array): void {
  try {
    parseShallowJson(fromUtf8(bytes));
  } catch (cause) {
    throw new TwinlockError('unavailable', 'the vault answered with something that is not JSON', {}, { cause });
  }
}

function requestHeaders(headers: Headers): Headers {
  const picked = new Headers();
  for (const name of REQUEST_HEADERS) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}
