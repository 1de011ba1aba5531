import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal, fromHex, type Hex, toHex, u64 } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { RandomBytes } from '../core/random.ts';
import { Ephemeral } from './ephemeral.ts';
import { CHALLENGE_MS, MAX_CHALLENGES } from './limits.ts';
import type { Clock } from './ports.ts';

const SIGNED_BYTES = 16;
const MAC_BYTES = 16;

/**
 * Challenges that cost nothing until they are presented: anybody may ask for any number, and pushes out
 * nobody's. `u64 expiry ‖ 8 random bytes ‖ HMAC-SHA-256(key, those)[0, 16)`, under a key that lives as long as
 * the process; what has been presented is remembered until it would have expired.
 */
export class Challenges {
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #key: Uint8Array;
  readonly #used: Ephemeral<true>;

  constructor(clock: Clock, random: RandomBytes) {
    this.#clock = clock;
    this.#random = random;
    this.#key = random(32);
    this.#used = new Ephemeral(clock, CHALLENGE_MS, { maxCount: MAX_CHALLENGES, maxPerOwner: MAX_CHALLENGES });
  }

  issue(): { nonce: Hex; expires: number } {
    const expires = this.#clock.now() + CHALLENGE_MS;
    const signed = concat(u64(expires), this.#random(SIGNED_BYTES - 8));
    return { nonce: toHex(concat(signed, this.#mac(signed))), expires };
  }

  /** Throws `challenge_unknown` for one that was never given, has been used, or is over two minutes old. */
  consume(nonce: Hex): void {
    const bytes = fromHex(nonce);
    const signed = bytes.subarray(0, SIGNED_BYTES);
    const expires = Number(BigInt(`0x${toHex(signed.subarray(0, 8))}`));
    const isOurs = equal(bytes.subarray(SIGNED_BYTES), this.#mac(signed)) && expires >= this.#clock.now();
    const isFresh = isOurs && this.#used.get(nonce) === null;
    must(isFresh, 'challenge_unknown', 'the challenge is unknown, used or too old: ask for a new one');
    // Where so many are presented that the oldest would be forgotten, nobody signs in for a while.
    must(this.#used.size < MAX_CHALLENGES, 'rate_limited', 'too many sign in at once: try again in two minutes');
    this.#used.put(nonce, true, '');
  }

  #mac(signed: Uint8Array): Uint8Array {
    return hmac(sha256, this.#key, signed).subarray(0, MAC_BYTES);
  }
}
