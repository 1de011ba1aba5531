import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { must } from '../../src/core/errors.ts';
import { fileError } from '../../src/platform/files/error.ts';
import { PRIVATE, type TargetAccess } from '../host/target.ts';

const GROUP_FILE = '/etc/group';
/** 2^32 - 1 means "no group" to chown(2). */
const MAX_GID = 2 ** 32 - 2;
const OWNER_READS = 0o400;
const EXECUTION = 0o111;
const OTHERS_WRITE = 0o002;
const GROUP_READS = 0o640;

export interface AccessFlags {
  readonly mode?: string;
  readonly group?: string;
}

export function withAccessFlags(command: Command): Command {
  return command
    .option('--mode <octal>', 'mode of the files, 0640 for instance; 0600 unless given, or 0640 with --group')
    .option(
      '--group <group>',
      'name or number of a group of this user; the files and folders that are made belong to it',
    );
}

/** Reads the flags that say who may read the fetched files. Throws `usage`, and `not_found` for an unknown group. */
export async function accessOf({ mode, group }: AccessFlags, groupFile: string = GROUP_FILE): Promise<TargetAccess> {
  const gid = group === undefined ? null : await gidOf(group, groupFile);
  if (mode === undefined && gid === null) return PRIVATE;
  const fileMode = mode === undefined ? GROUP_READS : modeOf(mode);
  return { fileMode, folderMode: folderModeOf(fileMode), gid };
}

function modeOf(text: string): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : 0;
  const isSensible = (mode & OWNER_READS) !== 0 && (mode & (EXECUTION | OTHERS_WRITE)) === 0;
  must(
    isSensible,
    'usage',
    `--mode: expected a mode of files such as 0640, that lets the owner read, lets no other user write, and has no execute bit; got ${text}`,
  );
  return mode;
}

/** Users who may read the files may enter the folder; only the owner may write to it. */
function folderModeOf(fileMode: number): number {
  return 0o700 | fileMode | ((fileMode & 0o444) >> 2);
}

/** Returns a group's number; looks up a name in the group file, `name:password:number:members` (group(5)). */
async function gidOf(group: string, groupFile: string): Promise<number> {
  if (/^[0-9]+$/.test(group)) {
    const gid = Number(group);
    must(gid <= MAX_GID, 'usage', `--group: expected a number up to ${MAX_GID}, got ${group}`);
    return gid;
  }
  const text = await readFile(groupFile, 'utf8').catch((error: unknown) => {
    throw fileError(error, groupFile);
  });
  const [, , gid] =
    text
      .split('\n')
      .map((line) => line.split(':'))
      .find(([name]) => name === group) ?? [];
  must(
    gid !== undefined && /^[0-9]+$/.test(gid),
    'not_found',
    `--group: ${groupFile} has no group ${group}: give its number (getent group ${group} says it)`,
  );
  return Number(gid);
}
