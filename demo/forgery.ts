import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '../client/api/api.ts';
import { type LogPage, type LogSource, PAGE_ENTRIES, vaultSource } from '../client/log/source.ts';
import { fromHex, fromUtf8, type Hex, toHex, utf8, ZERO_32 } from '../src/core/bytes.ts';
import { signCheckpoint } from '../src/core/log/checkpoint.ts';
import { type Entry, type EntryDraft, encodeEntry, parseEntry } from '../src/core/log/entry.ts';
import { leafHash, rootOf } from '../src/core/log/merkle.ts';

/** Copies the whole log, as an auditor may do. */
export async function copyLog(api: Api): Promise<LogPage> {
  const source: LogSource = vaultSource(api);
  const entries: string[] = [];
  const objects = new Map<Hex, Uint8Array>();
  for (;;) {
    const page = await source.page(entries.length, PAGE_ENTRIES);
    for (const [digest, bytes] of page.objects) objects.set(digest, bytes);
    entries.push(...page.entries);
    if (page.entries.length === 0) return { entries, objects, checkpoint: page.checkpoint };
  }
}

export function entriesOf({ entries }: LogPage): readonly Entry[] {
  return entries.map((text) => parseEntry(utf8(text)));
}

/**
 * Forges a log as well as an attacker with the vault's machine can: changes entries, chains all entries again and signs
 * the checkpoint with the log's own key from the data folder.
 */
export function forge(
  dataDir: string,
  origin: string,
  drafts: readonly (EntryDraft & { time: number })[],
  log: LogPage,
): LogPage {
  const seed = fromHex(readFileSync(join(dataDir, 'log.key'), 'utf8').trim());
  const leaves: Uint8Array[] = [];
  const entries = drafts.map(({ time, kind, body }, index) => {
    const prev = toHex(leaves.at(-1) ?? ZERO_32);
    const bytes = encodeEntry({ v: 1, index, time, prev, grade: 'simulation', kind, body } as Entry);
    leaves.push(leafHash(bytes));
    return fromUtf8(bytes);
  });
  const checkpoint = signCheckpoint({ origin, size: entries.length, root: rootOf(leaves) }, seed);
  return { entries, objects: log.objects, checkpoint };
}
