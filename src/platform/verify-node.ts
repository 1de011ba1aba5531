import { constants, createPublicKey, type KeyObject, type SigningOptions, verify } from 'node:crypto';
import { concat, fromHex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { unlessRefused } from '../core/refusal.ts';
import type { KeyClaim, SignatureAlgorithm, SignatureClaim } from '../core/signature/claim.ts';
import { type KeyFamily, keyFamilyOf } from '../core/signature/key-family.ts';
import { requirePublicKey, requireSignatureForm } from '../core/signature/precheck.ts';
import { longestSaltBytes } from '../core/signature/rsa.ts';
import { cacheKeys } from './key-cache.ts';
import { isPrimeOrderPoint } from './prime-order.ts';

/**
 * The bytes before the key in its SubjectPublicKeyInfo (RFC 8410, RFC 5480). An RSA key is a SubjectPublicKeyInfo
 * already.
 */
const SPKI_PREFIX: Readonly<Record<KeyFamily, Uint8Array>> = {
  Ed25519: fromHex('302a300506032b6570032100'),
  'P-256': fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
  'P-384': fromHex('3076301006072a8648ce3d020106052b81040022036200'),
  RSA: new Uint8Array(0),
};

interface Parameters {
  readonly hash: string | null;
  /** Some are of the key: `publicKey` is the claim's. */
  readonly options: (publicKey: Uint8Array) => SigningOptions;
}

const always = (options: SigningOptions) => () => options;
const PLAIN = always({ dsaEncoding: 'ieee-p1363' });
const PKCS1 = always({ padding: constants.RSA_PKCS1_PADDING });
/** MGF1 takes the same hash. */
const pss = (saltLength: number): SigningOptions => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
const longestSalt = (hashBytes: number) => (publicKey: Uint8Array) => pss(longestSaltBytes(publicKey, hashBytes));

const PARAMETERS: Readonly<Record<SignatureAlgorithm, Parameters>> = {
  Ed25519: { hash: null, options: always({}) },
  ES256: { hash: 'sha256', options: PLAIN },
  ES384: { hash: 'sha384', options: PLAIN },
  RS256: { hash: 'sha256', options: PKCS1 },
  RS384: { hash: 'sha384', options: PKCS1 },
  RS512: { hash: 'sha512', options: PKCS1 },
  PS256: { hash: 'sha256', options: always(pss(32)) },
  PS384: { hash: 'sha384', options: always(pss(48)) },
  'PS256-longest-salt': { hash: 'sha256', options: longestSalt(32) },
  'PS384-longest-salt': { hash: 'sha384', options: longestSalt(48) },
};

const keyOf = cacheKeys(importKey, { requireKey });

/**
 * Discharges one claim with node:crypto, synchronously. Refuses what `precheck` refuses. Throws
 * `signature_invalid`, `invalid_key`, `malformed` (RSA keys) or `unsupported_algorithm`.
 */
export function verifyNode(claim: SignatureClaim | KeyClaim): void {
  if (claim.kind === 'key') {
    keyOf(claim);
    return;
  }
  const { algorithm, publicKey, message, signature, what } = claim;
  const key = keyOf(claim);
  requireSignatureForm(claim);
  const { hash, options } = PARAMETERS[algorithm];
  const isTrue = verify(hash, message, { key, ...options(publicKey) }, signature);
  must(isTrue, 'signature_invalid', `${what}: the ${algorithm} signature is not true`);
}

/** Throws as `requirePublicKey`. */
function requireKey(algorithm: SignatureAlgorithm, publicKey: Uint8Array): void {
  if (algorithm === 'Ed25519' && isPrimeOrderPoint(publicKey)) return;
  // Others are checked, and what is no key is refused, by the core.
  requirePublicKey(algorithm, publicKey);
}

function importKey({ algorithm, publicKey, what }: Omit<KeyClaim, 'kind'>): KeyObject {
  const spki = concat(SPKI_PREFIX[keyFamilyOf(algorithm)], publicKey);
  const read = () => createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return unlessRefused(Error, read, (cause) => {
    const message = `${what}: the platform does not import this ${algorithm} key`;
    throw new TwinlockError('invalid_key', message, {}, { cause });
  });
}
