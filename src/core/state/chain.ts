import { List } from 'immutable';
import { type Hex, toHex, ZERO_32 } from '../bytes.ts';
import { must } from '../errors.ts';
import { type Entry, parseEntry } from '../log/entry.ts';
import { appendLeaf, EMPTY_FRONTIER, frontierRoot, leafHash } from '../log/merkle.ts';
import { WINDOW_ENTRIES } from './bounds.ts';
import type { LogChain, Recent } from './state.ts';

export const EMPTY_CHAIN: LogChain = {
  frontier: EMPTY_FRONTIER,
  last: toHex(ZERO_32),
  recent: List(),
};

/** What a rule may ask about the log before the entry it judges. */
export interface History {
  /** The root at `size`, or null where this log has no such size, or its root is not known: it has left the window. */
  rootAt(size: number): Hex | null;
  /** The times of the entries from `index` on, those left out that are not known. */
  timesSince(index: number): Iterable<number>;
}

/**
 * Parses attacker-controlled entry bytes as the next of the chain: order is by index and `prev`, never by time. Throws
 * `index_gap`, `prev_mismatch`, and what parseEntry throws.
 */
export function link(chain: LogChain, bytes: Uint8Array): { entry: Entry; chain: LogChain } {
  const entry = parseEntry(bytes);
  const { size } = chain.frontier;
  must(entry.index === size, 'index_gap', `expected entry ${size}, got ${entry.index}`);
  must(entry.prev === chain.last, 'prev_mismatch', `expected prev ${chain.last}, got ${entry.prev}`);
  const leaf = leafHash(bytes);
  const frontier = appendLeaf(chain.frontier, leaf);
  return {
    entry,
    chain: {
      frontier,
      last: toHex(leaf),
      recent: withRecent(chain.recent, { root: toHex(frontierRoot(frontier)), time: entry.time }),
    },
  };
}

function withRecent(recent: LogChain['recent'], last: Recent): LogChain['recent'] {
  const all = recent.push(last);
  return all.size > WINDOW_ENTRIES ? all.shift() : all;
}

export function historyOf(chain: LogChain): History {
  return {
    rootAt: (size) => rootAt(chain, size),
    timesSince: (index) => chain.recent.slice(Math.max(0, index - forgotten(chain))).map(({ time }) => time),
  };
}

/**
 * The root of the log after its first `size` entries, hex; null where it has no such size or that has left the window.
 */
function rootAt(chain: LogChain, size: number): Hex | null {
  const place = size - 1 - forgotten(chain);
  return Number.isSafeInteger(place) && place >= 0 ? (chain.recent.get(place)?.root ?? null) : null;
}

/** Entries at the beginning of the log whose roots and times are not kept. */
function forgotten({ frontier, recent }: LogChain): number {
  return frontier.size - recent.size;
}
