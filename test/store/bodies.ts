import { expect } from 'vitest';
import { encryptedBytes, segmentCount, segmentSpan } from '../../src/core/weights/floe.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';

export const MIB = 1 << 20;

/** Stands for a file's encrypted segments, which are only bytes to the store; `seed` makes them differ. */
export function ciphertext(plainBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(encryptedBytes(plainBytes) - segmentSpan(0, 0).offset).fill(seed);
  for (let at = 0; at < bytes.length; at += 997) bytes[at] = (at * 31 + seed) & 0xff;
  return bytes;
}

/** Segments `first` to `end` (exclusive) of what `ciphertext` made. */
export function segmentsOf(bytes: Uint8Array, plainBytes: number, first: number, end?: number): Uint8Array {
  const { offset: origin } = segmentSpan(0, 0);
  const last = segmentSpan((end ?? segmentCount(plainBytes)) - 1, plainBytes);
  return bytes.subarray(segmentSpan(first, plainBytes).offset - origin, last.offset - origin + last.bytes);
}

export function leavesOf(bytes: Uint8Array, plainBytes: number): Uint8Array {
  const count = segmentCount(plainBytes);
  const leaves = Array.from({ length: count }, (_, k) =>
    platformBulkCrypto.leafHash(segmentsOf(bytes, plainBytes, k, k + 1)),
  );
  return new Uint8Array(Buffer.concat(leaves));
}

/** As a socket would bring it: in pieces that end anywhere. */
export async function* body(bytes: Uint8Array, pieceBytes = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** A connection that ends after `bytes`. */
export async function* brokenBody(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* body(bytes);
  throw new Error('the connection was lost');
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return new Uint8Array(Buffer.concat(all));
}

/** The runner's own comparison takes a second for what is compared in a millisecond here. */
export function expectBytes(got: Uint8Array, expected: Uint8Array): void {
  expect(got.length).toBe(expected.length);
  expect(Buffer.compare(got, expected)).toBe(0);
}
