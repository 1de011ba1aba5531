import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { TwinlockError } from '../core/errors.ts';
import type { SignedStop } from '../core/log/signed-stop.ts';
import { openRecorder, readLogSeed, snapshotOf } from '../data-folder/data-folder.ts';
import { verifyNode } from '../platform/verify-node.ts';
import { forOperator } from '../store/failure.ts';
import { DATABASE_FILE, openStore, type Store } from '../store/open.ts';
import { steady } from '../vault/clock-watch.ts';
import { Refusals } from '../vault/refusals.ts';
import { stopAllowance } from '../vault/shares.ts';
import { stop } from '../vault/stop.ts';
import { handOverStop, type Told } from './stop-folder.ts';

/**
 * Records a stop that was carried to the vault's machine: by the daemon, where one has the data folder open, and
 * else here, holding the folder alone. Several may do so at once. Throws as `stop`, `handOverStop` and `openStore`,
 * and `not_permitted` for a user who may not write there.
 */
export async function stopByHand(dataDir: string, signed: SignedStop): Promise<Told> {
  const seed = readLogSeed(dataDir);
  requireWritable(dataDir);
  const recordAlone = () => recordUnlessInUse(dataDir, seed, signed);
  return (await recordAlone()) ?? handOverStop(dataDir, signed, recordAlone);
}

/** Null where another process has the folder. */
async function recordUnlessInUse(dataDir: string, seed: Uint8Array, signed: SignedStop): Promise<Told | null> {
  const store = openUnlessInUse(dataDir);
  if (store === null) return null;
  try {
    const clocks = { now: () => Date.now(), monotonic: () => performance.now() };
    const opened = { log: store.log, snapshot: snapshotOf(dataDir, seed) };
    const { recorder } = await openRecorder(opened, seed, clocks, () => undefined);
    const stops = stopAllowance(steady(clocks));
    return await stop({ recorder, verify: verifyNode, stops, refusals: new Refusals(clocks) }, signed, 'operator');
  } catch (error) {
    throw forOperator(error, dataDir);
  } finally {
    store.close();
  }
}

/** The database says nothing that a person understands where it cannot lock what it can read. */
function requireWritable(dataDir: string): void {
  for (const path of [dataDir, join(dataDir, DATABASE_FILE)]) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
    } catch (cause) {
      const message = `this user may not write ${path}: run it as the vault’s user, who owns ${dataDir}, or as root`;
      throw new TwinlockError('not_permitted', message, {}, { cause });
    }
  }
}

function openUnlessInUse(dataDir: string): Store | null {
  try {
    return openStore(dataDir);
  } catch (error) {
    if (error instanceof TwinlockError && error.code === 'in_use') return null;
    throw error;
  }
}
