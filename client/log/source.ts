import type { Hex } from '../../src/core/bytes.ts';
import type { Api } from '../api/api.ts';

/** A piece of a log, from the entry that was asked for. All of it is attacker-controlled. */
export interface LogPage {
  /** Entries as the text that was hashed; none past the end. */
  readonly entries: readonly string[];
  /** The evidential objects that these entries name, by digest. */
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  /** A signed note of the log that has at least the entries before this page; null where the source has none here. */
  readonly checkpoint: Uint8Array | null;
}

/** Entries asked for at a time: a page is verified while nothing else of the log is held. */
export const PAGE_ENTRIES = 500;

/** The source of a log: a vault, or a copy that was kept. */
export interface LogSource {
  /** At most `limit` entries from index `from` on; at least one where the log goes on. */
  page(from: number, limit: number): Promise<LogPage>;
}

/** A vault's log. A page's checkpoint was taken before its entries: a vault that records may have more of them. */
export function vaultSource(api: Pick<Api, 'entries'>): LogSource {
  return { page: (from, limit) => api.entries(from, limit) };
}

/**
 * A log that is at hand as a whole. Its checkpoint comes with its end, so that no entry after the end is passed over.
 */
export function keptSource(log: LogPage): LogSource {
  return {
    async page(from, limit) {
      const end = from + limit;
      const checkpoint = end >= log.entries.length ? log.checkpoint : null;
      return { ...log, entries: log.entries.slice(from, end), checkpoint };
    },
  };
}
