import { type Base64url, fromBase64url, type Hex, toBase64url, toHex } from '../core/bytes.ts';
import { digestOf } from '../core/canonical.ts';
import { must } from '../core/errors.ts';
import type { RandomBytes } from '../core/random.ts';
import { Ephemeral } from './ephemeral.ts';
import { CHALLENGE_MS, MAX_CHALLENGES, MAX_SESSIONS, SESSION_MS } from './limits.ts';
import type { Clock } from './ports.ts';

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

/** Challenges, consumed once, and the sessions they lead to; of a session's token only the hash is kept. */
export class Sessions {
  readonly #challenges: Ephemeral<true>;
  readonly #sessions: Ephemeral<Caller>;
  readonly #random: RandomBytes;

  constructor(clock: Clock, random: RandomBytes) {
    this.#challenges = new Ephemeral(clock, CHALLENGE_MS, MAX_CHALLENGES);
    this.#sessions = new Ephemeral(clock, SESSION_MS, MAX_SESSIONS);
    this.#random = random;
  }

  challenge(): { nonce: Hex; expires: number } {
    const nonce = toHex(this.#random(32));
    return { nonce, expires: this.#challenges.put(nonce, true) };
  }

  /** Throws `challenge_unknown` for one that was never given, has been used, or is over two minutes old. */
  consume(nonce: Hex): void {
    const known = this.#challenges.take(nonce);
    must(known !== null, 'challenge_unknown', 'the challenge is unknown, used or too old: ask for a new one');
  }

  open(caller: Caller): { token: Base64url; expires: number } {
    const token = this.#random(32);
    return { token: toBase64url(token), expires: this.#sessions.put(digestOf(token), caller) };
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
    this.#sessions.take(hashOf(token));
  }
}

/** The hash under which a bearer token is kept; what is no token has no session. */
function hashOf(token: string): Hex {
  return /^[A-Za-z0-9_-]{43}$/.test(token) ? digestOf(fromBase64url(token)) : '';
}
