import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Api } from '../../client/api/api.ts';
import { fromUtf8, toBase64url } from '../../src/core/bytes.ts';

/** The files of a folder as they are at one moment, by their paths in it. */
export type Snapshot = ReadonlyMap<string, Uint8Array>;

export function snapshotOf(folder: string): Snapshot {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map((path) => [relative(folder, path), readFileSync(path)]));
}

/** The log as an auditor gets it: entries, checkpoint and every object. */
export async function logOf(auditor: Api): Promise<string> {
  const pages: string[] = [];
  for (let from = 0; ; ) {
    const { entries, objects, checkpoint } = await auditor.entries(from, 500);
    if (entries.length === 0) return pages.join('\n');
    pages.push(...entries, ...[...objects.values()].map(toBase64url), fromUtf8(checkpoint));
    from += entries.length;
  }
}

const PIECE_BYTES = 1 << 18;
/** What lies across two pieces is in one of them. */
const OVERLAP_BYTES = 1024;
const ZEROS = Buffer.alloc(PIECE_BYTES + OVERLAP_BYTES);

/** All that a process has written to its memory, in pieces (proc(5)); none where the system does not let us. */
export function memoryOf(pid: number | undefined): readonly Uint8Array[] {
  const file = openMemory(pid);
  if (file === null) return [];
  const pieces: Uint8Array[] = [];
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    const end = Number.parseInt(to, 16);
    for (let at = Number.parseInt(from, 16); at < end; at += PIECE_BYTES) {
      const room = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES + OVERLAP_BYTES, end - at));
      const piece = room.subarray(0, readMemory(file, room, at));
      if (!piece.equals(ZEROS.subarray(0, piece.length))) pieces.push(piece);
    }
  }
  closeSync(file);
  return pieces;
}

function openMemory(pid: number | undefined): number | null {
  try {
    return openSync(`/proc/${pid}/mem`, 'r');
  } catch {
    return null;
  }
}

/** A region that has gone since it was listed has nothing in it. */
function readMemory(file: number, into: Uint8Array, at: number): number {
  try {
    return readSync(file, into, 0, into.length, at);
  } catch {
    return 0;
  }
}
