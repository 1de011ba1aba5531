import type { Hex } from '../core/bytes.ts';
import { SILENCE_A_ROUND_MS, UPLOAD_SILENCE_MS } from './limits.ts';
import type { Clock } from './ports.ts';

interface Stall {
  /** The step at which it stands. */
  readonly step: number;
  /** Since when it has come no further. */
  readonly ms: number;
}

/**
 * How long each upload has been without a word of its depositor, and how long it has come no further. Counted in rounds
 * of upkeep, by a clock that is never set and each round for a minute at the most: neither a jump of the wall clock nor a
 * pause of this machine, in which no depositor could be heard, makes a silence. A daemon that has started has just heard
 * of each.
 */
export class Silence {
  readonly #clock: Clock;
  #silentMs: ReadonlyMap<Hex, number> = new Map();
  #stalls: ReadonlyMap<Hex, Stall> = new Map();
  readonly #heard = new Set<Hex>();
  #lookedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedAt = clock.now();
  }

  heard(upload: Hex): void {
    this.#heard.add(upload);
  }

  /** Milliseconds, as of the last round. */
  ofMs(upload: Hex): number {
    return this.#heard.has(upload) ? 0 : (this.#silentMs.get(upload) ?? 0);
  }

  /**
   * Whether what the upload still needs of the disk is kept for it. A word of its depositor keeps no room: an upload has
   * to come a step further within an hour, so that all of it is there before it expires.
   */
  holdsRoom(upload: Hex): boolean {
    return (this.#stalls.get(upload)?.ms ?? 0) < UPLOAD_SILENCE_MS;
  }

  /** To be called with every round, with the uploads that there are and how far each is; forgets all others. */
  look(uploads: readonly { readonly id: Hex; readonly step: number }[]): void {
    const now = this.#clock.now();
    const passedMs = Math.min(now - this.#lookedAt, SILENCE_A_ROUND_MS);
    this.#lookedAt = now;
    this.#silentMs = new Map(uploads.map(({ id }) => [id, this.#heard.has(id) ? 0 : this.ofMs(id) + passedMs]));
    this.#stalls = new Map(
      uploads.map(({ id, step }) => {
        const before = this.#stalls.get(id) ?? { step, ms: 0 };
        return [id, { step, ms: step > before.step ? 0 : before.ms + passedMs }];
      }),
    );
    this.#heard.clear();
  }
}
