import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { counted } from '../../../src/core/counted.ts';
import { must, TwinlockError } from '../../../src/core/errors.ts';
import { fileError } from '../../../src/platform/files/error.ts';
import { type FoundFile, requireFound } from '../found-file.ts';
import { Offences } from '../offences.ts';
import type { ByteSource } from './byte-source.ts';
import { COST, Effort } from './effort.ts';
import { requireGguf } from './gguf.ts';
import { readSafetensors, type Safetensors } from './safetensors.ts';
import { incompleteSets, isIndex, readIndex, requireShards, requireTensors, type ShardIndex } from './shards.ts';

/** The text that a repository cloned without its large files has in place of such a file. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1\n';
const MAX_POINTER_BYTES = 1024;

/** The findings about a model's files without loading the model. */
export interface FormatCheck {
  /** Files that no server can load as they are. */
  readonly findings: Offences;
  /** What may be in order. */
  readonly remarks: readonly string[];
}

/**
 * Looks for what makes a deposit useless: safetensors and GGUF files that are shorter than their headers say or have
 * none, indices and numbered files whose shards are not all there, pointers of Git LFS in place of files. Reads headers
 * and indices, no weights. It is no proof that a model can be loaded. The files are taken for hostile: what all of them
 * together may cost is bounded by `maxEffort` (`Effort`), past which no more are looked at, a finding says so, and the
 * process can be interrupted meanwhile. Throws `cancelled` once `signal` is aborted.
 */
export async function checkFormats(
  files: readonly FoundFile[],
  signal: AbortSignal | null = null,
  maxEffort?: number,
): Promise<FormatCheck> {
  const effort = new Effort(signal, maxEffort);
  const folder = new Folder(files, effort);
  for (const file of files) {
    if (effort.isSpent) break;
    await effort.rest();
    await folder.check(file);
  }
  folder.checkSets();
  return folder;
}

class Folder implements FormatCheck {
  readonly findings = new Offences();
  readonly remarks: string[] = [];
  readonly #effort: Effort;
  readonly #byPath: ReadonlyMap<string, FoundFile>;
  readonly #missing = new Set<string>();
  /** By file, which may have many paths: links cost no second reading. */
  readonly #headers = new Map<string, Promise<Safetensors>>();
  readonly #ggufs = new Map<string, Promise<void>>();

  constructor(files: readonly FoundFile[], effort: Effort) {
    this.#effort = effort;
    this.#byPath = new Map(files.map((file) => [file.path, file]));
  }

  async check(file: FoundFile): Promise<void> {
    await this.findings.catch(file.path, () => this.#checkFile(file));
    if (isIndex(file.path) && !this.#effort.isSpent)
      await this.findings.catch(file.path, () => this.#requireIndex(file));
  }

  /** What an index has named is not said again. */
  checkSets(): void {
    const paths = [...this.#byPath.keys(), ...this.#missing];
    for (const { path, why } of incompleteSets(paths)) this.findings.add(path, 'malformed', why);
  }

  async #checkFile(file: FoundFile): Promise<void> {
    this.#effort.spend(COST.member);
    if (file.bytes <= MAX_POINTER_BYTES) await this.#read(file, requireNoPointer);
    if (isSafetensors(file.path)) await this.#headerOf(file);
    if (/\.gguf$/i.test(file.path)) {
      await once(this.#ggufs, file, () => this.#read(file, (source) => requireGguf(source, this.#effort)));
    }
  }

  async #requireIndex(file: FoundFile): Promise<void> {
    const index = await this.#read(file, (source) => readIndex(file.path, source, this.#effort));
    if (index === null) return;
    for (const shard of index.shards.keys()) if (!this.#byPath.has(shard)) this.#missing.add(shard);
    requireShards(index, (path) => this.#byPath.has(path));
    await this.#checkShards(file.path, index);
  }

  async #checkShards(path: string, { shards, totalBytes }: ShardIndex): Promise<void> {
    let bytes: number | null = 0;
    for (const [shard, wanted] of shards) {
      this.#effort.spend(COST.member);
      await this.#effort.rest();
      const header = await this.#soundHeaderOf(this.#byPath.get(shard));
      bytes = header === null || bytes === null ? null : bytes + header.dataBytes;
      if (header === null) continue;
      await this.findings.catch(path, async () => requireTensors(wanted, shard, header.tensors));
    }
    if (bytes !== null && totalBytes !== null && bytes !== totalBytes) {
      this.remarks.push(`${path}: it says ${counted(totalBytes, 'byte')} of tensors, its shards have ${bytes}`);
    }
  }

  /** Null where the file is none, or not in order, which is said of it in its turn. */
  async #soundHeaderOf(file: FoundFile | undefined): Promise<Safetensors | null> {
    if (file === undefined || !isSafetensors(file.path)) return null;
    try {
      return await this.#headerOf(file);
    } catch (error) {
      if (this.#effort.isSpent || !(error instanceof TwinlockError && error.code === 'malformed')) throw error;
      return null;
    }
  }

  async #headerOf(file: FoundFile): Promise<Safetensors> {
    return once(this.#headers, file, () => this.#read(file, (source) => readSafetensors(source, this.#effort)));
  }

  async #read<T>(file: FoundFile, use: (source: ByteSource) => Promise<T>): Promise<T> {
    return withSource(file, ({ bytes, read }) => {
      const reading = (offset: number, length: number) => {
        this.#effort.spend(length);
        return read(offset, length);
      };
      return use({ bytes, read: reading });
    });
  }
}

async function once<T>(known: Map<string, Promise<T>>, { identity }: FoundFile, read: () => Promise<T>): Promise<T> {
  const key = Object.values(identity).join(' ');
  const found = known.get(key) ?? read();
  known.set(key, found);
  return found;
}

function isSafetensors(path: string): boolean {
  return /\.safetensors$/i.test(path);
}

async function requireNoPointer(source: ByteSource): Promise<void> {
  const text = new TextDecoder().decode(source.read(0, source.bytes));
  must(!text.startsWith(LFS_POINTER), 'malformed', 'a pointer of Git LFS, not the file itself: run git lfs pull');
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
