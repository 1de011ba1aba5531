import type { Hex } from '../core/bytes.ts';
import { SILENCE_A_ROUND_MS } from './limits.ts';
import { plainBytesUnderWay } from './plain-bytes.ts';
import type { Clock, Upload } from './ports.ts';
import { RoomHolds } from './room-holds.ts';

/**
 * How long each upload has been without a word of its depositor, and for which depositors room is kept. Counted in rounds
 * of upkeep, by a clock that is never set and each round for a minute at the most: neither a jump of the wall clock nor a
 * pause of this machine, in which no depositor could be heard, makes a silence. A daemon that has started has just heard
 * of each.
 */
export class Silence {
  readonly room: RoomHolds = new RoomHolds();
  readonly #clock: Clock;
  #silentMs: ReadonlyMap<Hex, number> = new Map();
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

  /** To be called with every round, with the uploads that there are; forgets all others. */
  look(uploads: readonly Upload[]): void {
    const now = this.#clock.now();
    const passedMs = Math.min(now - this.#lookedAt, SILENCE_A_ROUND_MS);
    this.#lookedAt = now;
    this.#silentMs = new Map(uploads.map(({ id }) => [id, this.#heard.has(id) ? 0 : this.ofMs(id) + passedMs]));
    this.room.pass(passedMs, plainBytesUnderWay(uploads));
    this.#heard.clear();
  }
}
