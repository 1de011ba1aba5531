import { type Base64url, fromBase64url, type Hex, toBase64url } from '../core/bytes.ts';
import { digestOf } from '../core/canonical.ts';
import { must } from '../core/errors.ts';
import type { RandomBytes } from '../core/random.ts';
import { type Clocks, steady } from './clock-watch.ts';
import { Ephemeral } from './ephemeral.ts';
import { MAX_SESSIONS, SESSION_MS, SESSIONS_A_CALLER } from './limits.ts';

/** Who is asking, as the door has established it. */
export type Caller = CustodianCaller | PrincipalCaller;

export interface CustodianCaller {
  readonly role: 'custodian';
  readonly person: Hex;
  readonly name: string;
  readonly credential: Base64url;
}

export interface PrincipalCaller {
  readonly role: 'depositor' | 'requester' | 'auditor';
  /** The key's owner. */
  readonly person: Hex;
  readonly name: string;
  /** `ed25519:…` */
  readonly key: string;
}

/** Sessions, in memory only; of a session's token only the hash is kept. */
export class Sessions {
  readonly #sessions: Ephemeral<Caller>;
  readonly #clocks: Clocks;
  readonly #random: RandomBytes;

  constructor(clocks: Clocks, random: RandomBytes) {
    this.#clocks = clocks;
    this.#sessions = new Ephemeral(steady(clocks), SESSION_MS, {
      maxCount: MAX_SESSIONS,
      maxPerOwner: SESSIONS_A_CALLER,
    });
    this.#random = random;
  }

  /** When it expires is for people, by the wall clock; it ends by the one that is never set. */
  open(caller: Caller): { token: Base64url; expires: number } {
    const token = this.#random(32);
    this.#sessions.put(digestOf(token), caller, callerNameOf(caller));
    return { token: toBase64url(token), expires: this.#clocks.now() + SESSION_MS };
  }

  /** Throws `unauthenticated` for anything that is not the token of a live session. */
  caller(token: string | null): Caller {
    const found = token === null ? null : this.#sessions.get(hashOf(token));
    must(
      found !== null,
      'unauthenticated',
      'no live session: sign in (sessions end after 8 hours and when the daemon restarts)',
    );
    return found.value;
  }

  close(token: string): void {
    this.#sessions.drop(hashOf(token));
  }
}

/** The credential or key that a caller has shown. */
export function callerNameOf(caller: Caller): string {
  return caller.role === 'custodian' ? caller.credential : caller.key;
}

/** The hash under which a bearer token is kept; what is no token has no session. */
function hashOf(token: string): Hex {
  return /^[A-Za-z0-9_-]{43}$/.test(token) ? digestOf(fromBase64url(token)) : '';
}
