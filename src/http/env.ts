import type { HttpBindings } from '@hono/node-server';
import type { Hono, Context as HonoContext } from 'hono';

export interface Env {
  Bindings: HttpBindings;
  Variables: {
    /** The code that was answered, or what went wrong inside. */
    failure: unknown;
  };
}
export type App = Hono<Env>;
export type Exchange = HonoContext<Env>;

/** Headers sent with every response. */
export const COMMON_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

/** The bearer token of the request, or null. */
export function bearerOf(c: Exchange): string | null {
  return /^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(c.req.header('authorization') ?? '')?.[1] ?? null;
}
