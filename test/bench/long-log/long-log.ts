import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Followed, keptText, readKeptText, stillNamed } from '../../../client/log/kept-state.ts';
import { stateFiles } from '../../../client/log/state-file.ts';
import { fromHex, type Hex } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { unlessRefusedLater } from '../../../src/core/refusal.ts';
import { apply, objectsNamed } from '../../../src/core/state/apply.ts';
import { isForgetting } from '../../../src/core/state/forgetting.ts';
import type { State } from '../../../src/core/state/state.ts';
import { LOG_KEY_FILE } from '../../../src/founding/initialise.ts';
import { openStore, type Store } from '../../../src/store/open.ts';
import { SNAPSHOT_FILE, SnapshotFile } from '../../../src/store/snapshot.ts';
import { readPage, type StoredLogPage } from '../../../src/vault/log-page.ts';
import { makeDataFolder } from './make.ts';
import { STORY } from './vault-in-use.ts';

/** Elsewhere, where a checkout is short-lived. */
const CACHE = process.env['TWINLOCK_BENCH_CACHE'] ?? join(import.meta.dirname, '../../../node_modules/.cache/twinlock');
const PAGE_ENTRIES = 512;

/** A daemon's data folder with a long log, open. */
export interface LongLog {
  readonly dataDir: string;
  readonly entries: number;
  readonly log: Store['log'];
  close(): void;
}

/**
 * The log of a vault in use (vault-in-use.ts), in a data folder of its own. Made once, a thousand entries a second, and
 * kept in node_modules/.cache/twinlock, or where TWINLOCK_BENCH_CACHE says: the formats and rules of the sources may
 * change as long as they still accept it. Where they do not, remove the folder.
 */
export async function longLog(entries: number, say: (line: string) => void): Promise<LongLog> {
  const dataDir = join(CACHE, `vault-${STORY}-${entries}`);
  if (!existsSync(dataDir)) {
    say(`making a log of ${entries} entries, once`);
    mkdirSync(CACHE, { recursive: true });
    const aside = `${dataDir}.${process.pid}`;
    rmSync(aside, { recursive: true, force: true });
    await makeDataFolder(aside, entries, say);
    renameSync(aside, dataDir);
  }
  const { log, close } = openStore(dataDir);
  return { dataDir, entries: await log.size(), log, close };
}

/** The log from entry 0 on, as the daemon reads it. */
export async function* pagesOf({ log, entries }: LongLog): AsyncGenerator<StoredLogPage> {
  for (let from = 0; from < entries; ) {
    const page = await readPage(log, from, Math.min(PAGE_ENTRIES, entries - from));
    if (page.entries.length === 0) throw new Error(`the log ends at ${from} of ${entries} entries`);
    yield page;
    from += page.entries.length;
  }
}

/**
 * The state that the log leads to, with the daemon's snapshot and a workstation's kept state of it in the data folder.
 * Where these are missing or of other rules, the log is folded, without its signatures: it is our own.
 */
export async function keptStateOf(long: LongLog, say: (line: string) => void): Promise<State> {
  const { dataDir } = long;
  const seed = fromHex(readFileSync(join(dataDir, LOG_KEY_FILE), 'utf8').trim());
  const snapshot = new SnapshotFile(join(dataDir, SNAPSHOT_FILE), seed);
  const read = async () => {
    const state = await snapshot.read();
    if (state === null) return null;
    const text = await stateFiles(dataDir, { fromGenesis: false }).get(state.facts.vault);
    const isKept = text !== null && readKeptText(text, state.facts.vault) !== null;
    return isKept ? state : null;
  };
  const kept = await unlessRefusedLater(TwinlockError, read, () => null);
  if (kept !== null) return kept;
  say(`folding ${long.entries} entries, for the state that is kept of them`);
  const followed = await fold(long, say);
  await snapshot.write(followed.state);
  const text = keptText(followed);
  if (text !== null) await stateFiles(dataDir, { fromGenesis: false }).put(followed.state.facts.vault, text);
  return followed.state;
}

/** Follows the log as a replica does, without the claims. */
async function fold(long: LongLog, say: (line: string) => void): Promise<Followed> {
  let state: State | null = null;
  let namedAt = new Map<Hex, number>();
  for await (const { entries, objects } of pagesOf(long)) {
    for (const bytes of entries) {
      const applied = apply(state, bytes, objects);
      state = applied.state;
      const { entry } = applied;
      for (const digest of objectsNamed(entry)) namedAt.set(digest, entry.index);
      if (!isForgetting(entry.index)) continue;
      namedAt = new Map(stillNamed(state.facts, namedAt));
      if ((entry.index + 1) % (64 * 1024) === 0) say(`folded ${entry.index + 1} of ${long.entries} entries`);
    }
  }
  if (state === null) throw new Error('the log is empty');
  return { state, namedAt: stillNamed(state.facts, namedAt) };
}
