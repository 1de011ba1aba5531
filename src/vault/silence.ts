import type { Hex } from '../core/bytes.ts';
import { SILENCE_A_ROUND_MS } from './limits.ts';
import { plainBytesUnderWay } from './plain-bytes.ts';
import type { Clock, Upload } from './ports.ts';
import { RoomHolds } from './room-holds.ts';

/**
 * Measures how long each upload has had no request of its depositor, and for which depositors the vault keeps disk room.
 * Each round of upkeep adds the time since the last round, by a monotonic clock and at most one minute. So neither a jump
 * of the wall clock nor a pause of this machine counts as silence. All silences are zero when the daemon starts.
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

  /** Returns the silence of an upload in milliseconds, as of the last round. */
  ofMs(upload: Hex): number {
    return this.#heard.has(upload) ? 0 : (this.#silentMs.get(upload) ?? 0);
  }

  /**
   * Counts the time since the last round. `uploads` are all that exist; others are forgotten. Upkeep calls it each
   * round.
   */
  look(uploads: readonly Upload[]): void {
    const now = this.#clock.now();
    const passedMs = Math.min(now - this.#lookedAt, SILENCE_A_ROUND_MS);
    this.#lookedAt = now;
    this.#silentMs = new Map(uploads.map(({ id }) => [id, this.#heard.has(id) ? 0 : this.ofMs(id) + passedMs]));
    this.room.pass(passedMs, plainBytesUnderWay(uploads));
    this.#heard.clear();
  }
}
