import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context as Hono } from 'hono';
import type { z } from 'zod';
import type { Context } from '../vault/context.ts';
import type { Caller } from '../vault/sessions.ts';
import { problem } from '../wire/fields.ts';

export interface Env {
  Bindings: HttpBindings;
  Variables: {
    context: Context;
    /** Who asks, where a session is asked for. */
    caller: Caller;
    /** The code that was answered, or what went wrong inside. */
    failure: unknown;
  };
}
export type App = OpenAPIHono<Env>;

/** Of every answer. */
export const COMMON_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

/** The bearer token of the request, or null. */
export function bearerOf(c: Hono): string | null {
  return /^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(c.req.header('authorization') ?? '')?.[1] ?? null;
}

/** A body of this schema. */
export const body = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

export const REFUSED = {
  description: 'refused, with a stable code',
  content: { 'application/json': { schema: problem } },
};

/** The one good answer of a route, and what every route may refuse with. */
export const answers = <S extends z.ZodType>(schema: S, description: string) => ({
  200: { description, content: { 'application/json': { schema } } },
  default: REFUSED,
});
