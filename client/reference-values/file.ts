import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseReferenceValues, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { fromUtf8, toHex, utf8 } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { readInput } from '../appraise/file.ts';
import { fileError } from '../file-error.ts';
import { platformRandom } from '../random.ts';
import { syncFolder } from '../sync-folder.ts';

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
  const aside = join(dirname(path), `.${basename(path)}.${toHex(platformRandom(8))}`);
  try {
    // The name is taken before anything is written: between looking and renaming somebody else could take it.
    if (!replace) await (await open(path, 'wx')).close();
    try {
      await writeDurably(aside, utf8(referenceValuesText(document)));
      await rename(aside, path);
    } catch (error) {
      await unlink(aside).catch(() => undefined);
      if (!replace) await unlink(path);
      throw error;
    }
    await syncFolder(dirname(path));
  } catch (error) {
    throw fileError(error, path);
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
