import { fromUtf8, type Hex } from '../core/bytes.ts';
import { parseEntry } from '../core/log/entry.ts';
import { objectsNamed } from '../core/state/apply.ts';
import type { Context } from './context.ts';
import { ENTRIES_A_READ, PAGE_BYTES } from './limits.ts';

export interface Page {
  readonly from: number;
  readonly entries: readonly string[];
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  readonly checkpoint: Uint8Array;
}

/** Entries from `from` on and the objects they name: at most `limit`, fewer where they are large, at least one. */
export async function readLog(context: Context, from: number, limit: number): Promise<Page> {
  const { checkpoint } = context.recorder;
  const objects = new Map<Hex, Uint8Array>();
  const entries: string[] = [];
  let bytesLeft = PAGE_BYTES;
  for await (const { bytes } of entriesFrom(context, from, limit)) {
    const named = await context.log.objects(objectsNamed(parseEntry(bytes)));
    const size = [...named.values()].reduce((sum, object) => sum + object.length, bytes.length);
    if (entries.length > 0 && size > bytesLeft) break;
    bytesLeft -= size;
    entries.push(fromUtf8(bytes));
    for (const [digest, object] of named) objects.set(digest, object);
  }
  return { from, entries, objects, checkpoint };
}

/** A few at a time: a page has a bound of bytes, and an entry may have 64 KiB. */
async function* entriesFrom({ log }: Context, from: number, limit: number) {
  for (let at = from; at < from + limit; at += ENTRIES_A_READ) {
    const read = await log.entries(at, Math.min(ENTRIES_A_READ, from + limit - at));
    yield* read;
    if (read.length < ENTRIES_A_READ) return;
  }
}
