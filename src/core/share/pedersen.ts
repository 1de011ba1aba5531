import { must } from '../errors.ts';
import type { RandomBytes } from '../random.ts';
import { commit, decodeScalar, encodeScalar, type GroupPoint, uniformScalar } from './group.ts';
import { evaluate, evaluateCommitted, type Polynomial } from './polynomial.ts';
import type { Share } from './share.ts';

/**
 * Pedersen's verifiable secret sharing, with the second generator `h` as a parameter. Nothing here checks
 * indices or thresholds: the callers in this folder have.
 */

/** The shares in the order of the indices asked for; the commitments are public, 32 bytes each, C₀ first. */
export interface Dealing {
  readonly shares: readonly Share[];
  readonly commitments: readonly Uint8Array[];
}

/** A polynomial of `length` coefficients, the constant one given and the others uniform, zero included. */
export function randomPolynomial(constant: bigint, length: number, random: RandomBytes): Polynomial {
  return [constant, ...Array.from({ length: length - 1 }, () => uniformScalar(random))];
}

/** Evaluates f and g, of equal length, at every index, and commits to their coefficients. */
export function dealPolynomials(f: Polynomial, g: Polynomial, indices: readonly number[], h: GroupPoint): Dealing {
  return {
    shares: indices.map((index) => ({
      index,
      s: encodeScalar(evaluate(f, index)),
      r: encodeScalar(evaluate(g, index)),
    })),
    commitments: f.map((a, k) => commit(a, g[k] as bigint, h).toBytes()),
  };
}

/**
 * Throws `share_invalid` unless sG + rH = Σ iᵏCₖ, and `invalid_scalar` before that. `culprit` is what the
 * error's detail names: whose fault a bad share is.
 */
export function requireMatchingShare(
  { index, s, r }: Share,
  commitments: readonly GroupPoint[],
  h: GroupPoint,
  culprit: Readonly<Record<string, number>> = { index },
): void {
  must(
    commit(decodeScalar(s), decodeScalar(r), h).equals(evaluateCommitted(commitments, index)),
    'share_invalid',
    `share ${index} does not match the commitments`,
    { ...culprit },
  );
}
