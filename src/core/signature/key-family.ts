import { TwinlockError } from '../errors.ts';
import type { SignatureAlgorithm } from './claim.ts';

/** The kind of a public key, apart from the algorithm that it signs with. */
export type KeyFamily = 'Ed25519' | 'P-256' | 'P-384' | 'RSA';

/** A curve fixes its hash; RSA does not. */
const KEY_FAMILY: Readonly<Record<SignatureAlgorithm, KeyFamily>> = {
  Ed25519: 'Ed25519',
  ES256: 'P-256',
  ES384: 'P-384',
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  PS384: 'RSA',
  'PS256-longest-salt': 'RSA',
  'PS384-longest-salt': 'RSA',
};

/**
 * The one family of keys that verifies this algorithm. Throws `unsupported_algorithm` for an unknown name, which JSON
 * from outside may bring past the type checker.
 */
export function keyFamilyOf(algorithm: SignatureAlgorithm): KeyFamily {
  if (Object.hasOwn(KEY_FAMILY, algorithm)) return KEY_FAMILY[algorithm];
  throw new TwinlockError('unsupported_algorithm', `expected a known algorithm, got ${String(algorithm)}`);
}
