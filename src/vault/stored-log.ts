import { equal } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { frontierRoot, leafHash } from '../core/log/merkle.ts';
import { appendToTiles, EMPTY_EDGE, type TileEdge } from '../core/log/tiles.ts';
import type { Verify } from '../core/signature/claim.ts';
import type { Discharger } from '../core/state/discharge.ts';
import { openWithLogKey } from '../core/state/log-checkpoint.ts';
import { replay } from '../core/state/replay.ts';
import type { State } from '../core/state/state.ts';
import { readPage } from './log-page.ts';
import type { LogStore } from './ports.ts';
import { readEdge, requireStored } from './stored-tiles.ts';
import type { TileProofs } from './tile-proofs.ts';

/** Entries that are replayed at a time. */
const PAGE_ENTRIES = 512;

/** Where a log ends that was verified, with what the next entries are appended to. */
export interface LogEnd {
  /** Null before genesis. */
  readonly state: State | null;
  readonly edge: TileEdge;
  /** The note of the committed checkpoint, over the whole of it; null before genesis. */
  readonly committed: Uint8Array | null;
}

export const EMPTY_END: LogEnd = { state: null, edge: EMPTY_EDGE, committed: null };

export function sizeOf({ state }: Pick<LogEnd, 'state'>): number {
  return state?.chain.frontier.size ?? 0;
}

/**
 * Where the log ends that led to `start`, a state that the caller trusts. Throws `rolled_back` where the store has fewer
 * entries, and `storage_corrupt` where its tiles are of another log.
 */
export async function endAt(start: State, log: LogStore, proofs: TileProofs): Promise<LogEnd> {
  const { frontier } = start.chain;
  const stored = await log.size();
  must(
    stored >= frontier.size,
    'rolled_back',
    `expected at least ${frontier.size} entries in the store, got ${stored}`,
  );
  const isOfTheLog = equal(await proofs.rootAt(frontier.size), frontierRoot(frontier));
  must(isOfTheLog, 'storage_corrupt', `the stored tiles are of another log than the state of size ${frontier.size}`);
  return { state: start, edge: await readEdge(log, frontier.size), committed: null };
}

/**
 * Replays what the store has after `end`, every claim included. Throws the first fault, which names its entry;
 * `storage_corrupt` where a stored tile is not of the log; and `checkpoint_invalid` where the stored note is not one that
 * the log key of genesis has signed over exactly these entries.
 */
export async function replayStored(end: LogEnd, log: LogStore, verify: Verify | Discharger): Promise<LogEnd> {
  const size = await log.size();
  let { state, edge } = end;
  while (sizeOf({ state }) < size) {
    const from = sizeOf({ state });
    const { entries, objects } = await readPage(log, from, Math.min(PAGE_ENTRIES, size - from));
    must(entries.length > 0, 'storage_corrupt', `entry ${from} of ${size} is not in the store`);
    const { sound, fault } = await replay(state, entries, objects, verify);
    if (fault !== null) throw fault;
    state = sound.at(-1)?.state ?? null;
    const after = appendToTiles(edge, entries.map(leafHash));
    await requireStored(log, after.tiles);
    edge = after.edge;
  }
  const committed = await log.checkpoint();
  requireNote(state, committed);
  return { state, edge, committed };
}

/**
 * A note over the whole log, signed with the log key of genesis; none before genesis. Entries and note are stored in one
 * transaction, so one never goes beyond the other.
 */
function requireNote(state: State | null, note: Uint8Array | null): void {
  const what = 'the stored checkpoint is not one that the log key of genesis signed over this log';
  must((state === null) === (note === null), 'checkpoint_invalid', `${what}: restore a copy of the data folder`);
  if (state !== null && note !== null) requireNoteOver(state, note, what);
}

/** Throws `checkpoint_invalid` or `foreign_checkpoint` unless `note` is a true one over the whole of this log. */
export function requireNoteOver({ chain, facts }: State, note: Uint8Array, what: string): void {
  const { size, root } = openWithLogKey(facts.genesis.log, note);
  const { frontier } = chain;
  must(
    size === frontier.size && equal(root, frontierRoot(frontier)),
    'checkpoint_invalid',
    `${what}: expected ${frontier.size} entries, got ${size} or another root: restore a copy of the data folder`,
  );
}
