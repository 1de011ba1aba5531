import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from './core/bytes.ts';
import { must, TwinlockError } from './core/errors.ts';
import { signCheckpoint } from './core/log/checkpoint.ts';
import { LOG_KEY_FILE } from './initialise.ts';
import { verifyNode } from './platform/verify-node.ts';
import { DATABASE_FILE, type Store } from './store/open.ts';
import type { Clock } from './vault/ports.ts';
import { Recorder } from './vault/recorder.ts';

/** A file of the data folder that only its owner may read. Throws `genesis_incomplete` where there is none, and `not_permitted`. */
export function readSecret(dataDir: string, name: string): string {
  try {
    return readFileSync(join(dataDir, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    must(
      code !== 'ENOENT',
      'genesis_incomplete',
      `${dataDir} holds no vault: run twinlockd init first, or name its folder with --data`,
    );
    must(
      code !== 'EACCES' && code !== 'EPERM',
      'not_permitted',
      `this user may not read ${join(dataDir, name)}: run it as the vault’s user, who owns ${dataDir}`,
    );
    throw new TwinlockError(
      'unavailable',
      `cannot read ${join(dataDir, name)}: ${code ?? 'unknown'}`,
      {},
      { cause: error },
    );
  }
}

/** The seed of the log's key, 32 bytes. Throws as `readSecret`, and `storage_corrupt` where the log is gone. */
export function readLogSeed(dataDir: string): Uint8Array {
  const seed = fromHex(readSecret(dataDir, LOG_KEY_FILE).trim());
  // A vault whose log is gone must not look like one that was never founded.
  must(
    existsSync(join(dataDir, DATABASE_FILE)),
    'storage_corrupt',
    `${dataDir} has a log key and no ${DATABASE_FILE}: restore the whole folder, and alert the custodians`,
  );
  return seed;
}

/** Replays the log of an open store. Throws as `Recorder.open`. */
export function openRecorder({ log }: Pick<Store, 'log'>, seed: Uint8Array, clock: Clock): Promise<Recorder> {
  return Recorder.open({
    log,
    clock,
    verify: verifyNode,
    signer: { sign: (checkpoint) => signCheckpoint(checkpoint, seed) },
  });
}
