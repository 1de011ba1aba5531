import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { must } from '../errors.ts';
import type { SignatureAlgorithm, SignatureClaim } from './claim.ts';
import { precheck } from './precheck.ts';

// Both forms of s are valid ECDSA, and authenticators use either.
const ECDSA = { lowS: false, prehash: true } as const;

/** Null where only a platform verifies: a pure RSA would be slow and one more thing to get wrong. */
const VERIFY: Readonly<Record<SignatureAlgorithm, ((claim: SignatureClaim) => boolean) | null>> = {
  Ed25519: ({ signature, message, publicKey }) => ed25519.verify(signature, message, publicKey, { zip215: false }),
  ES256: ({ signature, message, publicKey }) => p256.verify(signature, message, publicKey, ECDSA),
  ES384: ({ signature, message, publicKey }) => p384.verify(signature, message, publicKey, ECDSA),
  RS256: null,
  RS384: null,
  RS512: null,
  PS256: null,
  PS384: null,
  'PS256-longest-salt': null,
  'PS384-longest-salt': null,
};

/**
 * Discharges one claim in pure TypeScript: slow (milliseconds), the same everywhere, and what the platform's
 * verifiers are tested against. Throws `signature_invalid`, `invalid_key`, and `unsupported_algorithm` for
 * RSA, which only a platform can verify.
 */
export function verifyReference(claim: SignatureClaim): void {
  const { algorithm, what } = claim;
  const verify = VERIFY[algorithm];
  must(verify !== null, 'unsupported_algorithm', `${what}: the reference does not verify ${algorithm}`);
  precheck(claim);
  must(verify(claim), 'signature_invalid', `${what}: the ${algorithm} signature is not true`);
}
