import { counted } from '../core/counted.ts';
import { must } from '../core/errors.ts';
import { segmentCount, segmentSpan } from '../core/weights/floe.ts';

export interface EncryptedSegment {
  /** From the start of the encrypted file, whose header is first. */
  readonly offset: number;
  /** Valid until the next segment is asked for: the buffer is used again. */
  readonly bytes: Uint8Array;
}

/**
 * Cuts a body (attacker-controlled) into encrypted segments of a file of `plainBytes`, from number `first` on,
 * which the file has. Holds one at a time, and looks at lengths only. Throws `malformed` where the body is not
 * one or more whole segments of that file, and `too_large` where they are more than `maxSegments`: in either
 * case after those that were whole.
 */
export async function* cutSegments(
  body: AsyncIterable<Uint8Array>,
  first: number,
  { plainBytes, maxSegments }: { readonly plainBytes: number; readonly maxSegments: number },
): AsyncGenerator<EncryptedSegment> {
  const count = segmentCount(plainBytes);
  // None that follows is longer.
  const buffer = new Uint8Array(segmentSpan(first, plainBytes).bytes);
  let next = first;
  let filled = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      must(next < count, 'malformed', `expected no more than the file's ${count} segments`);
      must(next < first + maxSegments, 'too_large', `expected at most ${maxSegments} segments at a time`);
      const { offset, bytes } = segmentSpan(next, plainBytes);
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
  must(filled === 0, 'malformed', `segment ${next}: the body ended after ${counted(filled, 'byte')} of it`);
  must(next > first, 'malformed', 'expected one segment at least');
}
