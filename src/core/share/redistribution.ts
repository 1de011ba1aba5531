import { must } from '../errors.ts';
import type { RandomBytes } from '../random.ts';
import { verifyShare } from './combine.ts';
import { decodeCommitments } from './commitments.ts';
import { decodeScalar, encodeScalar, type GroupPoint, H } from './group.ts';
import { type Dealing, dealPolynomials, randomPolynomial, requireMatchingShare } from './pedersen.ts';
import { evaluateCommitted, lagrangeAtZero, weightedPoints, weightedSum } from './polynomial.ts';
import { requireIndex, requireIndices, requireThreshold, type Share } from './share.ts';
import { requireRecipients } from './split.ts';

/**
 * New shares of the same secret for another committee, or for the same one, without the secret ever being
 * anywhere (formats, "Redistribution and refresh"). Everything here is of one run with a fixed set of dealers,
 * as many as the old threshold: any failure ends the run, and another is begun with other dealers.
 */

/** The commitments that one old holder publishes: as many as the new threshold. */
export interface PublishedDealing {
  readonly dealer: number;
  readonly commitments: readonly Uint8Array[];
}

/** The public part of a run: the old sharing, the new threshold, and the dealers' commitments. */
export interface RedistributionRun {
  readonly oldCommitments: readonly Uint8Array[];
  readonly newThreshold: number;
  readonly dealings: readonly PublishedDealing[];
}

/** A dealer's sub-share for one recipient; the share's index is the recipient's. */
export interface SubShare {
  readonly dealer: number;
  readonly share: Share;
}

/**
 * Splits the dealer's own share, both halves of it, among the recipients. The caller has verified the share
 * against the old commitments. Throws as `splitSecret`.
 */
export function dealSubShares(
  {
    share,
    newThreshold,
    recipients,
  }: { readonly share: Share; readonly newThreshold: number; readonly recipients: readonly number[] },
  random: RandomBytes,
): Dealing {
  requireRecipients(newThreshold, recipients);
  const f = randomPolynomial(decodeScalar(share.s), newThreshold, random);
  const g = randomPolynomial(decodeScalar(share.r), newThreshold, random);
  return dealPolynomials(f, g, recipients, H);
}

/**
 * The commitments C′ₖ = Σ λᵢE_{i,k} of the new sharing, 32 bytes each; needs no secret, so anyone can check a
 * transcript with it.
 *
 * Throws `invalid_index` and `invalid_threshold` unless there are exactly as many distinct dealers as old
 * commitments and exactly `newThreshold` commitments of each; `invalid_point`; `share_invalid`, naming the
 * dealer, when E_{i,0} is not the commitment to that dealer's old share; `share_invalid` unless C′₀ = C₀.
 */
export function combineCommitments({ oldCommitments, newThreshold, dealings }: RedistributionRun): Uint8Array[] {
  const old = decodeCommitments(oldCommitments);
  requireDealers(
    dealings.map(({ dealer }) => dealer),
    old.length,
  );
  const published = dealings.map((dealing) => decodeDealing(dealing, old, newThreshold));
  const weights = lagrangeAtZero(dealings.map(({ dealer }) => dealer));
  const combined = Array.from({ length: newThreshold }, (_, k) =>
    weightedPoints(
      weights,
      published.map((commitments) => commitments[k] as GroupPoint),
    ),
  );
  must(
    old[0] !== undefined && combined[0]?.equals(old[0]) === true,
    'share_invalid',
    'the new commitments are not to the old secret',
  );
  return combined.map((point) => point.toBytes());
}

/**
 * Checks one opened sub-share (attacker-controlled) against its dealer's published commitments, and those
 * against the old ones. Returns the sub-share; throws `share_invalid`, naming the dealer, `invalid_index`,
 * `invalid_threshold`, `invalid_scalar`, `invalid_point`.
 */
export function verifySubShare(
  subShare: SubShare,
  { oldCommitments, newThreshold, dealings }: RedistributionRun,
): SubShare {
  const { dealer, share } = subShare;
  requireIndex(share.index);
  const dealing = dealings.find((one) => one.dealer === dealer);
  must(dealing !== undefined, 'invalid_index', `expected a dealer of this run, got ${dealer}`, { dealer });
  const commitments = decodeDealing(dealing, decodeCommitments(oldCommitments), newThreshold);
  requireMatchingShare(share, commitments, H, { dealer, index: share.index });
  return subShare;
}

/**
 * The recipient's new share and the new commitments, checked against each other and all sub-shares one by one.
 * `subShares` has exactly one from every dealer of the run, all for the same recipient. Throws as
 * `combineCommitments` and `verifySubShare`, and `invalid_index` for sub-shares of different recipients.
 */
export function combineSubShares(
  subShares: readonly SubShare[],
  run: RedistributionRun,
): { readonly share: Share; readonly commitments: readonly Uint8Array[] } {
  const commitments = combineCommitments(run);
  requireDealers(
    subShares.map(({ dealer }) => dealer),
    run.dealings.length,
  );
  const verified = subShares.map((subShare) => verifySubShare(subShare, run).share);
  const index = verified[0]?.index ?? 0;
  must(
    verified.every((share) => share.index === index),
    'invalid_index',
    'expected sub-shares of one recipient',
  );
  const share = combineVerified(
    index,
    subShares.map(({ dealer }) => dealer),
    verified,
  );
  return { share: verifyShare(share, commitments), commitments };
}

/** s′ⱼ = Σ λᵢfᵢ(j), and r′ⱼ likewise. */
export function combineVerified(index: number, dealers: readonly number[], shares: readonly Share[]): Share {
  const weights = lagrangeAtZero(dealers);
  const half = (which: 's' | 'r') =>
    encodeScalar(
      weightedSum(
        weights,
        shares.map((share) => decodeScalar(share[which])),
      ),
    );
  return { index, s: half('s'), r: half('r') };
}

function requireDealers(dealers: readonly number[], oldThreshold: number): void {
  requireIndices(dealers);
  must(
    dealers.length === oldThreshold,
    'invalid_threshold',
    `expected exactly ${oldThreshold} dealers, got ${dealers.length}`,
  );
}

/** Exactly `newThreshold` points. The first commits to the dealer's old share. */
function decodeDealing(
  { dealer, commitments }: PublishedDealing,
  old: readonly GroupPoint[],
  newThreshold: number,
): GroupPoint[] {
  requireThreshold(newThreshold);
  must(
    commitments.length === newThreshold,
    'invalid_threshold',
    `expected ${newThreshold} commitments of dealer ${dealer}, got ${commitments.length}`,
    { dealer },
  );
  const points = decodeCommitments(commitments);
  must(
    points[0]?.equals(evaluateCommitted(old, dealer)) === true,
    'share_invalid',
    `dealer ${dealer} does not deal the share that was committed to`,
    { dealer },
  );
  return points;
}
