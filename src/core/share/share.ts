import { concat, u8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { decodeScalar, SCALAR_BYTES } from './group.ts';

/** The value at `index` of both polynomials: s and r are 32 bytes each, little-endian, below ℓ. */
export interface Share {
  readonly index: number;
  readonly s: Uint8Array;
  readonly r: Uint8Array;
}

const INDEX_MIN = 1;
export const INDEX_MAX = 255;
/** One share would be the secret itself (formats, "Shares"). */
const THRESHOLD_MIN = 2;

/** 01 ‖ u8 index ‖ LE32 s ‖ LE32 r. */
export const SHARE_PLAINTEXT_BYTES: number = 2 + 2 * SCALAR_BYTES;
const SHARE_VERSION = 1;

/** Throws `invalid_index` unless it is an integer from 1 to 255: f(0) is the secret itself. */
export function requireIndex(index: number): void {
  must(
    Number.isInteger(index) && index >= INDEX_MIN && index <= INDEX_MAX,
    'invalid_index',
    `expected an index from ${INDEX_MIN} to ${INDEX_MAX}, got ${index}`,
    { index },
  );
}

/** Throws `invalid_index` unless every index is from 1 to 255 and there are no two of the same. */
export function requireIndices(indices: readonly number[]): void {
  for (const index of indices) requireIndex(index);
  must(new Set(indices).size === indices.length, 'invalid_index', 'expected distinct indices');
}

/** Throws `invalid_threshold` unless it is an integer from 2 to 255. */
export function requireThreshold(threshold: number): void {
  must(
    Number.isInteger(threshold) && threshold >= THRESHOLD_MIN && threshold <= INDEX_MAX,
    'invalid_threshold',
    `expected a threshold from ${THRESHOLD_MIN} to ${INDEX_MAX}, got ${threshold}`,
    { threshold },
  );
}

/** The content of an envelope, 66 bytes (envelope/FORMAT.md). Throws `invalid_index` and `invalid_scalar`. */
export function encodeShare({ index, s, r }: Share): Uint8Array {
  requireIndex(index);
  decodeScalar(s);
  decodeScalar(r);
  return concat(u8(SHARE_VERSION), u8(index), s, r);
}

/**
 * Reads the plaintext of an opened envelope: attacker-controlled, since anyone who knows the public key can seal.
 * Throws `malformed` (not 66 bytes), `unsupported_version`, `invalid_index` and `invalid_scalar`. The share is
 * not yet checked against any commitments: `verifyShare` does so.
 */
export function decodeShare(bytes: Uint8Array): Share {
  must(
    bytes.length === SHARE_PLAINTEXT_BYTES,
    'malformed',
    `expected a share of ${SHARE_PLAINTEXT_BYTES} bytes, got ${bytes.length}`,
  );
  const [version = 0, index = 0] = bytes;
  must(version === SHARE_VERSION, 'unsupported_version', `expected share version ${SHARE_VERSION}, got ${version}`);
  requireIndex(index);
  const s = bytes.slice(2, 2 + SCALAR_BYTES);
  const r = bytes.slice(2 + SCALAR_BYTES);
  decodeScalar(s);
  decodeScalar(r);
  return { index, s, r };
}
