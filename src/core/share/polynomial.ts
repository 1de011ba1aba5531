import { type GroupPoint, IDENTITY, Scalars } from './group.ts';

/** Coefficients modulo ℓ, the constant one first. */
export type Polynomial = readonly bigint[];

/** f(x) = Σ fₖxᵏ, by Horner. */
export function evaluate(polynomial: Polynomial, x: number): bigint {
  return polynomial.reduceRight((sum, coefficient) => Scalars.add(Scalars.mul(sum, BigInt(x)), coefficient), 0n);
}

/** Σ xᵏCₖ, by Horner, in variable time: what is committed to f(x) when the Cₖ are to the coefficients of f. */
export function evaluateCommitted(commitments: readonly GroupPoint[], x: number): GroupPoint {
  return commitments.reduceRight((sum, commitment) => sum.multiplyUnsafe(BigInt(x)).add(commitment), IDENTITY);
}

/**
 * λᵢ = Π_{j≠i} j/(j−i): f(0) = Σ λᵢf(i) for every f of degree below the number of indices. The indices are
 * public, distinct and not zero; the caller has checked so.
 */
export function lagrangeAtZero(indices: readonly number[]): bigint[] {
  return indices.map((i) => {
    const others = indices.filter((j) => j !== i).map(BigInt);
    const numerator = others.reduce((product, j) => Scalars.mul(product, j), 1n);
    const denominator = others.reduce((product, j) => Scalars.mul(product, Scalars.create(j - BigInt(i))), 1n);
    return Scalars.mul(numerator, Scalars.inv(denominator));
  });
}

/** Σ λᵢvᵢ modulo ℓ. As many weights as values. */
export function weightedSum(weights: readonly bigint[], values: readonly bigint[]): bigint {
  return weights.reduce((sum, weight, k) => Scalars.add(sum, Scalars.mul(weight, values[k] as bigint)), 0n);
}

/** Σ λᵢPᵢ, in variable time. As many weights as points. */
export function weightedPoints(weights: readonly bigint[], points: readonly GroupPoint[]): GroupPoint {
  return weights.reduce((sum, weight, k) => sum.add((points[k] as GroupPoint).multiplyUnsafe(weight)), IDENTITY);
}
