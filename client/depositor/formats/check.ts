import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { counted } from '../../../src/core/counted.ts';
import { must, TwinlockError } from '../../../src/core/errors.ts';
import { fileError } from '../../file-error.ts';
import { type FoundFile, requireFound } from '../found-file.ts';
import { Offences } from '../offences.ts';
import type { ByteSource } from './byte-source.ts';
import { checkGguf } from './gguf.ts';
import { readSafetensors, type Safetensors } from './safetensors.ts';
import { incompleteSets, isIndex, readIndex, requireShards, requireTensors, type ShardIndex } from './shards.ts';

/** What stands in place of a file of a repository that was cloned without its large files. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1\n';
const MAX_POINTER_BYTES = 1024;

/** What is known of a model's files without loading the model. */
export interface FormatCheck {
  /** Files that no server can load as they are. */
  readonly findings: Offences;
  /** What may be in order. */
  readonly remarks: readonly string[];
}

/**
 * Looks for what makes a deposit useless: safetensors and GGUF files that are shorter than their headers say or have
 * none, indices and numbered files whose shards are not all there, pointers of Git LFS in place of files. Reads headers
 * and indices, no weights. It is no proof that a model can be loaded. The files are taken for hostile: what one of them
 * may cost is bounded, and between steps the process can be interrupted. Throws `cancelled` once `signal` is aborted.
 */
export async function checkFormats(
  files: readonly FoundFile[],
  signal: AbortSignal | null = null,
): Promise<FormatCheck> {
  const findings = new Offences();
  const remarks: string[] = [];
  const byPath = new Map(files.map((file) => [file.path, file]));
  const missing = new Set<string>();
  for (const file of files) {
    must(signal?.aborted !== true, 'cancelled', 'given up as asked');
    await findings.catch(file.path, () => checkFile(file));
    if (!isIndex(file.path)) continue;
    await findings.catch(file.path, async () => {
      const index = await withSource(file, (source) => readIndex(file.path, source));
      if (index === null) return;
      for (const shard of index.shards.keys()) if (!byPath.has(shard)) missing.add(shard);
      requireShards(index, (path) => byPath.has(path));
      await checkShards(file.path, index, byPath, { findings, remarks });
    });
  }
  // What an index has named is not said again.
  for (const { path, why } of incompleteSets([...byPath.keys(), ...missing])) findings.add(path, 'malformed', why);
  return { findings, remarks };
}

async function checkFile(file: FoundFile): Promise<void> {
  if (file.bytes <= MAX_POINTER_BYTES) await withSource(file, requireNoPointer);
  if (isSafetensors(file.path)) await withSource(file, readSafetensors);
  if (/\.gguf$/i.test(file.path)) await withSource(file, checkGguf);
}

function isSafetensors(path: string): boolean {
  return /\.safetensors$/i.test(path);
}

async function requireNoPointer(source: ByteSource): Promise<void> {
  const text = new TextDecoder().decode(source.read(0, source.bytes));
  must(!text.startsWith(LFS_POINTER), 'malformed', 'a pointer of Git LFS, not the file itself: run git lfs pull');
}

/** Each header is read once more, so that one at a time is in memory. */
async function checkShards(
  path: string,
  { shards, totalBytes }: ShardIndex,
  byPath: ReadonlyMap<string, FoundFile>,
  { findings, remarks }: { readonly findings: Offences; readonly remarks: string[] },
): Promise<void> {
  let bytes: number | null = 0;
  for (const [shard, wanted] of shards) {
    const header = await headerOf(byPath.get(shard));
    bytes = header === null || bytes === null ? null : bytes + header.dataBytes;
    if (header === null) continue;
    await findings.catch(path, async () => requireTensors(wanted, shard, header.tensors));
  }
  if (bytes !== null && totalBytes !== null && bytes !== totalBytes) {
    remarks.push(`${path}: it says ${counted(totalBytes, 'byte')} of tensors, its shards have ${bytes}`);
  }
}

/** Null where the file is none, or not in order, which has been said of it. */
async function headerOf(file: FoundFile | undefined): Promise<Safetensors | null> {
  if (file === undefined || !isSafetensors(file.path)) return null;
  try {
    return await withSource(file, readSafetensors);
  } catch (error) {
    if (!(error instanceof TwinlockError && error.code === 'malformed')) throw error;
    return null;
  }
}

async function withSource<T>(found: FoundFile, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const { path, location, bytes } = found;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = ofFile(path, () => openSync(location, flags));
  try {
    requireFound(
      found,
      ofFile(path, () => fstatSync(file, { bigint: true })),
    );
    return await use({ bytes, read: (offset, length) => readExactly(file, path, offset, length) });
  } finally {
    ofFile(path, () => closeSync(file));
  }
}

function readExactly(file: number, path: string, offset: number, length: number): Uint8Array {
  const buffer = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const bytesRead = ofFile(path, () => readSync(file, buffer, filled, length - filled, offset + filled));
    must(bytesRead > 0, 'upload_conflict', `${path} changed while it was read: let nothing write to the folder`);
    filled += bytesRead;
  }
  return buffer;
}

function ofFile<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw fileError(error, path);
  }
}
