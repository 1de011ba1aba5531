import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { MAX_FILES } from '../../src/core/weights/manifest.ts';
import { parseFilePath, parseFilePaths } from '../../src/core/weights/names.ts';
import { fileError } from '../../src/platform/files/error.ts';
import { TimeSlice } from '../../src/platform/turns.ts';
import { type FoundFile, findFile } from './found-file.ts';
import { Offences } from './offences.ts';
import { Selection } from './selection.ts';

/** Most folders, empty ones included. */
const MAX_FOLDERS = MAX_FILES;
/** Each clash costs a comparison of all paths; more than these are named once the first have been mended. */
const MAX_CLASHES = 20;
/** The character that Node puts into a name that is not UTF-8. */
const REPLACEMENT = '\ufffd';
/**
 * `…/models--NAMESPACE--NAME/snapshots/COMMIT`, and what lies in it: its files are links to `blobs` beside `snapshots`.
 */
const HUGGING_FACE_SNAPSHOT = /^(.*\/models--[^/]+)\/snapshots\/[^/]+(?:\/|$)/;
const HUGGING_FACE_MODEL = /\/models--[^/]+$/;

export interface FoundFolder {
  /** In the order of their paths. */
  readonly files: readonly FoundFile[];
  /** Files and folders (these end in a slash) that other programs leave behind, and that no pattern asks for. */
  readonly leftOut: readonly string[];
}

/** A folder that is being looked through. */
interface Place {
  /** Relative to the folder that is deposited, and empty for itself. */
  readonly path: string;
  /** Real paths from there to here, this place last: a link to one of them would lead round in a circle. */
  readonly way: readonly string[];
}

interface Walk {
  readonly selection: Selection;
  readonly offences: Offences;
  /** Real paths. What a link points to must lie below one of them. */
  readonly roots: readonly string[];
  readonly places: Place[];
  readonly locations: Map<string, string>;
  readonly leftOut: string[];
}

/**
 * The regular files of a folder and all below it that are selected, hidden ones included. A symbolic link stands for
 * the file or folder that it points to, if that lies in the folder too; or, in a snapshot of a Hugging Face cache, among
 * the blobs of the same model. Everything else that is no file is refused, and all that is refused is named at once.
 * Throws `invalid_name` (a path that cannot be deposited), `too_large` (a file, or too many), `not_found` (no file at
 * all), `usage` (a pattern that matches nothing; a whole Hugging Face cache), `not_permitted`.
 */
export async function walkFolder(
  folder: string,
  selection = new Selection({ include: [], exclude: [] }),
): Promise<FoundFolder> {
  const root = await realpath(folder).catch((error: unknown) => {
    throw fileError(error, folder);
  });
  const walk: Walk = {
    selection,
    offences: new Offences(),
    roots: [root, ...(await blobsOf(root))],
    places: [{ path: '', way: [root] }],
    locations: new Map(),
    leftOut: [],
  };
  for (let i = 0; i < walk.places.length; i++) {
    must(walk.places.length <= MAX_FOLDERS, 'too_large', `${folder}: expected at most ${MAX_FOLDERS} folders`);
    await look(walk, walk.places[i] as Place);
    // One place is the inner manifest's.
    must(walk.locations.size < MAX_FILES, 'too_large', `${folder}: expected fewer than ${MAX_FILES} files`);
    if (i === 0) requireNoWholeCache(folder, root, walk.places);
  }
  selection.requireAllUsed();
  const paths = [...walk.locations.keys()].sort();
  checkNames(paths, walk.offences);
  const files: FoundFile[] = [];
  const slice = new TimeSlice();
  for (const path of paths) {
    await slice.rest();
    try {
      files.push(findFile(path, walk.locations.get(path) as string));
    } catch (error) {
      walk.offences.addError(error);
    }
  }
  walk.offences.requireNone(`${folder} cannot be deposited as it is`, 'mend these, or leave them out with --exclude');
  must(
    files.length > 0,
    'not_found',
    `${folder}: there is no file to deposit: it has none, or --include and --exclude leave none`,
  );
  return { files, leftOut: walk.leftOut.sort() };
}

/** Where the files of a snapshot of a Hugging Face cache lie. Not where that is a link: it may lead to any folder. */
async function blobsOf(root: string): Promise<readonly string[]> {
  const model = HUGGING_FACE_SNAPSHOT.exec(root)?.[1];
  if (model === undefined) return [];
  const blobs = join(model, 'blobs');
  return await lstat(blobs).then(
    (found) => (found.isDirectory() ? [blobs] : []),
    () => [],
  );
}

/** Every file would be there twice, once as a blob without a name. */
function requireNoWholeCache(folder: string, root: string, places: readonly Place[]): void {
  const isCache = HUGGING_FACE_MODEL.test(root) && places.some(({ path }) => path === 'snapshots');
  must(
    !isCache,
    'usage',
    `${folder} is a Hugging Face cache of all revisions of a model: name one, ${join(folder, 'snapshots')}/COMMIT`,
  );
}

async function look(walk: Walk, place: Place): Promise<void> {
  const here = place.way.at(-1) as string;
  for (const entry of await list(here)) {
    const path = place.path === '' ? entry.name : `${place.path}/${entry.name}`;
    const location = join(here, entry.name);
    const verdict = walk.selection.folder(path);
    if (verdict === 'clutter') walk.leftOut.push(entry.isDirectory() ? `${path}/` : path);
    if (verdict !== 'taken') continue;
    if (entry.name.includes(REPLACEMENT)) walk.offences.add(path, 'invalid_name', 'expected a name in UTF-8');
    else if (entry.isSymbolicLink()) await follow(walk, place, path, location);
    else if (entry.isDirectory()) walk.places.push({ path, way: [...place.way, location] });
    else if (isTaken(walk, path) && entry.isFile()) walk.locations.set(path, location);
    else if (isTaken(walk, path)) walk.offences.add(path, 'invalid_name', 'neither a file nor a folder');
  }
}

async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw fileError(error, folder);
  }
}

function isTaken({ selection, leftOut }: Walk, path: string): boolean {
  const verdict = selection.file(path);
  if (verdict === 'clutter') leftOut.push(path);
  return verdict === 'taken';
}

/** A link to a folder is looked into, and one to a file is that file, under the link's path. */
async function follow(walk: Walk, { way }: Place, path: string, link: string): Promise<void> {
  const { location, isFolder, why } = await targetOf(walk, way, link);
  if (!isFolder && !isTaken(walk, path)) return;
  if (why !== null) walk.offences.add(path, 'invalid_name', why);
  else if (isFolder) walk.places.push({ path, way: [...way, location] });
  else walk.locations.set(path, location);
}

interface LinkTarget {
  readonly location: string;
  readonly isFolder: boolean;
  /** Why it cannot be followed; null where it can. */
  readonly why: string | null;
}

async function targetOf({ roots }: Walk, way: readonly string[], link: string): Promise<LinkTarget> {
  let location: string;
  try {
    location = await realpath(link);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = LINK_ERRORS[code ?? ''];
    if (why === undefined) throw fileError(error, link);
    return { location: link, isFolder: false, why };
  }
  const is = await stat(location).catch((error: unknown) => {
    throw fileError(error, link);
  });
  const whyNot = () => {
    if (!roots.some((root) => isBelow(root, location)))
      return `a symbolic link to ${location}, which is not in the folder`;
    if (way.includes(location)) return 'a symbolic link to a folder that it is in';
    return is.isFile() || is.isDirectory() ? null : 'a symbolic link to what is neither a file nor a folder';
  };
  return { location, isFolder: is.isDirectory(), why: whyNot() };
}

const LINK_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'a symbolic link to what is not there',
  ENOTDIR: 'a symbolic link to what is not there',
  ELOOP: 'a symbolic link that leads round in a circle',
};

function isBelow(root: string, location: string): boolean {
  const way = relative(root, location);
  return way !== '..' && !way.startsWith('../');
}

/** Names the files, since the depositor has to rename them: the core does not say which they are. */
function checkNames(paths: readonly string[], offences: Offences): void {
  const fit = paths.filter((path) => {
    const error = refusalOf(() => parseFilePath(path));
    if (error !== null) offences.add(path, error.code, error.message);
    return error === null;
  });
  for (let clashes = 0; clashes < MAX_CLASHES; clashes++) {
    const error = refusalOf(() => parseFilePaths(fit));
    if (error === null) return;
    const [path] = fit.splice(Number(error.detail['index']), 1);
    offences.add(path as string, error.code, error.message);
  }
}

function refusalOf(check: () => unknown): TwinlockError | null {
  try {
    check();
    return null;
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    return error;
  }
}
