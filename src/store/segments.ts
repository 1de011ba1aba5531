import { counted } from '../core/counted.ts';
import { must } from '../core/errors.ts';
import { segmentCount, segmentSpan } from '../core/weights/floe.ts';
import type { PackedFile } from '../core/weights/pack.ts';

export interface StoredSegment {
  /** From the start of the encrypted file, whose header is first. */
  readonly offset: number;
  /** Valid until the next segment is asked for: the buffer is used again. */
  readonly bytes: Uint8Array;
}

/**
 * Cuts a body (attacker-controlled) into encrypted segments of a file of `plainBytes`, from number `first` on,
 * which the file has. Throws as `cut`, and `too_large` where they are more than `maxSegments`.
 */
export function cutSegments(
  body: AsyncIterable<Uint8Array>,
  first: number,
  { plainBytes, maxSegments }: { readonly plainBytes: number; readonly maxSegments: number },
): AsyncGenerator<StoredSegment> {
  const count = segmentCount(plainBytes);
  const spanOf = (i: number) => {
    must(first + i < count, 'malformed', `expected no more than the file's ${count} segments`);
    must(i < maxSegments, 'too_large', `expected at most ${maxSegments} segments at a time`);
    return segmentSpan(first + i, plainBytes);
  };
  // None that follows is longer.
  return cut(body, segmentSpan(first, plainBytes).bytes, spanOf);
}

/** The same of the segments of small files, one of each. */
export function cutPack(body: AsyncIterable<Uint8Array>, files: readonly PackedFile[]): AsyncGenerator<StoredSegment> {
  const longest = files.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  return cut(body, longest, (i) => {
    const file = files[i];
    must(
      file !== undefined,
      'malformed',
      `expected no more than the segments of ${counted(files.length, 'small file')}`,
    );
    return file;
  });
}

/**
 * Holds one segment at a time, of `longest` bytes at the most, and looks at lengths only. Throws `malformed` where the
 * body is not one or more whole segments, and what `spanOf` throws: in either case after those that were whole.
 */
async function* cut(
  body: AsyncIterable<Uint8Array>,
  longest: number,
  spanOf: (i: number) => { readonly offset: number; readonly bytes: number },
): AsyncGenerator<StoredSegment> {
  const buffer = new Uint8Array(longest);
  let next = 0;
  let filled = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      const { offset, bytes } = spanOf(next);
      const piece = chunk.subarray(at, at + bytes - filled);
      buffer.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled < bytes) continue;
      yield { offset, bytes: buffer.subarray(0, bytes) };
      next++;
      filled = 0;
    }
  }
  must(filled === 0, 'malformed', `the body ended after ${counted(filled, 'byte')} of its segment ${next + 1}`);
  must(next > 0, 'malformed', 'expected one segment at least');
}
