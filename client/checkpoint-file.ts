import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Hex } from '../src/core/bytes.ts';
import { canonicalBytes, parseCanonical } from '../src/core/canonical.ts';
import { TwinlockError } from '../src/core/errors.ts';
import { digest, parseAs } from '../src/core/schema.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from './checkpoint-memory.ts';
import { fileError } from './file-error.ts';
import { readSecretFile, writeSecretFile } from './secret-file.ts';

const MAX_BYTES = 1024;

const schema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-checkpoint'),
  fingerprint: digest,
  size: z.int().check(z.gte(1)),
  root: digest,
});

/**
 * Checkpoints in a folder, a file a vault: `<fingerprint>.json` (FORMAT.md), replaced by a rename. Two
 * processes may follow one log (an audit beside a console): a checkpoint of fewer entries does not replace one of more.
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
    const { size, root } = parseAs(schema, parseCanonical(bytes, MAX_BYTES), path);
    return { size, root };
  };
  return {
    get,
    async put(fingerprint: Hex, { size, root }: VerifiedCheckpoint): Promise<void> {
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
        throw fileError(error, folder);
      });
      if (((await get(fingerprint))?.size ?? 0) > size) return;
      const file = { v: 1, kind: 'twinlock-checkpoint', fingerprint, size, root };
      await writeSecretFile(pathOf(fingerprint), canonicalBytes(file), { replace: true });
    },
  };
}
