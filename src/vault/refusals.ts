import { type Code, TwinlockError } from '../core/errors.ts';
import type { BodyOf } from '../core/log/entry.ts';
import { MAX_REFUSALS, REFUSALS_MS } from './limits.ts';
import type { Clock } from './ports.ts';
import { type Caller, nameOf } from './sessions.ts';

/** What was turned away since the last time somebody looked, folded by code, act and caller. */
export class Refusals {
  readonly #clock: Clock;
  #folded = new Map<string, BodyOf<'refusal'>>();
  #toldMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `work`; what it throws is counted and thrown on. */
  async watch<T>(act: string, caller: Caller, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TwinlockError) this.note(error.code, act, nameOf(caller));
      throw error;
    }
  }

  /** `known` is a credential id, a key, or null for the vault itself. */
  note(code: Code, act: string, known: string | null): void {
    // Past the bound they are still counted, but no longer told apart.
    const who = this.#folded.size < MAX_REFUSALS ? known : null;
    const key = `${code} ${act} ${this.#folded.has(`${code} ${act} ${known}`) ? known : who}`;
    const before = this.#folded.get(key);
    const since = before?.since ?? this.#clock.now();
    this.#folded.set(key, { code, act, who: before?.who ?? who, count: (before?.count ?? 0) + 1, since });
  }

  /** Whether it is time to tell: the first at once, then no more often than `REFUSALS_MS`, so that nobody fills the log. */
  get isDue(): boolean {
    return this.#folded.size > 0 && Math.abs(this.#clock.now() - this.#toldMs) >= REFUSALS_MS;
  }

  /** Takes what has been folded, at most `maxCount`; the rest stays. */
  take(maxCount: number): readonly BodyOf<'refusal'>[] {
    this.#toldMs = this.#clock.now();
    const taken = [...this.#folded].slice(0, maxCount);
    for (const [key] of taken) this.#folded.delete(key);
    return taken.map(([, refusal]) => refusal);
  }
}
