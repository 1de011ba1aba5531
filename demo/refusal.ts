import { type Code, TwinlockError } from '../src/core/errors.ts';

/** An attack that the demo really tried, and the error that refused it. */
export interface Refusal {
  readonly what: string;
  readonly code: Code;
  readonly message: string;
}

/** Attempts it. Throws, and so ends the demo, where it is not refused, or for another reason. */
export async function refused(what: string, expected: Code, attempt: () => unknown): Promise<Refusal> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof TwinlockError) || error.code !== expected) {
      throw new Error(`${what}: expected it to be refused with ${expected}`, { cause: error });
    }
    return { what, code: error.code, message: error.message };
  }
  throw new Error(`${what}: expected it to be refused with ${expected}, and it was not`);
}
