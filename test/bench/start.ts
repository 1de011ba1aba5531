import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { type FollowedVault, Replica } from '../../client/log/replica.ts';
import type { LogPage } from '../../client/log/source.ts';
import { stateFiles } from '../../client/log/state-file.ts';
import { fromBase64url, utf8 } from '../../src/core/bytes.ts';
import { signCheckpoint } from '../../src/core/log/checkpoint.ts';
import { parseEntry } from '../../src/core/log/entry.ts';
import { leafHash, rootOf } from '../../src/core/log/merkle.ts';
import { appendToTiles, EMPTY_EDGE } from '../../src/core/log/tiles.ts';
import { objectsNamed } from '../../src/core/state/apply.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { openStore, type Store } from '../../src/store/open.ts';
import { SNAPSHOT_FILE, SnapshotFile } from '../../src/store/snapshot.ts';
import { Recorder } from '../../src/vault/recorder.ts';
import { type LongLog, longLog } from './long-log.ts';
import { race } from './measure.ts';
import { type Bench, row } from './row.ts';

const SHORT_ENTRIES = 10;
const QUICK_ENTRIES = 500;
const ENTRIES = Number(process.env['TWINLOCK_BENCH_ENTRIES'] ?? 10_000);
const PAGE_ENTRIES = 512;
const SEED = new Uint8Array(32).fill(1);
const clock = { now: () => Date.now() };
const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);

/**
 * What a start of the daemon and a sign-in take, by the snapshot and the state that were kept, in a long log beside one of
 * 10 entries. TWINLOCK_BENCH_ENTRIES says how long; the log is made once.
 */
export const startBench: Bench = async ({ quick, say }) => {
  const long = await longLog(quick ? QUICK_ENTRIES : ENTRIES, say);
  const short = await longLog(SHORT_ENTRIES, say);
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-start-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const longVault = await vaultOf(long, join(folder, 'long'));
  const shortVault = await vaultOf(short, join(folder, 'short'));
  const entries = long.texts.length;
  const rounds = await race(
    {
      start: { act: longVault.start },
      shortStart: { act: shortVault.start },
      signIn: { act: longVault.signIn },
      shortSignIn: { act: shortVault.signIn },
    },
    quick ? 2 : 5,
  );
  const beside = (what: string, of: readonly number[]) => ({ what: `${what} at ${SHORT_ENTRIES}`, rounds: of });
  const each = { unit: 'ms', work: 1 } as const;
  say(`the state of ${entries} entries is kept in ${longVault.stateBytes} bytes`);
  longVault.close();
  shortVault.close();
  return {
    rows: [
      row('start', `start of the daemon at ${entries} entries`, rounds.start, each, beside('start', rounds.shortStart)),
      row('start', `sign-in at ${entries} entries`, rounds.signIn, each, beside('sign-in', rounds.shortSignIn)),
    ],
    skipped: [],
  };
};

/** A data folder with this log and its snapshot, and a workstation that has followed it once. */
async function vaultOf(log: LongLog, dataDir: string) {
  const store = openStore(dataDir);
  const note = noteOf(log);
  await fill(store, log, note);
  const snapshot = new SnapshotFile(join(dataDir, SNAPSHOT_FILE), SEED);
  const seed = fromBase64url(log.seed);
  const signer = { publicKey: ed25519.getPublicKey(seed), sign: async () => note };
  const { state } = await Recorder.open({ log: store.log, clock, verify: verifyNode, signer });
  if (state === null) throw new Error('the log is empty');
  await snapshot.write(state);
  const open = async () => {
    const start = await snapshot.read();
    await Recorder.open({ log: store.log, clock, verify: verifyNode, signer }, start);
  };
  const states = stateFiles(dataDir, { fromGenesis: false });
  const memory = { get: async () => null, put: async () => undefined };
  const source = { vault: () => Promise.reject(new Error('not asked')), entries: pages(log, note) };
  const options = { fingerprint: state.facts.vault, verify, memory, states, now: null };
  const signIn = () => Replica.follow(source, options);
  await signIn();
  return {
    start: open,
    signIn,
    stateBytes: statSync(join(dataDir, SNAPSHOT_FILE)).size,
    close: () => store.close(),
  };
}

async function fill({ log: store }: Store, log: LongLog, checkpoint: Uint8Array): Promise<void> {
  let edge = EMPTY_EDGE;
  const none = { envelopes: [], hostShares: [], tokens: [], erase: [] };
  for (let from = 0; from < log.texts.length; from += PAGE_ENTRIES) {
    const bytes = log.texts.slice(from, from + PAGE_ENTRIES).map(utf8);
    const after = appendToTiles(edge, bytes.map(leafHash));
    edge = after.edge;
    const entries = bytes.map((entry, i) => ({ index: from + i, bytes: entry }));
    const objects = objectsOf(log, bytes);
    await store.commit({ ...none, entries, tiles: after.tiles, objects, checkpoint });
  }
}

function objectsOf({ objects }: LongLog, entries: readonly Uint8Array[]): LogPage['objects'] {
  const named = entries.flatMap((bytes) => objectsNamed(parseEntry(bytes)));
  return new Map(named.map((digest) => [digest, objects.get(digest) ?? new Uint8Array(0)]));
}

/** The vault's answer, without a network. */
function pages(log: LongLog, checkpoint: Uint8Array): FollowedVault['entries'] {
  return async (from, limit) => {
    const entries = log.texts.slice(from, from + limit);
    return { from, entries, checkpoint, objects: objectsOf(log, entries.map(utf8)) };
  };
}

function noteOf({ texts, seed }: LongLog): Uint8Array {
  const genesis = parseEntry(utf8(texts[0] ?? ''));
  if (genesis.kind !== 'genesis') throw new Error('expected genesis');
  const { log } = genesis.body.statement as unknown as StatementOf<'genesis'>;
  const root = rootOf(texts.map((text) => leafHash(utf8(text))));
  return signCheckpoint({ origin: log.origin, size: texts.length, root }, fromBase64url(seed));
}
