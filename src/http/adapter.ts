import type { z } from 'zod';
import { must } from '../core/errors.ts';
import { holdSocket, networkOf } from '../sockets/connections.ts';
import type { Context } from '../vault/context.ts';
import { type InvitedFounder, invited } from '../vault/founding.ts';
import type { TokenRow } from '../vault/ports.ts';
import { type OctetRange, type Range, readerOf } from '../vault/serve-weights.ts';
import { type Caller, type CustodianCaller, callerNameOf, type PrincipalCaller } from '../vault/sessions.ts';
import { callerOf } from '../vault/sign-in.ts';
import {
  type AnswerOf,
  decoded,
  encoded,
  isOptional,
  maxBodyBytes,
  type ParamsOf,
  patternOf,
  type QueryOf,
  type RequestBodyOf,
  type Role,
  type Route,
} from '../wire/route.ts';
import { bodyBytes, readJson, received } from './body.ts';
import { type App, bearerOf, type Exchange } from './env.ts';
import { rangeOf, sendOctets } from './octets.ts';

/** Who asks, as far as the route's access says. */
type CallerOf<R extends Route> = R['access'] extends 'invitation'
  ? InvitedFounder
  : R['access'] extends 'host'
    ? TokenRow
    : R['access'] extends readonly 'custodian'[]
      ? CustodianCaller
      : R['access'] extends readonly PrincipalCaller['role'][]
        ? PrincipalCaller
        : R['access'] extends readonly Role[]
          ? Caller
          : null;

/** A request whose caller may ask, and whose form is as the route says. */
interface Asked<R extends Route> {
  readonly caller: CallerOf<R>;
  readonly params: ParamsOf<R>;
  readonly query: QueryOf<R>;
  readonly body: RequestBodyOf<R>;
  /** The body of a route that takes octets; to be read once. */
  readonly octets: AsyncIterable<Uint8Array>;
  /** Null for all bytes. */
  readonly range: Range | null;
  /** The bearer token as it was shown. */
  readonly token: string | null;
  /** The caller's network address. */
  readonly address: string;
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal;
}

/** The answer of an act. Views are read-only. */
type DeepReadonly<T> = T extends Uint8Array
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<K, V>
    : T extends object
      ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T;
type Shown<R extends Route> = R['answer'] extends 'octets'
  ? OctetRange
  : R['answer'] extends z.ZodType
    ? DeepReadonly<AnswerOf<R>>
    : unknown;
type Act<R extends Route> = (asked: Asked<R>) => Promise<Shown<R>> | Shown<R>;

export type Serve = <const R extends Route>(route: R, act: Act<R>) => void;

/**
 * Serves routes. For each request: who asks, whether they may, what of their share is left, and how long the body is.
 * All of that comes before any of the body is read. Then the body is decoded, the act is done, and its answer encoded.
 */
export function adapter(app: App, context: Context): Serve {
  return (route, act) => {
    app.on(route.method, patternOf(route), async (c) => {
      // A host's token is looked up in the store, so the form of the request comes before that.
      const early = route.access === 'host' ? inputOf(c, route) : null;
      const answer = await admit(c, context, route, async (caller) => {
        const asked = { caller, ...(early ?? inputOf(c, route)), body: await bodyOf(c, context, route, caller) };
        return act(asked as unknown as Asked<typeof route>);
      });
      return respond(c, route, answer);
    });
  };
}

type AnyCaller = Caller | InvitedFounder | TokenRow | null;

/** Finds out who asks, and does the work if they may. What a caller in a session is refused is counted. */
async function admit<T>(
  c: Exchange,
  context: Context,
  route: Route,
  work: (caller: AnyCaller) => Promise<T>,
): Promise<T> {
  const { access, act } = route;
  if (access === 'anybody') return work(null);
  if (access === 'invitation') return work(await invited(context, bearerOf(c)));
  if (access === 'host') {
    // HEAD comes here too, and would take bytes from the budget for a body that is not sent.
    must(c.req.method === 'GET', 'malformed', 'expected GET');
    const reader = await readerOf(context, bearerOf(c));
    untilAnswered(c, context.shares.reads.enter(reader.hash));
    return work(reader);
  }
  const caller = callerOf(context, bearerOf(c));
  const asRole = async () => {
    must(access.includes(caller.role), 'not_permitted', `this is for ${access.join(' or ')}, not for ${caller.role}`);
    untilAnswered(c, context.shares.requests[route.work ?? 'small'].enter(callerNameOf(caller)));
    return work(caller);
  };
  return act === undefined ? asRole() : context.refusals.watch(act, caller, asRole);
}

async function bodyOf(c: Exchange, { shares }: Context, route: Route, caller: AnyCaller): Promise<unknown> {
  if (route.access === 'host') return undefined;
  const session = caller !== null && 'role' in caller ? caller : null;
  const length = bodyBytes(c);
  const mostBytes = maxBodyBytes(route, session?.role ?? null);
  must(length <= mostBytes, 'too_large', `expected a body of at most ${mostBytes} bytes, got ${length}`);
  if (route.body === 'octets') {
    const isOctets = c.req.header('content-type') === 'application/octet-stream';
    must(isOctets, 'malformed', 'expected content-type application/octet-stream');
    return undefined;
  }
  if (session !== null) shares.bodyBytes.take(callerNameOf(session), length);
  const sent = length === 0 ? undefined : await readJson(c, length);
  if (route.body === undefined) return undefined;
  must(length > 0 || isOptional(route.body), 'malformed', 'json: expected a body of JSON');
  return decoded(route.body, sent, 'json');
}

function inputOf(c: Exchange, { params, query, isRanged = false }: Route) {
  const values = Object.entries(c.req.queries()).map(([name, all]) => [name, all.length === 1 ? all[0] : all] as const);
  return {
    params: params === undefined ? undefined : decoded(params, c.req.param(), 'param'),
    query: query === undefined ? undefined : decoded(query, Object.fromEntries(values), 'query'),
    range: isRanged ? rangeOf(c.req.header('range')) : null,
    octets: received(c.env.incoming),
    token: bearerOf(c),
    address: networkOf(c.env.incoming.socket.remoteAddress ?? ''),
    signal: c.req.raw.signal,
  };
}

/** Answers as the route says. */
export function respond(c: Exchange, route: Route, answer: unknown): Promise<Response> | Response {
  const { answer: schema, isRanged = false } = route;
  if (schema === undefined) return c.body(null, 204);
  if (schema === 'octets') return sendOctets(c, answer as OctetRange, isRanged && c.req.header('range') !== undefined);
  return c.json(encoded(schema, answer, 'answer') as object, 200);
}

/** Gives a place back once the answer has been taken, or the connection is gone; its socket stands until then. */
export function untilAnswered(c: Exchange, leave: () => void): void {
  const { incoming, outgoing } = c.env;
  const release = holdSocket(incoming.socket);
  outgoing.once('close', () => {
    leave();
    release();
  });
}
