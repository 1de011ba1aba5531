import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { concat, fromHex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import type { SignatureAlgorithm, SignatureClaim } from '../core/signature/claim.ts';
import { checkSignatureForm } from '../core/signature/precheck.ts';
import { cacheKeys } from './key-cache.ts';

/** What goes before the key in its SubjectPublicKeyInfo (RFC 8410, RFC 5480); an RS256 key is one already. */
const SPKI_PREFIX: Readonly<Record<SignatureAlgorithm, Uint8Array>> = {
  Ed25519: fromHex('302a300506032b6570032100'),
  ES256: fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
  ES384: fromHex('3076301006072a8648ce3d020106052b81040022036200'),
  RS256: new Uint8Array(0),
};
const HASH: Readonly<Record<SignatureAlgorithm, string | null>> = {
  Ed25519: null,
  ES256: 'sha256',
  ES384: 'sha384',
  RS256: 'sha256',
};

const keyOf = cacheKeys(importKey);

/**
 * Discharges one claim with node:crypto, synchronously. Refuses what `precheck` refuses. Throws
 * `signature_invalid`, `invalid_key`, `malformed` (RS256 keys) or `unsupported_algorithm`.
 */
export function verifyNode(claim: SignatureClaim): void {
  const { algorithm, message, signature, what } = claim;
  const key = keyOf(claim);
  checkSignatureForm(claim);
  const isTrue = verify(HASH[algorithm], message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  must(isTrue, 'signature_invalid', `${what}: the ${algorithm} signature is not true`);
}

function importKey({ algorithm, publicKey, what }: SignatureClaim): KeyObject {
  const spki = concat(SPKI_PREFIX[algorithm], publicKey);
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new TwinlockError(
      'invalid_key',
      `${what}: the platform does not import this ${algorithm} key`,
      {},
      { cause },
    );
  }
}
