import type { Context, MiddlewareHandler } from 'hono';
import { type Code, TwinlockError } from '../../../src/core/errors.ts';
import { systemError } from '../../../src/platform/files/system-error.ts';
import type { Destination } from './bundle.ts';

type Status = 400 | 403 | 404 | 409 | 413 | 421 | 500 | 502 | 503 | 504 | 507;

/** The refusals of the console itself look like the vault's. */
export function problem(c: Context, status: Status, code: Code, message: string): Response {
  return c.json({ code, message, detail: {} }, status);
}

/** What a handler threw, as a refusal; of an unexpected error the page is told nothing, and the terminal all. */
export function problemOf(c: Context, thrown: unknown): Response {
  const error = systemError(thrown);
  if (!(error instanceof TwinlockError)) {
    process.stderr.write(`the console failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    return problem(c, 500, 'internal', 'the console failed; see its terminal');
  }
  return problem(c, STATUS[error.code] ?? 400, error.code, error.message);
}

/** Refuses a body of more bytes before any of it is read: one says its length, and Node's parser holds it to that. */
export function bodyAtMost(maxBytes: number): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.header('transfer-encoding') !== undefined) {
      return problem(c, 400, 'malformed', 'expected a body with its content-length, not in chunks');
    }
    const isTooLarge = Number(c.req.header('content-length') ?? 0) > maxBytes;
    return isTooLarge ? problem(c, 413, 'too_large', `expected a body of at most ${maxBytes} bytes`) : next();
  };
}

const STATUS: Partial<Record<Code, Status>> = {
  not_found: 404,
  rolled_back: 409,
  exists: 409,
  too_large: 413,
  unavailable: 502,
  storage_failed: 503,
  storage_full: 507,
  internal: 500,
};

/**
 * Lets in only the console's own page. Every website open in the same browser can reach loopback, under its
 * own name, under a name that it made point here (so the Host is compared), or as the sender of a form (so
 * the Origin is). What the vault answers is nothing that a browser may show, run or style a page with: so each path is
 * answered for one purpose, `destinationOf` it, and the page alone is navigated to.
 */
export function onlyOwnPage(host: string, destinationOf: (path: string) => Destination): MiddlewareHandler {
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
    const destination = destinationOf(c.req.path);
    if (!isFor(c, destination)) {
      const purpose = PURPOSES[destination];
      return problem(c, 403, 'not_permitted', `this console answers ${purpose} under this path, and nothing else`);
    }
    if (!isFrom(c, destination)) return problem(c, 403, 'wrong_origin', 'this console answers its own page only');
    return next();
  };
}

const PURPOSES: Readonly<Record<Destination, string>> = {
  document: 'a visit to its page',
  script: 'its page’s script',
  image: 'its page’s images',
  empty: 'what its page fetches',
};

/** As the browser says, which no page can make it say otherwise; a request that says nothing is from no browser. */
function isFor(c: Context, destination: Destination): boolean {
  const mode = c.req.header('sec-fetch-mode');
  if (c.req.header('sec-fetch-dest') !== destination) return false;
  if (destination === 'document') return mode === 'navigate';
  // Of a fetch without CORS nothing could be read; of an image nothing is.
  return mode === 'cors' || mode === 'same-origin' || (destination === 'image' && mode === 'no-cors');
}

/** A link may lead to the page (an invitation in a mail does); it may not load anything of it. */
function isFrom(c: Context, destination: Destination): boolean {
  return destination === 'document' || c.req.header('sec-fetch-site') === 'same-origin';
}
