import type { Context, MiddlewareHandler } from 'hono';
import { type Code, TwinlockError } from '../../../src/core/errors.ts';
import { systemError } from '../../../src/platform/files/system-error.ts';
import type { Destination } from './bundle.ts';

type Status = 400 | 403 | 404 | 409 | 413 | 421 | 500 | 502 | 503 | 504 | 507;

/** Answers with a refusal by the console, in the same form as the vault's refusals. */
export function problem(c: Context, status: Status, code: Code, message: string): Response {
  return c.json({ code, message, detail: {} }, status);
}

/** Answers an error with a refusal. An unexpected error is written to the terminal, and the page gets no details. */
export function problemOf(c: Context, thrown: unknown): Response {
  const error = systemError(thrown);
  if (!(error instanceof TwinlockError)) {
    process.stderr.write(`the console failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    return problem(c, 500, 'internal', 'the console failed; see its terminal');
  }
  return problem(c, STATUS[error.code] ?? 400, error.code, error.message);
}

/** Refuses a larger body before reading it: the request states its length, and Node's parser enforces it. */
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
 * Accepts only requests of the console's own page. Every website open in the same browser can reach loopback: under its
 * own name, under a name that it made point here (so this compares the Host), or by a form (so this compares the Origin).
 * A browser must not show or run an answer of the vault: so each path answers only for one purpose, `destinationOf` the
 * path, and a browser can navigate only to the page.
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

/** Compares the purpose that the browser states, which a page cannot change; a browser always states one. */
function isFor(c: Context, destination: Destination): boolean {
  const mode = c.req.header('sec-fetch-mode');
  if (c.req.header('sec-fetch-dest') !== destination) return false;
  if (destination === 'document') return mode === 'navigate';
  // A page cannot read the answer of a fetch without CORS, nor the bytes of an image.
  return mode === 'cors' || mode === 'same-origin' || (destination === 'image' && mode === 'no-cors');
}

/** A link of another site may open the page, as an invitation in a mail does; another site may not load its parts. */
function isFrom(c: Context, destination: Destination): boolean {
  return destination === 'document' || c.req.header('sec-fetch-site') === 'same-origin';
}
