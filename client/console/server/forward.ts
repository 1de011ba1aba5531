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

/** Longest wait for an answer; a wait for a proposal's phase takes up to a minute. */
const TIMEOUT_MS = 120_000;

/** Headers that are forwarded; cookies and headers of the connection are not. */
const REQUEST_HEADERS = ['accept', 'authorization', 'content-type'];
/**
 * Headers of forwarded answers. None is the vault's, since its headers could decide what a browser does with the bytes.
 * Every route answers with JSON, which a browser saves as a file if it is ever opened directly.
 */
const ANSWER_HEADERS = {
  'content-type': 'application/json',
  'content-disposition': 'attachment; filename="answer.json"',
};

/**
 * Forwards to the vault only the routes that a custodian's page needs, as the table says. The answers are
 * attacker-controlled: this passes on status and body where they are those of an API, and no header; the page checks the
 * body. Throws `unavailable` for a vault that does not answer, or answers otherwise, for instance with a redirect; and
 * `too_large`.
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
    // This header tells the page that the message is the server's own, not the vault's.
    throw new TwinlockError('unavailable', message, {}, { cause });
  }
  if (bytes.length === 0 && status === 204) return new Response(null, { status });
  requireJson(bytes);
  return new Response(bytes, { status, headers: ANSWER_HEADERS });
}

/** Returns whether no connection was made. After other failures, the vault may have the request. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && (error.cause as { code?: unknown } | undefined)?.code === 'ECONNREFUSED';
}

/** Refuses a redirect: the page would take another machine's answer for the vault's. */
function requireSuccess({ ok, status }: Response): void {
  const isRedirect = status >= 300 && status <= 399;
  must(!isRedirect, 'unavailable', `the vault answered with a redirect (status ${status}), which is not followed`);
  must(ok || (status >= 400 && status <= 599), 'unavailable', `the vault answered with status ${status}`);
}

/** Requires JSON of bounded depth; the page checks its content. */
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
