import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ENDORSEMENT_FILE_KINDS, type EndorsementFileKind } from '../core/attest/kit/wanted.ts';
import { TwinlockError } from '../core/errors.ts';
import { ALL_NEEDS } from './needs.ts';

/** Where a chip's certificate lies: `snp/<product>/<chip id>/<tcb>.der`. */
const MAX_DEPTH = 4;
const MAX_EXAMPLES = 5;

/** Lists the content of an endorsement folder by path alone (FORMAT.md). Opens no file. */
export interface Inventory {
  readonly files: Readonly<Record<EndorsementFileKind, number>>;
  /** Files, and folders below the deepest that is looked into, at whose path nothing is ever looked for. */
  readonly notUnderstood: number;
  /** The first 5 of them in order, relative to the folder. */
  readonly examples: readonly string[];
}

/** Looks through an operator's folder. Throws `usage` where it is none, or where the system refuses to list it. */
export async function takeInventory(folder: string): Promise<Inventory> {
  let paths: readonly string[];
  try {
    paths = await pathsBelow(folder, '', 1);
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    const why = { ENOENT: 'there is no such folder', ENOTDIR: 'expected a folder' }[code] ?? `cannot list it: ${code}`;
    throw new TwinlockError('usage', `--endorsements ${folder}: ${why}`, {}, { cause });
  }
  const files: Record<EndorsementFileKind, number> = { certificates: 0, lists: 0, collateral: 0, keySets: 0 };
  const others: string[] = [];
  for (const path of paths) {
    const kind = kindOf(path);
    if (kind === null) others.push(path);
    else files[kind] += 1;
  }
  return { files, notUnderstood: others.length, examples: others.toSorted().slice(0, MAX_EXAMPLES) };
}

/** Links are followed, as they are when a file is read; no deeper than the layout goes, so that loops end. */
async function pathsBelow(folder: string, below: string, depth: number): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = `${below}${entry.name}`;
    const isFolder = entry.isSymbolicLink() ? await leadsToFolder(join(folder, path)) : entry.isDirectory();
    if (!isFolder) paths.push(path);
    else if (depth === MAX_DEPTH) paths.push(`${path}/`);
    else paths.push(...(await pathsBelow(folder, `${path}/`, depth + 1)));
  }
  return paths;
}

async function leadsToFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // a link to nothing is counted by its path, like a file that cannot be read
  }
}

function kindOf(path: string): EndorsementFileKind | null {
  const isOf = (kind: EndorsementFileKind) =>
    ALL_NEEDS.some(({ files }) => files[kind]?.some((pattern) => pattern.test(path)));
  return ENDORSEMENT_FILE_KINDS.find(isOf) ?? null;
}
