import { TwinlockError } from '../../src/core/errors.ts';

/**
 * Reads what this program keeps for itself in a file. Where that is damaged, says which file it is, and `remedy`: what a
 * person does then. Throws the code of `read`.
 */
export function readKept<T>(path: string, remedy: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    const { code, message, detail } = error;
    throw new TwinlockError(code, `${path} is damaged: ${message}: ${remedy}`, { ...detail, path }, { cause: error });
  }
}
