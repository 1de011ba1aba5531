import { join } from 'node:path';
import * as z from 'zod/mini';
import { type Hex, toHex } from '../../src/core/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../src/core/canonical.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { id, parseAs } from '../../src/core/schema.ts';
import { makeOwnFolder } from '../../src/platform/files/durable.ts';
import { readSecretFile, writeSecretFile } from '../../src/platform/files/secret.ts';
import { readKept } from '../files/kept-file.ts';

const FILE = 'opener.json';
const MAX_BYTES = 256;
const DAMAGED = 'remove it: it only tells uploads of this machine from those of others';

const schema = z.strictObject({ v: z.literal(1), kind: z.literal('twinlock-opener'), opener: id });

/** 16 bytes. */
export function newOpener(random: RandomBytes): Hex {
  return toHex(random(16));
}

/**
 * By what the vault tells the uploads of this machine from those of another with the same key: 16 bytes, made once and
 * kept in the folder of states (client/FORMAT.md). No secret, and no right. Throws as `readSecretFile`, and `malformed`
 * or `not_canonical` where the file is damaged.
 */
export async function ownOpener(stateDir: string, random: RandomBytes): Promise<Hex> {
  const path = join(stateDir, FILE);
  const kept = await unless('not_found', () => read(path));
  if (kept !== null) return kept;
  const opener = newOpener(random);
  await makeOwnFolder(stateDir);
  // Another process may have made it meanwhile: the first counts.
  await unless('exists', () => writeSecretFile(path, canonicalBytes({ v: 1, kind: 'twinlock-opener', opener })));
  return read(path);
}

async function read(path: string): Promise<Hex> {
  const bytes = await readSecretFile(path, MAX_BYTES);
  return readKept(path, DAMAGED, () => parseAs(schema, parseCanonical(bytes, MAX_BYTES), 'opener').opener);
}

async function unless<T>(code: TwinlockError['code'], act: () => Promise<T>): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof TwinlockError && error.code === code) return null;
    throw error;
  }
}
