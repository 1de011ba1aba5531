import type { Hex } from '../core/bytes.ts';
import { TwinlockError } from '../core/errors.ts';
import type { Decide } from './act.ts';
import { MAX_UNSIGNED_STOPS } from './limits.ts';
import { Unsigned } from './sign.ts';

/**
 * Urgent acts that the fold has accepted and the signer has not signed, by name, in their order. The vault heeds them:
 * it hands out nothing and records no ordinary act while there is one. They are in memory only, at most
 * MAX_UNSIGNED_STOPS.
 */
export class UnsignedActs {
  readonly #decisions = new Map<Hex, Decide>();

  get size(): number {
    return this.#decisions.size;
  }

  /** Runs `record`. Keeps the act if the signer does not sign, and forgets it once it is recorded or refused. */
  async keptUnless<T>(name: Hex, decide: Decide, record: () => Promise<T>): Promise<T> {
    try {
      const recorded = await record();
      this.#decisions.delete(name);
      return recorded;
    } catch (error) {
      if (error instanceof Unsigned && this.#decisions.size < MAX_UNSIGNED_STOPS) this.#decisions.set(name, decide);
      if (error instanceof TwinlockError && error.group !== 'retry') this.#decisions.delete(name);
      throw error;
    }
  }

  /** Records each kept act again, in order. Throws what `record` throws for an act that is still kept. */
  async eachAgain(record: (name: Hex, decide: Decide) => Promise<unknown>): Promise<void> {
    for (const [name, decide] of this.#decisions) {
      await record(name, decide).catch((error: unknown) => {
        // The rules may refuse it by now: the same stop was recorded by another way.
        if (this.#decisions.has(name)) throw error;
      });
    }
  }
}
