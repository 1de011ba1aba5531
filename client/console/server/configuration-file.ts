import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Hex, utf8 } from '../../../src/core/bytes.ts';
import { must, TwinlockError } from '../../../src/core/errors.ts';
import { fileError } from '../../../src/platform/files/error.ts';
import { readInput } from '../../../src/platform/files/input.ts';
import { writeSecretFile } from '../../../src/platform/files/secret.ts';
import { Queue } from '../../../src/platform/queue.ts';

/** Largest configuration file or bundle of certificates. */
const MAX_BYTES = 1 << 20;

/** The new content, and the existing one. */
export interface ConfigurationOffer {
  readonly path: string;
  readonly wanted: string;
  /** Null where there is none. */
  readonly kept: string | null;
}

/** The command line's configuration (cli/FORMAT.md) for this console's vault. */
export class ConfigurationFile {
  readonly #path: string;
  readonly #vault: string;
  readonly #ca: string | null;
  readonly #queue = new Queue();

  constructor(path: string, vault: string, ca: string | null) {
    this.#path = path;
    this.#vault = vault;
    this.#ca = ca;
  }

  /** Throws `too_large`, and as `fileError`. */
  async offer(fingerprint: Hex): Promise<ConfigurationOffer> {
    const ca = this.#ca === null ? {} : { ca: caName(fingerprint) };
    const wanted = `${JSON.stringify({ vault: this.#vault, fingerprint, ...ca }, null, 2)}\n`;
    return { path: this.#path, wanted, kept: await readOrNull(this.#path) };
  }

  /**
   * Durable when it resolves; the certificates are copied beside it. `replaces` is the SHA-256 of the file that the
   * person has seen. Throws `exists` where there is another file than that, or one and `replaces` is null.
   */
  write(fingerprint: Hex, replaces: Hex | null): Promise<void> {
    return this.#queue.run(async () => {
      const { wanted, kept } = await this.offer(fingerprint);
      const keptDigest = kept === null ? null : createHash('sha256').update(kept).digest('hex');
      must(
        kept === wanted || keptDigest === replaces,
        'exists',
        `${this.#path} says something else: look at both, then replace it`,
      );
      const folder = dirname(this.#path);
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
        throw fileError(error, folder);
      });
      if (this.#ca !== null) {
        const pem = await readOrNull(this.#ca);
        must(pem !== null, 'not_found', `${this.#ca}: the certificates are gone: start the console anew`);
        await writeSecretFile(join(folder, caName(fingerprint)), utf8(pem), { replace: true });
      }
      await writeSecretFile(this.#path, utf8(wanted), { replace: true });
    });
  }
}

function caName(fingerprint: Hex): string {
  return `vault-${fingerprint.slice(0, 16)}.crt`;
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await readInput(path, MAX_BYTES));
  } catch (error) {
    if (error instanceof TwinlockError && error.code === 'not_found') return null;
    throw error;
  }
}
