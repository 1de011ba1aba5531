import type { Context as Hono, MiddlewareHandler } from 'hono';
import { must } from '../core/errors.ts';
import { holdSocket } from '../sockets/connections.ts';
import { invited } from '../vault/founding.ts';
import { SMALL_BODY_BYTES, STRANGERS_BODY_BYTES } from '../vault/limits.ts';
import { type Caller, nameOf } from '../vault/sessions.ts';
import type { Work } from '../vault/shares.ts';
import { callerOf as callerOfToken } from '../vault/sign-in.ts';
import { bodyBytes, readJson } from './body.ts';
import { bearerOf, type Env } from './env.ts';

/** Who may use a route, and what of: all of it is decided before any of the body is read. */
interface Access {
  /** Everybody's, unless said. */
  readonly roles?: readonly Caller['role'][];
  readonly work?: Work;
  readonly maxBodyBytes?: number | ((caller: Caller) => number);
}

const SIGNED_IN: { bearer: string[] }[] = [{ bearer: [] }];
const EVERY_ROLE: readonly Caller['role'][] = ['custodian', 'depositor', 'requester', 'auditor'];

/** For sessions: first the role, then the caller's shares, then the body. `callerOf` then says who it is. */
export function bySession({ roles = EVERY_ROLE, work = 'small', maxBodyBytes = SMALL_BODY_BYTES }: Access = {}) {
  const middleware: MiddlewareHandler<Env> = async (c, next) => {
    const context = c.get('context');
    const caller = callerOfToken(context, bearerOf(c));
    must(roles.includes(caller.role), 'not_permitted', `this is for ${roles.join(' or ')}, not for ${caller.role}`);
    c.set('caller', caller);
    const { requests, bodyBytes: allowance } = context.shares;
    untilAnswered(c, requests[work].enter(nameOf(caller)));
    const bytes = sized(c, typeof maxBodyBytes === 'number' ? maxBodyBytes : maxBodyBytes(caller));
    if (c.req.method !== 'PUT') {
      allowance.take(nameOf(caller), bytes);
      await readJson(c, bytes);
    }
    await next();
  };
  return { security: SIGNED_IN, middleware };
}

/** For those who hold an invitation, before there is a log. */
export function byInvitation() {
  const middleware: MiddlewareHandler<Env> = async (c, next) => {
    await invited(c.get('context'), bearerOf(c));
    await readJson(c, sized(c, SMALL_BODY_BYTES));
    await next();
  };
  return { security: SIGNED_IN, middleware };
}

/** For anybody: a little, of which nothing is remembered. */
export function byAnybody() {
  const middleware: MiddlewareHandler<Env> = async (c, next) => {
    await readJson(c, sized(c, STRANGERS_BODY_BYTES));
    await next();
  };
  return { middleware };
}

/** For the holders of a host's token: the use case looks at it, and no body is read. */
export function byHostToken() {
  return { security: SIGNED_IN };
}

/** Who asks, behind `bySession`. */
export function callerOf(c: Hono<Env>): Caller {
  return c.get('caller');
}

/** Gives a place back once the answer has been taken, or the connection is gone; its socket stands until then. */
export function untilAnswered(c: Hono<Env>, leave: () => void): void {
  const { incoming, outgoing } = c.env;
  const release = holdSocket(incoming.socket);
  outgoing.once('close', () => {
    leave();
    release();
  });
}

function sized(c: Hono<Env>, maxBytes: number): number {
  const bytes = bodyBytes(c);
  must(bytes <= maxBytes, 'too_large', `expected a body of at most ${maxBytes} bytes, got ${bytes}`);
  return bytes;
}
