import { must } from '../errors.ts';
import type { KeyClaim, SignatureAlgorithm, SignatureClaim } from './claim.ts';
import { holdsEcdsa, holdsEd25519 } from './equation.ts';
import { precheck, requirePublicKey } from './precheck.ts';

/** Null where only a platform verifies: a pure RSA would be slow and one more thing to get wrong. */
const VERIFY: Readonly<Record<SignatureAlgorithm, ((claim: SignatureClaim) => boolean) | null>> = {
  Ed25519: holdsEd25519,
  ES256: (claim) => holdsEcdsa('ES256', claim),
  ES384: (claim) => holdsEcdsa('ES384', claim),
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
export function verifyReference(claim: SignatureClaim | KeyClaim): void {
  const { algorithm, publicKey, what } = claim;
  if (claim.kind === 'key') {
    requirePublicKey(algorithm, publicKey);
    return;
  }
  const verify = VERIFY[algorithm];
  must(verify !== null, 'unsupported_algorithm', `${what}: the reference does not verify ${algorithm}`);
  precheck(claim);
  must(verify(claim), 'signature_invalid', `${what}: the ${algorithm} signature is not true`);
}
