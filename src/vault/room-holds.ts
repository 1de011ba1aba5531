import type { Hex } from '../core/bytes.ts';
import { UPLOAD_READ_BYTES_AN_HOUR, UPLOAD_SILENCE_MS, UPLOAD_STEPS } from './limits.ts';

/** What a depositor has under way. Plaintext bytes, of all their uploads. */
export interface UnderWay {
  readonly bytes: number;
  readonly storedBytes: number;
}

interface Hold {
  /** How long too little has come. */
  readonly stallMs: number;
  /** Of which parts that were stored since the last step. */
  readonly receivedBytes: number;
  /** The most that was under way at once since then. */
  readonly mostBytes: number;
  readonly isLost: boolean;
}

const FRESH: Hold = { stallMs: 0, receivedBytes: 0, mostBytes: 0, isLost: false };

/**
 * For which depositors the disk’s room is kept that their uploads still need. It is counted by depositor, whatever their
 * uploads are called and however often they begin anew. A step is a 168th (`UPLOAD_STEPS`) of the most that was under way
 * since the last step, in parts that were stored. A depositor without a step for an hour, and for the time that it takes
 * to read again what is stored, loses the hold. They have it again once a step has come and the room is found anew, or
 * after as long a time in which nothing of theirs is under way.
 */
export class RoomHolds {
  readonly #holds = new Map<Hex, Hold>();
  readonly #asked = new Set<Hex>();

  isKeptFor(depositor: Hex): boolean {
    return !this.#of(depositor).isLost;
  }

  /** A part has been stored. */
  received(depositor: Hex, bytes: number): void {
    const hold = this.#of(depositor);
    this.#holds.set(depositor, { ...hold, receivedBytes: hold.receivedBytes + bytes });
  }

  /** There is room for all that the depositor has under way, `bytes`; no other is promised it before this returns. */
  found(depositor: Hex, bytes: number): void {
    const hold = this.#of(depositor);
    const known = { ...hold, mostBytes: Math.max(hold.mostBytes, bytes) };
    this.#holds.set(depositor, hold.isLost && isStep(known) ? { ...FRESH, mostBytes: bytes } : known);
    this.#asked.add(depositor);
  }

  /** Time passes. `underWay` is of every depositor with uploads; one who has asked since the last time counts as one. */
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

/** Null once all is forgotten. */
function rested(hold: Hold, passedMs: number): Hold | null {
  return hold.stallMs <= passedMs ? null : { ...hold, stallMs: hold.stallMs - passedMs };
}

function isStep({ receivedBytes, mostBytes }: Hold): boolean {
  return receivedBytes >= Math.max(1, mostBytes / UPLOAD_STEPS);
}
