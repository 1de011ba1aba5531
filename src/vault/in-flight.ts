import { must } from '../core/errors.ts';

/** When a caller who has no free place may try again. */
const RETRY_AFTER_MS = 1_000;

/** Counts work under way for each owner and limits it, so that no owner keeps another waiting. */
export class InFlight {
  readonly #underWay = new Map<string, number>();
  readonly #what: string;
  readonly #maxPerOwner: number;

  /** `what` names the work in the plural. */
  constructor(what: string, maxPerOwner: number) {
    this.#what = what;
    this.#maxPerOwner = maxPerOwner;
  }

  /** Takes a place and returns a function that gives it back. Throws `rate_limited` if `owner` has no place left. */
  enter(owner: string): () => void {
    const before = this.#underWay.get(owner) ?? 0;
    must(
      before < this.#maxPerOwner,
      'rate_limited',
      `expected at most ${this.#maxPerOwner} ${this.#what} of one key under way: wait for the answer`,
      { retryAfterMs: RETRY_AFTER_MS },
    );
    this.#underWay.set(owner, before + 1);
    let isUnderWay = true;
    return () => {
      if (!isUnderWay) return;
      isUnderWay = false;
      const left = (this.#underWay.get(owner) ?? 0) - 1;
      if (left > 0) this.#underWay.set(owner, left);
      else this.#underWay.delete(owner);
    };
  }

  /** Runs `work` in a place of its own. Throws as `enter`, without running it. */
  async run<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const leave = this.enter(owner);
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
