import type { Stats } from 'node:fs';
import { parseCanonical } from '../../core/canonical.ts';
import { must } from '../../core/errors.ts';
import { createFile, replaceFile } from './durable.ts';
import { namedError } from './error.ts';
import { readInputFile } from './input.ts';

const OTHERS = 0o077;
const READ_BY_GROUP = 0o040;
const ROOT = 0;

/**
 * Reads a file that only its owner may read, or root and a group of this process (FORMAT.md). Links are followed.
 * Throws `not_permitted` where others have any right to it (or where this process has none), and as `readInput`.
 */
export async function readSecretFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const { bytes } = await readInputFile(path, maxBytes, { accept: requireKept });
  return bytes;
}

/** Reads such a file that holds one document in canonical form. Throws as `readSecretFile` and `parseCanonical`. */
export async function readSecretDocument(path: string, maxBytes: number): Promise<unknown> {
  const bytes = await readSecretFile(path, maxBytes);
  try {
    return parseCanonical(bytes, maxBytes);
  } catch (error) {
    throw namedError(error, path);
  }
}

function requireKept({ mode, uid, gid }: Stats): void {
  must(
    isKeptSecret({ mode, uid, gid }, ownGroups()),
    'not_permitted',
    `it can be used by others than its owner (mode 0${(mode & 0o777).toString(8)}): run chmod 600 on it, and replace the secret in it if it was exposed; a file of root's may have mode 0440 or 0640 where its group is root's or one of this process`,
  );
}

/**
 * Whether others than its owner have no right to it; or it is root's, and root's group or one of this process may read
 * it and do nothing else: so a secret is mounted for a process that is not root. Kubernetes gives it the group
 * (`fsGroup`); systemd (`LoadCredential=`) an access list; the mode then shows the most that the list allows, as a
 * right of root's group.
 */
export function isKeptSecret(
  { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
  groups: readonly number[],
): boolean {
  const rights = mode & OTHERS;
  return rights === 0 || (rights === READ_BY_GROUP && uid === ROOT && (gid === ROOT || groups.includes(gid)));
}

/** The groups of this process; empty where the system has no groups. */
function ownGroups(): readonly number[] {
  return [...(process.getgroups?.() ?? []), ...(process.getegid === undefined ? [] : [process.getegid()])];
}

/**
 * Writes a file that only its owner may read, whole and durable or not at all. Throws `exists` where there
 * is one already and `replace` is not asked for.
 */
export async function writeSecretFile(path: string, bytes: Uint8Array, { replace = false } = {}): Promise<void> {
  await (replace ? replaceFile : createFile)(path, bytes, { mode: 0o600 });
}
