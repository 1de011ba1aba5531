import { constants, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type FollowedVault, Replica } from '../../client/log/replica.ts';
import { stateFiles } from '../../client/log/state-file.ts';
import { fromUtf8, type Hex } from '../../src/core/bytes.ts';
import { decodeState, encodeState } from '../../src/core/state/snapshot.ts';
import { DischargingThreads } from '../../src/platform/threads/discharging-threads.ts';
import { readPage } from '../../src/vault/log-page.ts';
import { type DaemonProcess, startProcess } from '../world/daemon-process.ts';
import { bar } from './bars.ts';
import { keptStateOf, type LongLog, longLog } from './long-log/long-log.ts';
import { type Rounds, race, spreadOf } from './measure.ts';
import { type Bench, row } from './row.ts';

const SHORT_ENTRIES = 10;
const BAR_ENTRIES = 1_000_000;

/**
 * What a start of the daemon (a process, from its snapshot to its first answer) and a sign-in (a follow, from the state
 * that was kept) take in a long log, beside one of 10 entries; and what the state of the long log takes.
 */
export const startBench: Bench = async ({ quick, entries, say }) => {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-start-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [long, short] = [await longLog(entries, say), await longLog(SHORT_ENTRIES, say)];
  const state = await keptStateOf(long, say);
  const shortState = await keptStateOf(short, say);
  const encoded = encodeState(state);
  const heapBytes = await heapOf(encoded);
  const starts = { long: startOf(long, join(folder, 'long')), short: startOf(short, join(folder, 'short')) };
  const rounds = await race(
    {
      start: starts.long,
      shortStart: starts.short,
      signIn: { act: () => signIn(long, state.facts.vault) },
      shortSignIn: { act: () => signIn(short, shortState.facts.vault) },
    },
    quick ? 2 : 5,
  );
  long.close();
  short.close();
  const beside = (what: string, of: Rounds) => ({ what: `${what} at ${SHORT_ENTRIES}`, rounds: of });
  const each = { unit: 'ms', work: 1 } as const;
  const of = `at ${long.entries} entries`;
  const judged = { bench: 'start', entries: long.entries, entriesMin: BAR_ENTRIES };
  const secondsMore = spreadOf(rounds.start).median - spreadOf(rounds.shortStart).median;
  const stateBar = { ...judged, limit: 64, unit: 'MB' } as const;
  return {
    rows: [
      row('start', `start of the daemon ${of}`, rounds.start, each, beside('start', rounds.shortStart)),
      row('start', `sign-in ${of}`, rounds.signIn, each, beside('sign-in', rounds.shortSignIn)),
    ],
    bars: [
      bar({ ...judged, what: `start of the daemon ${of} after that at 10`, got: secondsMore, limit: 5, unit: 's' }),
      bar({ ...judged, what: `sign-in ${of}`, got: spreadOf(rounds.signIn).median, limit: 3, unit: 's' }),
      bar({ ...stateBar, what: `state ${of}, encoded`, got: encoded.length / 1e6 }),
      bar({ ...stateBar, what: `state ${of}, in memory`, got: heapBytes / 1e6 }),
    ],
    skipped: [],
  };
};

/** A daemon on a copy: it goes on with the log that it is given. */
function startOf({ dataDir }: LongLog, copy: string) {
  cpSync(dataDir, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
  let daemon: DaemonProcess | null = null;
  return {
    async act() {
      daemon = startProcess(copy);
      await daemon.url;
    },
    after: () => daemon?.kill(),
  };
}

/** Signs a custodian in once more, without a network. */
async function signIn({ dataDir, log }: LongLog, fingerprint: Hex): Promise<void> {
  const checkpoint = await log.checkpoint();
  if (checkpoint === null) throw new Error('the log has no checkpoint');
  const entries: FollowedVault['entries'] = async (from, limit) => {
    const page = await readPage(log, from, limit);
    return { from, entries: page.entries.map(fromUtf8), objects: page.objects, checkpoint };
  };
  const vault = { vault: () => Promise.reject(new Error('not asked')), entries };
  const memory = { get: async () => null, put: async () => undefined };
  const states = stateFiles(dataDir, { fromGenesis: false });
  await Replica.follow(vault, { fingerprint, verify: new DischargingThreads(), memory, states, now: null });
}

/** The heap that a decoded state takes, buffers included. */
async function heapOf(encoded: Uint8Array): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = async () => {
    // Buffers go a turn after what held them.
    for (let turn = 0; turn < 4; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  // Once beforehand: what a first reading leaves behind is not the state's.
  decodeState(encoded);
  const before = await used();
  const kept = [decodeState(encoded)];
  const after = await used();
  if (kept.length !== 1) throw new Error('expected the state to be held until it was measured');
  return after - before;
}
