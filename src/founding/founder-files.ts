import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { must, TwinlockError } from '../core/errors.ts';
import { syncFolderNow } from '../platform/files/sync-folder.ts';
import { namingPath, systemError, systemName } from '../platform/files/system-error.ts';
import { type FounderFile, founderFileBytes } from '../wire/founder-file.ts';
import type { FounderInvitation } from './initialise.ts';

export interface WrittenInvitation extends FounderInvitation {
  /** Its path. */
  readonly file: string;
}

/**
 * A file name for each founder, `founder-alice.json`: of a name's ASCII letters and digits, without the marks on them.
 * Where that leaves nothing of one, or the same of two, each has the founder's number too.
 */
export function founderFileNames(names: readonly string[]): readonly string[] {
  const plain = names.map((name) =>
    name
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .replaceAll(/[^A-Za-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, ''),
  );
  const areTold = !plain.includes('') && new Set(plain.map((name) => name.toLowerCase())).size === plain.length;
  return plain.map((name, i) => `founder-${areTold ? name : [i + 1, ...(name === '' ? [] : [name])].join('-')}.json`);
}

/**
 * The data folder keeps invitations as hashes: who reads it, or a copy of it, must not enrol as a founder. To be called
 * before either folder is made. Throws `usage` where the founders' folder is it or lies in it, by whatever path, and as
 * `systemError`.
 */
export function requireOutsideData(folder: string, dataDir: string): void {
  const [step] = relative(placeOf(resolve(dataDir)), placeOf(resolve(folder))).split(sep);
  must(
    step === '..',
    'usage',
    `--out ${folder} lies in the data folder ${dataDir}, and who has a copy of that could enrol as a founder: name a folder outside it`,
  );
}

/** Without links, as far as there is something yet. */
function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    if (systemName(cause) !== 'ENOENT' || path === dirname(path)) throw systemError(cause, path);
    return join(placeOf(dirname(path)), basename(path));
  }
}

/**
 * Makes the folder for these founders' files, for its owner alone. To be called before the vault is made, and as who
 * makes it. Throws `exists` where one of the files is there already, `not_permitted` where none can be written, and as
 * `systemError`.
 */
export function makeFounderFolder(folder: string, names: readonly string[]): void {
  let found: ReadonlySet<string>;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    found = new Set(readdirSync(folder));
  } catch (cause) {
    const known = systemError(cause, folder);
    if (!(known instanceof TwinlockError && known.code === 'not_permitted')) throw known;
    const code = systemName(cause);
    const message = `the founders’ files cannot be written to ${folder} by the vault’s user (${code}): name another folder with --out`;
    throw new TwinlockError('not_permitted', message, {}, { cause });
  }
  const taken = founderFileNames(names).find((name) => found.has(name));
  must(
    taken === undefined,
    'exists',
    `${folder} has ${taken}, of an init before this one: remove it, or name another --out`,
  );
}

/**
 * Writes each founder's file into the folder, for its owner alone and durable. What is in it but the invitation is the
 * same for all. Where one cannot be written, none of them is left.
 */
export function writeFounderFiles(
  folder: string,
  invitations: readonly FounderInvitation[],
  common: Pick<FounderFile, 'vault' | 'ca' | 'referenceValues'>,
): readonly WrittenInvitation[] {
  const names = founderFileNames(invitations.map(({ name }) => name));
  const written: WrittenInvitation[] = [];
  try {
    for (const [i, invitation] of invitations.entries()) {
      const file = join(folder, names[i] as string);
      const opened = namingPath(file, () => openSync(file, 'wx', 0o600));
      written.push({ ...invitation, file });
      const bytes = founderFileBytes({ ...common, ...invitation });
      namingPath(file, () => {
        try {
          writeFileSync(opened, bytes, { flush: true });
        } finally {
          closeSync(opened);
        }
      });
    }
    syncFolderNow(folder);
  } catch (error) {
    removeFounderFiles(written);
    throw error;
  }
  return written;
}

export function removeFounderFiles(written: readonly WrittenInvitation[]): void {
  for (const { file } of written) rmSync(file, { force: true });
}
