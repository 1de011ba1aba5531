import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Hex } from '../../src/core/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../src/core/canonical.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { digest, parseAs } from '../../src/core/schema.ts';
import { makeOwnFolder } from '../../src/platform/files/durable.ts';
import { readSecretFile, writeSecretFile } from '../../src/platform/files/secret.ts';
import { withFileLock } from '../files/file-lock.ts';
import { readKept } from '../files/kept-file.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from './checkpoint-memory.ts';

const MAX_BYTES = 1024;

const schema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-checkpoint'),
  fingerprint: digest,
  size: z.int().check(z.gte(1)),
  root: digest,
});

const DAMAGED =
  'no change of the log from before can be seen without it. Compare the vault’s log with what another machine has verified, then move the file away';

/**
 * Checkpoints in a folder, a file a vault: `<fingerprint>.json` (FORMAT.md), replaced by a rename, under a lock. Several
 * processes may follow one log (an audit beside a console): a checkpoint of fewer entries does not replace one of more,
 * and `put` throws `rolled_back` for another root than that of as many: the vault has shown two logs.
 * A file that is damaged or of another vault throws `malformed` or `not_canonical`, which say what to do.
 */
export function checkpointFiles(folder: string): CheckpointMemory {
  const pathOf = (fingerprint: Hex) => join(folder, `${fingerprint}.json`);
  const get = async (fingerprint: Hex): Promise<VerifiedCheckpoint | null> => {
    const path = pathOf(fingerprint);
    const bytes = await readSecretFile(path, MAX_BYTES).catch((error: unknown) => {
      if (error instanceof TwinlockError && error.code === 'not_found') return null;
      throw error;
    });
    if (bytes === null) return null;
    return readKept(path, DAMAGED, () => {
      const { fingerprint: of, size, root } = parseAs(schema, parseCanonical(bytes, MAX_BYTES), 'checkpoint');
      must(of === fingerprint, 'malformed', `expected a checkpoint of the vault ${fingerprint}, got one of ${of}`);
      return { size, root };
    });
  };
  return {
    get,
    async put(fingerprint: Hex, { size, root }: VerifiedCheckpoint): Promise<void> {
      await makeOwnFolder(folder);
      await withFileLock(pathOf(fingerprint), async () => {
        const kept = await get(fingerprint);
        if (kept !== null && kept.size > size) return;
        const isSame = kept === null || kept.size < size || kept.root === root;
        must(isSame, 'rolled_back', `expected the root ${kept?.root} at ${size} entries, got ${root}`);
        const file = { v: 1, kind: 'twinlock-checkpoint', fingerprint, size, root };
        await writeSecretFile(pathOf(fingerprint), canonicalBytes(file), { replace: true });
      });
    },
  };
}
