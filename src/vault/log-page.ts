import { fromUtf8, type Hex } from '../core/bytes.ts';
import { TwinlockError } from '../core/errors.ts';
import { parseEntry } from '../core/log/entry.ts';
import { orNull } from '../core/refusal.ts';
import { objectsNamed } from '../core/state/apply.ts';
import { ENTRIES_A_READ, PAGE_BYTES } from './limits.ts';
import type { LogStore } from './ports.ts';

/** Entries and the evidential objects that they name. */
export interface StoredLogPage {
  readonly entries: readonly Uint8Array[];
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
}

/** Entries from `from` on and the objects they name: at most `limit`, fewer where they are large, at least one. */
export async function readPage(
  log: Pick<LogStore, 'entries' | 'objects'>,
  from: number,
  limit: number,
): Promise<StoredLogPage> {
  const objects = new Map<Hex, Uint8Array>();
  const entries: Uint8Array[] = [];
  let bytesLeft = PAGE_BYTES;
  for await (const bytes of entriesFrom(log, from, limit)) {
    const named = await log.objects(namedBy(bytes));
    const size = [...named.values()].reduce((sum, object) => sum + object.length, bytes.length);
    if (entries.length > 0 && size > bytesLeft) break;
    bytesLeft -= size;
    entries.push(bytes);
    for (const [digest, object] of named) objects.set(digest, object);
  }
  return { entries, objects };
}

/** An entry of another kind names nothing: four of five are, and need not be parsed to learn that. */
const NAMING = /"kind":"(?:genesis|proposal|deposit)"/;

/** An entry that cannot be parsed names nothing: the fold refuses it, and says which it is. */
function namedBy(bytes: Uint8Array): readonly Hex[] {
  const named = () => (NAMING.test(fromUtf8(bytes)) ? objectsNamed(parseEntry(bytes)) : []);
  return orNull(TwinlockError, named) ?? [];
}

/** A few at a time: a page has a bound of bytes, and an entry may have 64 KiB. */
async function* entriesFrom(log: Pick<LogStore, 'entries'>, from: number, limit: number) {
  for (let at = from; at < from + limit; at += ENTRIES_A_READ) {
    const read = await log.entries(at, Math.min(ENTRIES_A_READ, from + limit - at));
    for (const { bytes } of read) yield bytes;
    if (read.length < ENTRIES_A_READ) return;
  }
}
