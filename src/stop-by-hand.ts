import { TwinlockError } from './core/errors.ts';
import type { SignedStop } from './core/log/signed-stop.ts';
import { openRecorder, readLogSeed } from './data-folder.ts';
import { verifyNode } from './platform/verify-node.ts';
import { handOverStop, type Told } from './stop-folder.ts';
import { openStore, type Store } from './store/open.ts';
import { steady } from './vault/clock-watch.ts';
import { Refusals } from './vault/refusals.ts';
import { stopAllowance } from './vault/shares.ts';
import { stop } from './vault/stop.ts';

/**
 * Records a stop that was carried to the vault's machine: by the daemon, where one has the data folder open, and
 * else here, holding the folder alone. Throws as `stop`, `handOverStop` and `openStore`.
 */
export async function stopByHand(dataDir: string, signed: SignedStop): Promise<Told> {
  const seed = readLogSeed(dataDir);
  const store = openUnlessInUse(dataDir);
  if (store === null) return handOverStop(dataDir, signed);
  try {
    const clocks = { now: () => Date.now(), monotonic: () => performance.now() };
    const recorder = await openRecorder(store, seed, clocks);
    const stops = stopAllowance(steady(clocks));
    return await stop({ recorder, verify: verifyNode, stops, refusals: new Refusals(clocks) }, signed);
  } finally {
    store.close();
  }
}

function openUnlessInUse(dataDir: string): Store | null {
  try {
    return openStore(dataDir);
  } catch (error) {
    if (error instanceof TwinlockError && error.code === 'unavailable') return null;
    throw error;
  }
}
