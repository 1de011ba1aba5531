import { type Code, TwinlockError } from '../../src/core/errors.ts';

/** At most this many offences are named in one message. */
const NAMED_MAX = 20;

/** The reasons against a deposit, gathered so that one error names them all. */
export class Offences {
  readonly #found: { readonly code: Code; readonly text: string }[] = [];

  get count(): number {
    return this.#found.length;
  }

  /** `path` may hold anything that a file system takes. */
  add(path: string, code: Code, why: string): void {
    this.#found.push({ code, text: `${JSON.stringify(path)}: ${why}` });
  }

  /** Runs a check. What it refuses is added. What the file system refuses, and a file that changes, is thrown on. */
  async catch(path: string, check: () => Promise<void>): Promise<void> {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof TwinlockError) || error.code !== 'malformed') throw error;
      this.add(path, error.code, error.message);
    }
  }

  get texts(): readonly string[] {
    return this.#found.map(({ text }) => text);
  }

  /** An error of ours, which has the path in its message. */
  addError(error: unknown): void {
    if (!(error instanceof TwinlockError)) throw error;
    this.#found.push({ code: error.code, text: error.message });
  }

  /** Throws the code of the first, and the texts of the first 20, with the count of the rest. */
  requireNone(what: string, next: string): void {
    const [first] = this.#found;
    if (first === undefined) return;
    const named = this.#found.slice(0, NAMED_MAX).map(({ text }) => text);
    const rest = this.count - named.length;
    const all = [...named, ...(rest === 0 ? [] : [`and ${rest} more`])].join('; ');
    throw new TwinlockError(first.code, `${what}: ${all}; ${next}`, { count: this.count });
  }
}
