import { utf8 } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import { caseless } from '../name/looks.ts';
import { isPathCharacter } from '../name/name.ts';
import { codePoints, isComposed } from '../name/normal-form.ts';
import { quoted } from '../quoted.ts';
import { humanText, modelName, versionName } from '../schema.ts';

/** Linux allows 4,096 bytes a path; a hub's file names are far shorter, and 10,000 must fit a manifest. */
const MAX_PATH_BYTES = 512;
/** Hubs nest three or four deep. All folders of all paths of a model are compared with all its files. */
const MAX_FOLDERS = 16;
/** The folder in which a host keeps what is not whole yet, beside the files of the model. */
export const WORK_FOLDER = '.twinlock-part';
/** File systems allow 255 bytes a name; programs that write aside add a few to it. */
const MAX_NAME_BYTES = 240;

export interface ModelVersion {
  /** `namespace/name`. */
  readonly model: string;
  readonly version: string;
}

const printable = humanText(MAX_PATH_BYTES);

/** Parses `namespace/name@version`; each part is `[a-z0-9][a-z0-9._-]{0,63}`. Throws `invalid_name`. */
export function parseModelVersion(text: string): ModelVersion {
  const [model, version, ...rest] = text.split('@');
  if (!modelName.safeParse(model).success || !versionName.safeParse(version).success || rest.length > 0) {
    const message = `expected namespace/name@version in lower case, such as acme/ocr@1, got ${text === '' ? 'nothing' : quoted(text)}`;
    throw new TwinlockError('invalid_name', message);
  }
  return { model: model as string, version: version as string };
}

/**
 * Checks the path of one file inside a model (attacker-controlled: it becomes a path on a host's disk) and
 * returns it: relative, POSIX, printable ASCII and the letters and marks of names (core/name), NFC, at most 512
 * bytes of UTF-8 and 16 folders, no `.` or `..`, no empty segment, none of more than 240 bytes or that ends in
 * `.twinlock-part`, no backslash, no control, invisible or bidirectional character. Throws `invalid_name`.
 */
export function parseFilePath(path: string): string {
  must(printable.safeParse(path).success, 'invalid_name', 'expected a path of printable characters');
  const codes = codePoints(path);
  must(
    codes.every(isPathCharacter),
    'invalid_name',
    'expected a path of ASCII signs, and of letters that UTS 39 allows in names',
  );
  must(isComposed(codes), 'invalid_name', 'expected a path in Unicode normal form C');
  const { length } = utf8(path);
  must(length <= MAX_PATH_BYTES, 'invalid_name', `expected a path of at most ${MAX_PATH_BYTES} bytes, got ${length}`);
  must(!path.includes('\\'), 'invalid_name', 'expected a path without a backslash');
  const segments = path.split('/');
  must(segments.length <= MAX_FOLDERS + 1, 'invalid_name', `expected a path of at most ${MAX_FOLDERS} folders`);
  for (const segment of segments) {
    const isName = segment !== '' && segment !== '.' && segment !== '..';
    must(isName, 'invalid_name', 'expected a relative path without empty, "." or ".." segments');
    const bytes = utf8(segment).length;
    must(bytes <= MAX_NAME_BYTES, 'invalid_name', `expected names of at most ${MAX_NAME_BYTES} bytes, got ${bytes}`);
    // A file of the model would lie among what a host works with.
    const isReserved = caseless(segment).endsWith(WORK_FOLDER);
    must(
      !isReserved,
      'invalid_name',
      `expected no name that ends in ${WORK_FOLDER}: hosts keep what is not whole there`,
    );
  }
  return path;
}

/**
 * Checks all the paths of a model and returns them: each as `parseFilePath`, and together a tree of files on
 * any file system, so no two equal or different by case only, and none that is a folder of another. Throws
 * `invalid_name`, naming the index in `detail`.
 */
export function parseFilePaths(paths: readonly string[]): readonly string[] {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const [index, path] of paths.entries()) {
    const key = caseless(parseFilePath(path));
    must(!files.has(key), 'invalid_name', 'expected paths that differ by more than case', { index });
    must(!folders.has(key), 'invalid_name', 'expected no path that is a folder of another', { index });
    files.add(key);
    for (let end = key.indexOf('/'); end !== -1; end = key.indexOf('/', end + 1)) {
      const folder = key.slice(0, end);
      must(!files.has(folder), 'invalid_name', 'expected no path below a path that is a file', { index });
      folders.add(folder);
    }
  }
  return paths;
}
