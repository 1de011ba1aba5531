import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { parseManifest, plainBytes } from '../core/weights/manifest.ts';
import { type Pack, packOf } from '../core/weights/pack.ts';
import type { LogStore } from './ports.ts';

/** The files of a version, by its manifest. */
interface FileLayout {
  /** Bytes of plaintext of each file, the inner manifest first. */
  readonly sizes: readonly number[];
  readonly pack: Pack;
}

/** Layouts that are kept in memory. A version may have 10,000 files, whose layout takes 1 MiB. */
const MOST_KEPT = 32;

/**
 * The files of versions, from their manifests: the state of the log does not hold them. A manifest is parsed once for
 * many ranges; those that were asked for last are kept. Calls may run at once.
 */
export class VersionFiles {
  readonly #log: Pick<LogStore, 'objects'>;
  readonly #kept = new Map<Hex, Promise<FileLayout>>();

  constructor(log: Pick<LogStore, 'objects'>) {
    this.#log = log;
  }

  /** `manifest` is that of a version in the log. Throws `storage_corrupt` where the store does not have it. */
  async of(manifestDigest: Hex): Promise<FileLayout> {
    const layout = this.#kept.get(manifestDigest) ?? this.#read(manifestDigest);
    this.#kept.delete(manifestDigest);
    this.#kept.set(manifestDigest, layout);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > MOST_KEPT) this.#kept.delete(oldest);
    try {
      return await layout;
    } catch (error) {
      this.#kept.delete(manifestDigest);
      throw error;
    }
  }

  async #read(manifestDigest: Hex): Promise<FileLayout> {
    const bytes = (await this.#log.objects([manifestDigest])).get(manifestDigest);
    must(bytes !== undefined, 'storage_corrupt', `the store has no manifest ${manifestDigest}`);
    const { core, digest } = parseManifest(bytes);
    must(
      digest === manifestDigest,
      'storage_corrupt',
      `expected the manifest ${manifestDigest} in the store, got ${digest}`,
    );
    const sizes = core.files.map(plainBytes);
    return { sizes, pack: packOf(sizes) };
  }
}
