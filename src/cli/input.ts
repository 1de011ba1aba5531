import { fromUtf8 } from '../core/bytes.ts';
import { TwinlockError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { readInputFile } from '../input-file.ts';
import { systemError } from '../platform/system-error.ts';

/** Names the flag and the file in every error about it. `json` reads its text. */
export function readJson<T>(flag: string, file: string, parse: (value: unknown) => T, json = parseJson): T {
  try {
    return parse(json(fromUtf8(readInputFile(file))));
  } catch (error) {
    throw inputError(error, `${flag} ${file}`);
  }
}

/** `named` is what the command line says of the file. */
export function inputError(error: unknown, named: string): unknown {
  if (!(error instanceof TwinlockError)) return systemError(error, named);
  return new TwinlockError(error.code, `${named}: ${error.message}`, error.detail, { cause: error });
}
