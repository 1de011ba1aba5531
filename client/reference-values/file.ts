import { parseReferenceValues, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { fromUtf8, utf8 } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { createFile, replaceFile } from '../../src/platform/files/durable.ts';
import { readInput } from '../../src/platform/files/input.ts';

const MAX_BYTES = 2 << 20;

/** Reads a document of reference values, however it is laid out. Throws as `readInput`, and `malformed`. */
export async function readReferenceValues(path: string): Promise<ReferenceValues> {
  const bytes = await readInput(path, MAX_BYTES);
  try {
    return parseReferenceValues(parseJson(fromUtf8(bytes)));
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    throw new TwinlockError(error.code, `${path}: ${error.message}`, error.detail, { cause: error });
  }
}

/**
 * A document as people read it: its fields in the order of the schema, the same text in a file and on a terminal. A
 * document has nothing that a terminal could obey: its texts are names (core/name) and printable ASCII.
 */
export function referenceValuesText(document: ReferenceValues): string {
  return `${JSON.stringify(parseReferenceValues(document), null, 2)}\n`;
}

/**
 * Writes a document, whole and durable or not at all. Throws `exists` where there is a file already and `replace` is
 * not asked for, and as `fileError`.
 */
export async function writeReferenceValues(
  path: string,
  document: ReferenceValues,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  const bytes = utf8(referenceValuesText(document));
  await (replace ? replaceFile : createFile)(path, bytes, { mode: 0o644 });
}
