import { must } from '../errors.ts';
import type { RandomBytes } from '../random.ts';
import { decodeScalar, H, uniformScalar } from './group.ts';
import { type Dealing, dealPolynomials, randomPolynomial } from './pedersen.ts';
import { INDEX_MAX, requireIndices, requireThreshold } from './share.ts';

/**
 * Splits a secret among custodians (formats, "Shares"): `secret` is a scalar, 32 bytes little-endian below ℓ;
 * any `threshold` of the shares give it back, and fewer say nothing about it, even to an unlimited computer.
 *
 * The indices are those of the committee, so they need not be consecutive. Throws `invalid_threshold` unless
 * 2 ≤ threshold ≤ number of indices, `invalid_index` unless they are distinct and 1 to 255, `invalid_scalar`.
 */
export function splitSecret(
  {
    secret,
    threshold,
    indices,
  }: { readonly secret: Uint8Array; readonly threshold: number; readonly indices: readonly number[] },
  random: RandomBytes,
): Dealing {
  requireRecipients(threshold, indices);
  const f = randomPolynomial(decodeScalar(secret), threshold, random);
  const g = randomPolynomial(uniformScalar(random), threshold, random);
  return dealPolynomials(f, g, indices, H);
}

/** Throws `invalid_threshold` or `invalid_index` unless `threshold` of these indices can be asked for. */
export function requireRecipients(threshold: number, indices: readonly number[]): void {
  requireThreshold(threshold);
  requireIndices(indices);
  must(
    threshold <= indices.length,
    'invalid_threshold',
    `expected ${threshold} to ${INDEX_MAX} indices, got ${indices.length}`,
    { threshold },
  );
}
