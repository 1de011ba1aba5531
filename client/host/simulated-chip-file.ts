import * as z from 'zod/mini';
import { SIMULATED_IMAGE } from '../../src/core/attest/simulated/report.ts';
import { fromBase64url, toBase64url } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { binary, parseAs } from '../../src/core/schema.ts';
import { readSecretDocument, writeSecretFile } from '../../src/platform/files/secret.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { withFileLock } from '../files/file-lock.ts';
import { SimulatedChip } from './simulated-chip.ts';

const MAX_BYTES = 1024;
const SEED_BYTES = 32;

const schema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-simulated-chip'),
  seed: binary(SEED_BYTES, SEED_BYTES),
});

/**
 * The file is made, mode 0600, where there is none: the same chip has the same label in every request. Several requests
 * of one host may begin at the same time, and have one chip.
 */
export async function readOrMakeSimulatedChip(path: string): Promise<SimulatedChip> {
  const seed =
    (await readSeed(path)) ?? (await withFileLock(path, async () => (await readSeed(path)) ?? makeSeed(path)));
  return new SimulatedChip(seed, SIMULATED_IMAGE);
}

/** Null where there is no file. */
async function readSeed(path: string): Promise<Uint8Array | null> {
  try {
    const { seed } = parseAs(schema, await readSecretDocument(path, MAX_BYTES), path);
    return fromBase64url(seed);
  } catch (error) {
    if (error instanceof TwinlockError && error.code === 'not_found') return null;
    throw error;
  }
}

async function makeSeed(path: string): Promise<Uint8Array> {
  const seed = platformRandom(SEED_BYTES);
  const file = { v: 1, kind: 'twinlock-simulated-chip', seed: toBase64url(seed) };
  await writeSecretFile(path, canonicalBytes(file));
  return seed;
}
