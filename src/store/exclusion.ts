import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { BlobName } from '../vault/ports.ts';

/**
 * Who writes in which folder at this moment, in this process (the lock on the database keeps others out).
 * One writer a file, none while its upload is sealed, and a sweep leaves alone what is written meanwhile.
 */
export class Exclusion {
  readonly #files = new Map<Hex, Set<BlobName>>();
  readonly #sealing = new Set<Hex>();
  readonly #sweeps = new Set<Set<Hex>>();

  /** Runs `act` as the one writer of a file. Throws `upload_conflict`. */
  async writing<T>(upload: Hex, file: BlobName, act: () => Promise<T>): Promise<T> {
    must(!this.#sealing.has(upload), 'upload_conflict', 'the upload is being made a version');
    const files = this.#files.get(upload) ?? new Set();
    must(
      !files.has(file),
      'upload_conflict',
      `another part of ${typeof file === 'number' ? `file ${file}` : 'the small files'} is being stored: wait for its answer`,
    );
    this.#files.set(upload, files.add(file));
    this.#touch(upload);
    try {
      return await act();
    } finally {
      files.delete(file);
      if (files.size === 0) this.#files.delete(upload);
    }
  }

  /** Runs `act`, which makes the upload the version of `manifest`. Throws `upload_conflict`. */
  async sealing<T>(upload: Hex, manifestDigest: Hex, act: () => Promise<T>): Promise<T> {
    const isFree = !this.#sealing.has(upload) && !this.#files.has(upload);
    must(isFree, 'upload_conflict', 'the upload is still being written: wait for the answers');
    this.#sealing.add(upload);
    this.#touch(upload);
    this.#touch(manifestDigest);
    try {
      return await act();
    } finally {
      this.#sealing.delete(upload);
    }
  }

  /** Runs `act` with a set to which every folder is added that is written before `act` ends. */
  async sweeping<T>(act: (touched: ReadonlySet<Hex>) => Promise<T>): Promise<T> {
    const touched = new Set([...this.#files.keys(), ...this.#sealing]);
    this.#sweeps.add(touched);
    try {
      return await act(touched);
    } finally {
      this.#sweeps.delete(touched);
    }
  }

  #touch(folder: Hex): void {
    for (const touched of this.#sweeps) touched.add(folder);
  }
}
