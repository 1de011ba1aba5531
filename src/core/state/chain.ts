import { List } from 'immutable';
import { type Hex, toHex, ZERO_32 } from '../bytes.ts';
import { must } from '../errors.ts';
import { type Entry, parseEntry } from '../log/entry.ts';
import { appendLeaf, EMPTY_FRONTIER, frontierRoot, leafHash } from '../log/merkle.ts';
import type { Chain } from './state.ts';

export const EMPTY_CHAIN: Chain = {
  frontier: EMPTY_FRONTIER,
  last: toHex(ZERO_32),
  roots: List(),
  times: List(),
};

/** What a rule may ask about the log before the entry it judges. */
export interface History {
  /** The root at `size`, or null where this log has no such size or its root is not known. */
  rootAt(size: number): Hex | null;
  /** The times of the entries from `index` on, those left out that are not known. */
  timesSince(index: number): Iterable<number>;
}

/**
 * Parses attacker-controlled entry bytes as the next of the chain: order is by index and `prev`, never by time. Throws
 * `index_gap`, `prev_mismatch`, and what parseEntry throws.
 */
export function link(chain: Chain, bytes: Uint8Array): { entry: Entry; chain: Chain } {
  const entry = parseEntry(bytes);
  const { size } = chain.frontier;
  must(entry.index === size, 'index_gap', `expected entry ${size}, got ${entry.index}`);
  must(entry.prev === chain.last, 'prev_mismatch', `entry ${size}: expected prev ${chain.last}, got ${entry.prev}`);
  const leaf = leafHash(bytes);
  const frontier = appendLeaf(chain.frontier, leaf);
  return {
    entry,
    chain: {
      frontier,
      last: toHex(leaf),
      roots: chain.roots.push(toHex(frontierRoot(frontier))),
      times: chain.times.push(entry.time),
    },
  };
}

export function historyOf(chain: Chain): History {
  return {
    rootAt: (size) => (Number.isSafeInteger(size) && size >= 1 ? (chain.roots.get(size - 1) ?? null) : null),
    timesSince: (index) => (Number.isSafeInteger(index) && index >= 0 ? chain.times.slice(index) : []),
  };
}
