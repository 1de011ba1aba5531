import { fromUtf8 } from '../core/bytes.ts';
import { parseJson } from '../core/json.ts';
import { inputError, readOperatorFile } from '../platform/files/operator-file.ts';

/** Names the flag and the file in every error about it. `json` reads its text. */
export function readJsonFlag<T>(flag: string, file: string, parse: (value: unknown) => T, json = parseJson): T {
  try {
    return parse(json(fromUtf8(readOperatorFile(file))));
  } catch (error) {
    throw inputError(error, `${flag} ${file}`);
  }
}
