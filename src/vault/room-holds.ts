import type { Hex } from '../core/bytes.ts';
import { UPLOAD_READ_BYTES_AN_HOUR, UPLOAD_SILENCE_MS, UPLOAD_STEPS } from './limits.ts';

/** Plaintext bytes of all open uploads of a depositor: in total, and stored. */
export interface UnderWay {
  readonly bytes: number;
  readonly storedBytes: number;
}

interface Hold {
  /** Time since the last step. */
  readonly stallMs: number;
  /** Bytes of parts that were stored since the last step. */
  readonly receivedBytes: number;
  /** Most bytes that were under way at once since the last step. */
  readonly mostBytes: number;
  readonly isLost: boolean;
}

const FRESH: Hold = { stallMs: 0, receivedBytes: 0, mostBytes: 0, isLost: false };

/**
 * Decides for which depositors the vault keeps the disk room that their uploads still need. It counts by depositor, so
 * new names and restarts of uploads change nothing. A depositor makes a step when the parts stored since the last step
 * reach a 168th (`UPLOAD_STEPS`) of the most that was under way since then. A depositor loses the hold after an hour
 * without a step, plus the time that it takes to read the stored parts again. The depositor regains the hold with a step
 * and a new check of the room, or after an equal time without uploads.
 */
export class RoomHolds {
  readonly #holds = new Map<Hex, Hold>();
  readonly #asked = new Set<Hex>();

  isKeptFor(depositor: Hex): boolean {
    return !this.#of(depositor).isLost;
  }

  /** Counts a stored part. */
  received(depositor: Hex, bytes: number): void {
    const hold = this.#of(depositor);
    this.#holds.set(depositor, { ...hold, receivedBytes: hold.receivedBytes + bytes });
  }

  /** Records that the disk has room for the `bytes` that the depositor has under way. */
  found(depositor: Hex, bytes: number): void {
    const hold = this.#of(depositor);
    const known = { ...hold, mostBytes: Math.max(hold.mostBytes, bytes) };
    this.#holds.set(depositor, hold.isLost && isStep(known) ? { ...FRESH, mostBytes: bytes } : known);
    this.#asked.add(depositor);
  }

  /** Counts passed time. `underWay` has every depositor with uploads; one who asked for room since then counts too. */
  pass(passedMs: number, underWay: ReadonlyMap<Hex, UnderWay>): void {
    for (const depositor of new Set([...this.#holds.keys(), ...underWay.keys()])) {
      const hold = this.#of(depositor);
      const now = underWay.get(depositor) ?? (this.#asked.has(depositor) ? { bytes: 0, storedBytes: 0 } : null);
      const next = now === null ? rested(hold, passedMs) : worked(hold, passedMs, now);
      if (next === null) this.#holds.delete(depositor);
      else this.#holds.set(depositor, next);
    }
    this.#asked.clear();
  }

  #of(depositor: Hex): Hold {
    return this.#holds.get(depositor) ?? FRESH;
  }
}

function worked(hold: Hold, passedMs: number, { bytes, storedBytes }: UnderWay): Hold {
  const known = { ...hold, mostBytes: Math.max(hold.mostBytes, bytes) };
  if (!hold.isLost && isStep(known)) return { ...FRESH, mostBytes: bytes };
  const stallMs = hold.stallMs + passedMs;
  const patienceMs = UPLOAD_SILENCE_MS * (1 + storedBytes / UPLOAD_READ_BYTES_AN_HOUR);
  return { ...known, stallMs, isLost: hold.isLost || stallMs >= patienceMs };
}

/** Reduces the stall of a depositor without uploads; null once none is left. */
function rested(hold: Hold, passedMs: number): Hold | null {
  return hold.stallMs <= passedMs ? null : { ...hold, stallMs: hold.stallMs - passedMs };
}

function isStep({ receivedBytes, mostBytes }: Hold): boolean {
  return receivedBytes >= Math.max(1, mostBytes / UPLOAD_STEPS);
}
