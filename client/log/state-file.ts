import { join } from 'node:path';
import { fromUtf8, type Hex, utf8 } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { makeOwnFolder } from '../../src/platform/files/durable.ts';
import { readSecretFile, writeSecretFile } from '../../src/platform/files/secret.ts';
import { MAX_KEPT_BYTES, type StateMemory } from './kept-state.ts';

/**
 * States in a folder, a file a vault: `<fingerprint>.state` (FORMAT.md), mode 0600, replaced by a rename. Of two
 * processes that follow one log, the last one's stays; either is right. With `fromGenesis` none is read, and the next is
 * kept. `get` throws `not_permitted` for a file that others than its owner may use.
 */
export function stateFiles(folder: string, { fromGenesis }: { readonly fromGenesis: boolean }): StateMemory {
  const pathOf = (fingerprint: Hex) => join(folder, `${fingerprint}.state`);
  return {
    async get(fingerprint) {
      if (fromGenesis) return null;
      try {
        return fromUtf8(await readSecretFile(pathOf(fingerprint), MAX_KEPT_BYTES));
      } catch (error) {
        // A damaged one is as none: what it spares can be done again.
        const isNone = error instanceof TwinlockError && error.code !== 'not_permitted';
        if (isNone) return null;
        throw error;
      }
    },
    async put(fingerprint, kept) {
      await makeOwnFolder(folder);
      await writeSecretFile(pathOf(fingerprint), utf8(kept), { replace: true });
    },
  };
}
