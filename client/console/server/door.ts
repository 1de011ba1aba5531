import type { Context, MiddlewareHandler } from 'hono';
import { type Code, TwinlockError } from '../../../src/core/errors.ts';

type Status = 400 | 403 | 404 | 409 | 413 | 421 | 500 | 502 | 504;

/** The refusals of the console itself look like the vault's. */
export function problem(c: Context, status: Status, code: Code, message: string): Response {
  return c.json({ code, message, detail: {} }, status);
}

/** What a handler threw, as a refusal; nothing of an unexpected error is shown. */
export function problemOf(c: Context, error: unknown): Response {
  if (!(error instanceof TwinlockError)) return problem(c, 500, 'internal', 'the console failed; see its terminal');
  return problem(c, STATUS[error.code] ?? 400, error.code, error.message);
}

const STATUS: Partial<Record<Code, Status>> = {
  not_found: 404,
  rolled_back: 409,
  too_large: 413,
  unavailable: 502,
  internal: 500,
};

/**
 * Lets in only the console's own page. Every website open in the same browser can reach loopback, under its
 * own name, under a name that it made point here (so the Host is compared), or as the sender of a form (so
 * the Origin is).
 */
export function onlyOwnPage(host: string): MiddlewareHandler {
  const origin = `http://${host}`;
  return async (c, next) => {
    if (c.req.header('host') !== host) {
      return problem(c, 421, 'wrong_origin', `this console answers under ${origin} only`);
    }
    const given = c.req.header('origin');
    const changesNothing = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (given === undefined ? !changesNothing : given !== origin) {
      return problem(c, 403, 'wrong_origin', 'this console answers its own page only');
    }
    if (!isOwnFetch(c)) return problem(c, 403, 'cross_origin', 'this console answers its own page only');
    return next();
  };
}

/** A link may lead to the page (an invitation in a mail does); it may not load anything of it. */
function isOwnFetch(c: Context): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  return c.req.path === '/' && c.req.header('sec-fetch-dest') === 'document';
}
