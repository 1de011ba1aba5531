import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context as Hono } from 'hono';
import type { z } from 'zod';
import { fromBase64url, type Hex } from '../core/bytes.ts';
import type { Context } from '../vault/context.ts';
import type { Caller } from '../vault/sessions.ts';
import { problem } from '../wire/fields.ts';

export interface Env {
  Variables: {
    /** The code that was answered, or what went wrong inside. */
    failure: unknown;
  };
}
export type App = OpenAPIHono<Env>;

/** The bearer token of the request, or null. */
export function bearerOf(c: Hono): string | null {
  return /^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(c.req.header('authorization') ?? '')?.[1] ?? null;
}

/** Who asks, by their session. Throws `unauthenticated`. */
export function callerOf(c: Hono, context: Context): Caller {
  return context.sessions.caller(bearerOf(c));
}

/** A body of this schema. */
export const body = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

/** The one good answer of a route, and what every route may refuse with. */
export const answers = <S extends z.ZodType>(schema: S, description: string) => ({
  200: { description, content: { 'application/json': { schema } } },
  default: { description: 'refused, with a stable code', content: { 'application/json': { schema: problem } } },
});

export const SIGNED_IN: { bearer: string[] }[] = [{ bearer: [] }];

export function bytesByDigest(objects: Record<string, string>): Map<Hex, Uint8Array> {
  return new Map(Object.entries(objects).map(([digest, text]) => [digest, fromBase64url(text)]));
}
