import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal, fromHex, type Hex, toHex, u64 } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { RandomBytes } from '../core/random.ts';
import { type Clocks, steady } from './clock-watch.ts';
import { Ephemeral } from './ephemeral.ts';
import { CHALLENGE_MS, SIGN_INS_A_KEY } from './limits.ts';

const SIGNED_BYTES = 16;
const MAC_BYTES = 16;

/**
 * Challenges that cost nothing until a signature over one has been verified: anybody may ask for any number and
 * present any number, and takes nothing from anybody. `u64 expiry by the clock that is never set ‖ 8 random bytes ‖ HMAC-SHA-256(key, those)[0, 16)`,
 * under a key that lives as long as the process; what a key or credential has signed in with is remembered until it
 * would have expired.
 */
export class Challenges {
  readonly #clocks: Clocks;
  readonly #random: RandomBytes;
  readonly #key: Uint8Array;
  readonly #used: Ephemeral<true>;

  constructor(clocks: Clocks, random: RandomBytes) {
    this.#clocks = clocks;
    this.#random = random;
    this.#key = random(32);
    // None is forgotten early: `consume` bounds how many one key has, and the custodians how many keys there are.
    const unbounded = { maxCount: Number.POSITIVE_INFINITY, maxPerOwner: Number.POSITIVE_INFINITY };
    this.#used = new Ephemeral(steady(clocks), CHALLENGE_MS, unbounded);
  }

  /** When it expires is for people, by the wall clock. */
  issue(): { nonce: Hex; expires: number } {
    const expires = this.#clocks.now() + CHALLENGE_MS;
    const signed = concat(u64(Math.floor(this.#clocks.monotonic()) + CHALLENGE_MS), this.#random(SIGNED_BYTES - 8));
    return { nonce: toHex(concat(signed, this.#mac(signed))), expires };
  }

  /**
   * Before its signature is verified. Throws `challenge_unknown` for one that was never given, has been used, or is
   * over two minutes old.
   */
  require(nonce: Hex): void {
    const bytes = fromHex(nonce);
    const signed = bytes.subarray(0, SIGNED_BYTES);
    const expires = Number(BigInt(`0x${toHex(signed.subarray(0, 8))}`));
    const isOurs =
      equal(bytes.subarray(SIGNED_BYTES), this.#mac(signed)) && expires >= Math.floor(this.#clocks.monotonic());
    const isFresh = isOurs && this.#used.get(nonce) === null;
    must(isFresh, 'challenge_unknown', 'the challenge is unknown, used or too old: ask for a new one');
  }

  /**
   * Uses it up, once its signature has been verified to be by `owner`, a key or credential. Throws as `require`, and
   * `rate_limited` where that one has signed in too often of late.
   */
  consume(nonce: Hex, owner: string): void {
    this.require(nonce);
    const isFew = this.#used.of(owner).length < SIGN_INS_A_KEY;
    must(
      isFew,
      'rate_limited',
      `expected at most ${SIGN_INS_A_KEY} sign-ins of one key in two minutes: wait that long`,
      {
        retryAfterMs: CHALLENGE_MS,
      },
    );
    this.#used.put(nonce, true, owner);
  }

  #mac(signed: Uint8Array): Uint8Array {
    return hmac(sha256, this.#key, signed).subarray(0, MAC_BYTES);
  }
}
