import { fromUtf8, type Hex } from '../core/bytes.ts';
import type { Context } from './context.ts';
import { readPage } from './log-page.ts';

export interface Page {
  readonly from: number;
  readonly entries: readonly string[];
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  readonly checkpoint: Uint8Array;
}

/** As `readPage`. The checkpoint is taken first: it never counts an entry that a reader cannot have yet. */
export async function readLog({ recorder, log }: Context, from: number, limit: number): Promise<Page> {
  const checkpoint = recorder.published;
  const { entries, objects } = await readPage(log, from, limit);
  return { from, entries: entries.map(fromUtf8), objects, checkpoint };
}
