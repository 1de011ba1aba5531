import { fromUtf8, type Hex } from '../core/bytes.ts';
import { parseEntry } from '../core/log/entry.ts';
import { objectsNamed } from '../core/state/apply.ts';
import type { Context } from './context.ts';
import { PAGE_BYTES } from './limits.ts';

export interface Page {
  readonly from: number;
  readonly entries: readonly string[];
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  readonly checkpoint: string;
}

/** Entries from `from` on and the objects they name: at most `limit`, fewer where they are large, at least one. */
export async function readLog(context: Context, from: number, limit: number): Promise<Page> {
  const checkpoint = fromUtf8(context.recorder.checkpoint);
  const objects = new Map<Hex, Uint8Array>();
  const entries: string[] = [];
  let bytesLeft = PAGE_BYTES;
  for (const { bytes } of await context.log.entries(from, limit)) {
    const named = await context.log.objects(objectsNamed(parseEntry(bytes)));
    const size = [...named.values()].reduce((sum, object) => sum + object.length, bytes.length);
    if (entries.length > 0 && size > bytesLeft) break;
    bytesLeft -= size;
    entries.push(fromUtf8(bytes));
    for (const [digest, object] of named) objects.set(digest, object);
  }
  return { from, entries, objects, checkpoint };
}
