import { writeSync } from 'node:fs';
import { openStore, type Store } from '../../src/store/open.ts';
import { body, ciphertext, MIB, segmentsOf } from './bodies.ts';
import { batch } from './sqlite/rows.ts';

/**
 * Writes to a data folder without end, and tells on its output what has been acknowledged: `entry N`,
 * `segments N`. To be run as a process and killed.
 */

export const UPLOAD = '0a'.repeat(16);
export const MANIFEST = '1a'.repeat(32);
export const FILE_BYTES = 8 * MIB;

/** What the lines of a writer say: the size of the log, and the segments of the upload. */
export function acknowledged(lines: readonly string[]): { readonly size: number; readonly segments: number } {
  const last = (word: string) =>
    Number(lines.findLast((line) => line.startsWith(`${word} `))?.slice(word.length) ?? Number.NaN);
  const entry = last('entry');
  return { size: Number.isNaN(entry) ? 0 : entry + 1, segments: last('segments') || 0 };
}

async function append({ log }: Store): Promise<void> {
  for (let n = await log.size(); ; n++) {
    await log.commit(batch(n));
    writeSync(1, `entry ${n}\n`);
    await new Promise(setImmediate);
  }
}

async function upload({ uploads, blobs }: Store): Promise<void> {
  if ((await uploads.upload(UPLOAD)) === null) {
    const files = { files: [FILE_BYTES], segments: [0] };
    await uploads.open({
      id: UPLOAD,
      depositor: 'd',
      opener: UPLOAD,
      model: 'acme/ocr',
      version: '1',
      turn: 0,
      opened: 0,
      expires: 0,
      ...files,
    });
  }
  const bytes = ciphertext(FILE_BYTES, 1);
  for (let first = (await uploads.upload(UPLOAD))?.segments[0] ?? 0; first * MIB < FILE_BYTES; ) {
    const part = {
      plainBytes: FILE_BYTES,
      maxSegments: 1,
      body: body(segmentsOf(bytes, FILE_BYTES, first, first + 1)),
    };
    first = await blobs.storePart(UPLOAD, 0, first, part);
    await uploads.advance(UPLOAD, 0, 0, first);
    writeSync(1, `segments ${first}\n`);
  }
}

if (import.meta.main) {
  const store = openStore(process.argv[2] ?? '');
  await Promise.all([append(store), upload(store)]);
}
