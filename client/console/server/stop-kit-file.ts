import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex } from '../../../src/core/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../../src/core/canonical.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { makeOwnFolder } from '../../../src/platform/files/durable.ts';
import { readSecretFile, writeSecretFile } from '../../../src/platform/files/secret.ts';
import { Queue } from '../../../src/platform/queue.ts';
import { MAX_STOP_KIT_BYTES, parseStopKit, type StopKit } from '../../custodian/stop-kit.ts';
import { withFileLock } from '../../files/file-lock.ts';
import { readKept } from '../../files/kept-file.ts';

const NAME = /^stop-kit-([0-9a-f]{64})\.json$/;

/** The kits for stops, one file per vault: `stop-kit-<fingerprint>.json` in the state folder (FORMAT.md). */
export class StopKitFiles {
  readonly #dir: string;
  readonly #queue = new Queue();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Null where this workstation has never followed the vault. Throws `malformed`, `not_canonical`, `too_large`,
   * `wrong_vault` and `not_permitted` for a file that is not as it must be.
   */
  async get(vault: Hex): Promise<StopKit | null> {
    const bytes = await readSecretFile(this.#pathOf(vault), MAX_STOP_KIT_BYTES).catch((error: unknown) => {
      if (error instanceof TwinlockError && error.code === 'not_found') return null;
      throw error;
    });
    if (bytes === null) return null;
    return readKept(this.#pathOf(vault), 'sign in, and it is made anew from the log', () =>
      parseStopKit(parseCanonical(bytes, MAX_STOP_KIT_BYTES), vault),
    );
  }

  /** Writes a kit, durable when it resolves. Keeps an existing kit of a longer log; replaces a damaged file. */
  put(kit: StopKit): Promise<void> {
    return this.#queue.run(async () => {
      const path = this.#pathOf(kit.vault);
      await makeOwnFolder(this.#dir);
      // Another console may follow the same vault.
      await withFileLock(path, async () => {
        const kept = await this.readable(kit.vault);
        if (kept !== null && kept.size > kit.size) return;
        await writeSecretFile(path, canonicalBytes(kit), { replace: true });
      });
    });
  }

  /** The same as `get`, but null for a damaged file too. */
  async readable(vault: Hex): Promise<StopKit | null> {
    try {
      return await this.get(vault);
    } catch (error) {
      if (error instanceof TwinlockError) return null;
      throw error;
    }
  }

  /** The fingerprints of the vaults that this workstation has a kit for. */
  async vaults(): Promise<readonly Hex[]> {
    const names = await readdir(this.#dir).catch(() => []);
    return names.flatMap((name) => NAME.exec(name)?.[1] ?? []);
  }

  #pathOf(vault: Hex): string {
    return join(this.#dir, `stop-kit-${vault}.json`);
  }
}
