import { must } from '../core/errors.ts';

/** Work under way, counted by owner: at most `maxPerOwner` at once, so that nobody keeps everybody else waiting. */
export class InFlight {
  readonly #underWay = new Map<string, number>();
  readonly #what: string;
  readonly #maxPerOwner: number;

  /** `what` names the work in the plural. */
  constructor(what: string, maxPerOwner: number) {
    this.#what = what;
    this.#maxPerOwner = maxPerOwner;
  }

  /** Throws `rate_limited`, without running it, where `owner` has as much under way as it may. */
  async run<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const before = this.#underWay.get(owner) ?? 0;
    must(
      before < this.#maxPerOwner,
      'rate_limited',
      `expected at most ${this.#maxPerOwner} ${this.#what} of one key under way: wait for the answer`,
    );
    this.#underWay.set(owner, before + 1);
    try {
      return await work();
    } finally {
      const left = (this.#underWay.get(owner) ?? 0) - 1;
      if (left > 0) this.#underWay.set(owner, left);
      else this.#underWay.delete(owner);
    }
  }
}
