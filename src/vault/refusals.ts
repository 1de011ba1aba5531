import { type Code, TwinlockError } from '../core/errors.ts';
import type { EntryBodyOf, RefusedAct } from '../core/log/entry.ts';
import { excessOf, isKnownCaller, withRefusal } from '../core/state/entries/refusal.ts';
import type { Facts } from '../core/state/state.ts';
import type { Clocks } from './clock-watch.ts';
import { MAX_REFUSALS, REFUSALS_A_CALLER, REFUSALS_MS } from './limits.ts';
import { type Caller, callerNameOf } from './sessions.ts';

interface Tellable {
  /** The key of the folded refusal. */
  readonly key: string;
  readonly body: EntryBodyOf<'refusal'>;
}

/** Refused requests that are not in the log yet, folded by code, act and caller. */
export class Refusals {
  readonly #clocks: Clocks;
  #folded = new Map<string, EntryBodyOf<'refusal'>>();
  /** By the clock that is never set: one that is set back silences nothing. */
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
  }

  /** Runs `work`; what it throws is counted and thrown on. A caller who went away (`cancelled`) was not refused. */
  async watch<T>(act: RefusedAct, caller: Caller, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isRefusal = error instanceof TwinlockError && error.code !== 'cancelled';
      if (isRefusal) this.note(error.code, act, callerNameOf(caller));
      throw error;
    }
  }

  /** `known` is a credential id, a key, or null for the vault itself. */
  note(code: Code, act: RefusedAct, known: string | null): void {
    // Past its bound a caller's refusals are still counted, but no longer told apart from others'.
    const who = this.#isToldApart(code, act, known) ? known : null;
    const key = `${code} ${act} ${who}`;
    const before = this.#folded.get(key);
    const since = before?.since ?? this.#clocks.now();
    this.#folded.set(key, { code, act, who, count: (before?.count ?? 0) + 1, since });
  }

  #isToldApart(code: Code, act: RefusedAct, known: string | null): boolean {
    if (this.#folded.has(`${code} ${act} ${known}`)) return true;
    const own = [...this.#folded.values()].filter(({ who }) => who === known).length;
    return own < REFUSALS_A_CALLER && this.#folded.size < MAX_REFUSALS;
  }

  /** Whether it is time to look for what may be told: no more often than `REFUSALS_MS`. */
  get isDue(): boolean {
    return this.#folded.size > 0 && this.#clocks.monotonic() - this.#toldMs >= REFUSALS_MS;
  }

  /**
   * What the log has room for (core/state/entries/refusal) in entries that are dated `timeMs`, at most `maxCount`. All
   * of it stays, and goes on being counted, until `forget` is told that it has been recorded.
   */
  tellable(facts: Facts, timeMs: number, maxCount: number): readonly Tellable[] {
    this.#toldMs = this.#clocks.monotonic();
    const taken: Tellable[] = [];
    let told = facts.refusals;
    for (const [key, refusal] of this.#folded) {
      const body = isKnownCaller(facts, refusal.who) ? refusal : { ...refusal, who: null };
      if (taken.length === maxCount || excessOf(told, body, timeMs) !== null) continue;
      told = withRefusal(told, body, timeMs);
      taken.push({ key, body });
    }
    return taken;
  }

  /** Forgets what has been recorded; what was turned away meanwhile stays, to be told later. */
  forget(recorded: readonly Tellable[]): void {
    for (const { key, body } of recorded) {
      const now = this.#folded.get(key);
      this.#folded.delete(key);
      const left = (now?.count ?? 0) - body.count;
      if (now !== undefined && left > 0) this.#folded.set(key, { ...now, count: left });
    }
  }
}
