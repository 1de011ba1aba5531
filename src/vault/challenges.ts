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
 * Challenges for sign-ins. The vault stores nothing for a challenge until it has verified a signature over it, so
 * callers may ask for any number of challenges at no cost to other callers. A challenge is 32 bytes:
 * `u64 expiry on the monotonic clock, ms ‖ 8 random bytes ‖ HMAC-SHA-256(key, the first 16 bytes)[0, 16)`. The HMAC key
 * is 32 random bytes and lives as long as the process. The vault remembers a used challenge until it expires.
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
    // No used challenge may be forgotten early. `consume` bounds the number per key; custodians bound the number of
    // keys.
    const unbounded = { maxCount: Number.POSITIVE_INFINITY, maxPerOwner: Number.POSITIVE_INFINITY };
    this.#used = new Ephemeral(steady(clocks), CHALLENGE_MS, unbounded);
  }

  /** Returns a new challenge. `expires` is for display: milliseconds since the epoch, by the wall clock. */
  issue(): { nonce: Hex; expires: number } {
    const expires = this.#clocks.now() + CHALLENGE_MS;
    const signed = concat(u64(Math.floor(this.#clocks.monotonic()) + CHALLENGE_MS), this.#random(SIGNED_BYTES - 8));
    return { nonce: toHex(concat(signed, this.#mac(signed))), expires };
  }

  /**
   * Checks a challenge before its signature is verified. Throws `challenge_unknown` if the vault never issued it, if it
   * has been used, or if it is over two minutes old.
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
   * Marks a challenge as used. Call it after its signature by `owner`, a key or credential, has been verified. Throws as
   * `require`, and `rate_limited` if `owner` has signed in `SIGN_INS_A_KEY` times in the last two minutes.
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
