import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { must } from '../errors.ts';
import type { SignatureAlgorithm, SignatureClaim } from './claim.ts';
import { precheck } from './precheck.ts';

// Both forms of s are valid ECDSA, and authenticators use either.
const ECDSA = { lowS: false, prehash: true } as const;

const VERIFY: Readonly<Record<Exclude<SignatureAlgorithm, 'RS256'>, (claim: SignatureClaim) => boolean>> = {
  Ed25519: ({ signature, message, publicKey }) => ed25519.verify(signature, message, publicKey, { zip215: false }),
  ES256: ({ signature, message, publicKey }) => p256.verify(signature, message, publicKey, ECDSA),
  ES384: ({ signature, message, publicKey }) => p384.verify(signature, message, publicKey, ECDSA),
};

/**
 * Discharges one claim in pure TypeScript: slow (milliseconds), the same everywhere, and what the platform's
 * verifiers are tested against. Throws `signature_invalid`, `invalid_key`, and `unsupported_algorithm` for
 * RS256, which only a platform can verify.
 */
export function verifyReference(claim: SignatureClaim): void {
  const { algorithm, what } = claim;
  must(algorithm !== 'RS256', 'unsupported_algorithm', `${what}: the reference does not verify RS256`);
  precheck(claim);
  must(VERIFY[algorithm](claim), 'signature_invalid', `${what}: the ${algorithm} signature is not true`);
}
