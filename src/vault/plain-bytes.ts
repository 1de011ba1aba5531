import type { Hex } from '../core/bytes.ts';
import { plaintextSegmentBytes } from '../core/weights/floe.ts';
import type { Upload } from './ports.ts';
import type { UnderWay } from './room-holds.ts';

/** Returns the stored plaintext bytes of each file. */
export function storedPlainBytes({ files, segments }: Upload): readonly number[] {
  return files.map((bytes, i) => Math.min(bytes, (segments[i] ?? 0) * plaintextSegmentBytes()));
}

/** Sums the plaintext bytes of open uploads for each depositor. */
export function plainBytesUnderWay(uploads: readonly Upload[]): ReadonlyMap<Hex, UnderWay> {
  const all = new Map<Hex, UnderWay>();
  for (const upload of uploads) {
    const { bytes, storedBytes } = all.get(upload.depositor) ?? { bytes: 0, storedBytes: 0 };
    all.set(upload.depositor, {
      bytes: bytes + sum(upload.files),
      storedBytes: storedBytes + sum(storedPlainBytes(upload)),
    });
  }
  return all;
}

export function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, bytes) => total + bytes, 0);
}
