import type { z } from 'zod';
import { TwinlockError } from '../core/errors.ts';
import type { RefusedAct } from '../core/log/entry.ts';
import { SMALL_ANSWER_BYTES, SMALL_BODY_BYTES, STRANGERS_BODY_BYTES } from './sizes.ts';

export type Role = 'custodian' | 'depositor' | 'requester' | 'auditor';

/** Kinds of request by the work they cost. Each kind has its own places, so a caller who waits can still ask. */
export type Work = 'small' | 'large' | 'wait';

/** A body of bytes that is no JSON. */
type Octets = 'octets';

/** One route of the API, for the vault, its clients and a custodian's console alike. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Parameters stand in braces: `/v1/proposals/{digest}`. */
  readonly path: string;
  /** Describes the answer in the API documentation. */
  readonly says: string;
  /**
   * Who may ask: a session of one of these roles, the holder of an invitation or of a host's token, or every caller
   * (`anybody`). All but `anybody` show a bearer token.
   */
  readonly access: readonly Role[] | 'invitation' | 'host' | 'anybody';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Absent where none is taken. */
  readonly body?: z.ZodType | Octets;
  /** Absent where the answer has no body (status 204). */
  readonly answer?: z.ZodType | Octets;
  /** Whether a client may ask for one range of the answer, `bytes=FIRST-LAST` (status 206). */
  readonly isRanged?: boolean;
  /** `small` unless it says otherwise. */
  readonly work?: Work;
  /** If absent: `STRANGERS_BODY_BYTES` for `anybody`, and `SMALL_BODY_BYTES` for callers who show a token. */
  readonly maxBodyBytes?: number | Readonly<Partial<Record<Role, number>>>;
  /** Otherwise `SMALL_ANSWER_BYTES`. */
  readonly maxAnswerBytes?: number;
  /** The act under which the vault counts and logs refusals of a caller who has a session. */
  readonly act?: RefusedAct;
  /** A custodian's console forwards it. */
  readonly isForConsole?: boolean;
}

/** The values that the schemas of a request and its answer decode to. */
type Decoded<S> = S extends z.ZodType ? z.output<S> : undefined;
export type ParamsOf<R extends Route> = Decoded<R['params']>;
export type QueryOf<R extends Route> = Decoded<R['query']>;
export type RequestBodyOf<R extends Route> = Decoded<R['body']>;
export type AnswerOf<R extends Route> = Decoded<R['answer']>;

/** The most bytes that a request's body may have; `role` is null for a caller without a session. */
export function maxBodyBytes({ access, maxBodyBytes: own }: Route, role: Role | null): number {
  const most = typeof own === 'object' && role !== null ? own[role] : own;
  if (typeof most === 'number') return most;
  return access === 'anybody' ? STRANGERS_BODY_BYTES : SMALL_BODY_BYTES;
}

/** The most bytes that an answer's body may have. */
export function maxAnswerBytes({ maxAnswerBytes: own }: Route): number {
  return own ?? SMALL_ANSWER_BYTES;
}

/** The path as Hono writes it: `/v1/proposals/:digest`. */
export function patternOf({ path }: Route): string {
  return path.replace(/\{([a-z]+)\}/g, ':$1');
}

/** The path of a request, query included. Throws `malformed` for a value that the route does not take. */
export function requestTargetOf(
  { path, params, query }: Route,
  asked: { readonly params?: object | undefined; readonly query?: object | undefined },
): string {
  const texts = new Map(textsOf(params, asked.params, 'param'));
  const filled = path.replace(/\{([a-z]+)\}/g, (_, name: string) => texts.get(name) ?? '');
  const search = textsOf(query, asked.query, 'query').map(([name, text]) => `${name}=${text}`);
  return search.length === 0 ? filled : `${filled}?${search.join('&')}`;
}

function textsOf(schema: z.ZodObject | undefined, values: object = {}, what: string): [name: string, text: string][] {
  return Object.entries(values).map(([name, value]) => {
    const member = schema?.shape[name] as z.ZodType | undefined;
    if (member === undefined) throw new TwinlockError('malformed', `${what}: expected no ${name}`);
    return [name, encodeURIComponent(String(encoded(member, value, `${what}.${name}`)))];
  });
}

/** Whether a caller may leave the member out. */
export function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success;
}

/** The value that was sent. Attacker-controlled. Throws `malformed`, naming the first member that is wrong. */
export function decoded<S extends z.ZodType>(schema: S, sent: unknown, what: string): z.output<S> {
  return requireParsed(schema.safeDecode(sent as z.input<S>), what);
}

/** Encodes a value for sending. Throws `malformed`, which names the first wrong member. */
export function encoded<S extends z.ZodType>(schema: S, value: z.output<S>, what: string): z.input<S> {
  return requireParsed(schema.safeEncode(value), what);
}

function requireParsed<T>(result: z.ZodSafeParseResult<T>, what: string): T {
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [what, ...(issue?.path ?? []).map(String)].join('.');
  throw new TwinlockError('malformed', `${path}: ${issue?.message ?? 'not as specified'}`, { path });
}
