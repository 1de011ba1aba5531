import { must } from '../errors.ts';
import { decodeCommitments } from './commitments.ts';
import { commit, decodeScalar, encodeScalar, type GroupPoint, H } from './group.ts';
import { requireMatchingShare } from './pedersen.ts';
import { lagrangeAtZero, weightedSum } from './polynomial.ts';
import { requireIndex, requireIndices, type Share } from './share.ts';

/**
 * Checks one share (attacker-controlled) by itself, so that a bad one names who sent it: sG + rH = Σ iᵏCₖ.
 * `commitments` are those of the signed manifest or transcript, and the caller has checked that the index is
 * the one which that gives to the sender. Returns the share.
 *
 * Throws `share_invalid`, `invalid_index`, `invalid_scalar`, `invalid_point`, `invalid_threshold`.
 */
export function verifyShare(share: Share, commitments: readonly Uint8Array[]): Share {
  requireIndex(share.index);
  requireMatchingShare(share, decodeCommitments(commitments), H);
  return share;
}

/**
 * Gives back the secret, 32 bytes little-endian, from the first `threshold` of the shares. They should have
 * been verified one by one: here a bad one is noticed, and not named. The caller still checks the key-check
 * value, the final word on which secret this is.
 *
 * Throws `invalid_threshold` (below 2, other than the number of commitments, fewer shares), `invalid_index`
 * (0, above 255, two the same, in any of the shares), `invalid_scalar`, `invalid_point`, and
 * `share_invalid` when the result is not what C₀ commits to.
 */
export function combineShares(
  shares: readonly Share[],
  commitments: readonly Uint8Array[],
  threshold: number,
): Uint8Array {
  must(
    threshold === commitments.length,
    'invalid_threshold',
    `expected ${threshold} commitments, got ${commitments.length}`,
  );
  return encodeScalar(interpolate(shares, decodeCommitments(commitments), H));
}

/** f(0) from as many shares as there are commitments; the same codes, with `h` as a parameter. */
export function interpolate(shares: readonly Share[], commitments: readonly GroupPoint[], h: GroupPoint): bigint {
  const threshold = commitments.length;
  requireIndices(shares.map(({ index }) => index));
  must(shares.length >= threshold, 'invalid_threshold', `expected ${threshold} shares, got ${shares.length}`);
  const used = shares.slice(0, threshold);
  const weights = lagrangeAtZero(used.map(({ index }) => index));
  const s = weightedSum(
    weights,
    used.map((share) => decodeScalar(share.s)),
  );
  const r = weightedSum(
    weights,
    used.map((share) => decodeScalar(share.r)),
  );
  must(
    commitments[0]?.equals(commit(s, r, h)) === true,
    'share_invalid',
    'the shares do not combine to what is committed to',
  );
  return s;
}
