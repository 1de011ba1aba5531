import { concat, type Hex, toHex, u16 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { ecdsaFromDer } from '../../signature/der.ts';
import { rsaModulusBytes } from '../../signature/rsa.ts';
import type { CertifiedKey } from '../../x509/certificate.ts';
import { HASH_BYTES, parseTpmtSignature, TPM_ALG, type TpmHash } from './tpmt-signature.ts';

const DER_SEQUENCE = 0x30;

/**
 * The TPMT_SIGNATURE of a quote's signature in any of the forms that vendors' tools write: TPMT_SIGNATURE
 * itself, an ECDSA signature in DER with the hash of its curve, or bare RSASSA bytes with SHA-256. A bare RSAPSS
 * signature looks like RSASSA, and then does not verify. Throws `malformed`, `unsupported_algorithm` or `invalid_key`.
 */
export function tpmtSignatureOf({ raw, key }: { readonly raw: Uint8Array; readonly key: CertifiedKey }): Uint8Array {
  if (key.family === 'RSA') return raw.length === rsaModulusBytes(key.publicKey) ? rsassa(raw) : checked(raw);
  return raw[0] === DER_SEQUENCE ? ecdsa(raw, key.family === 'P-384') : checked(raw);
}

/**
 * The PCRs of a file of their bare values, 32 bytes each of the SHA-256 bank or 48 of the SHA-384 bank, in the order of
 * `indices`. Throws `malformed`.
 */
export function pcrsOfValues(
  values: Uint8Array,
  indices: readonly number[],
  bank: TpmHash = 'sha256',
): { index: number; value: Hex }[] {
  const each = HASH_BYTES[bank];
  const expected = each * indices.length;
  must(values.length === expected, 'malformed', `expected ${expected} bytes of PCR values, got ${values.length}`);
  return indices.map((index, i) => ({ index, value: toHex(values.subarray(each * i, each * (i + 1))) }));
}

function checked(raw: Uint8Array): Uint8Array {
  parseTpmtSignature(raw);
  return raw;
}

function rsassa(signature: Uint8Array): Uint8Array {
  return concat(u16(TPM_ALG.RSASSA), u16(TPM_ALG.SHA256), sized(signature));
}

function ecdsa(der: Uint8Array, isP384: boolean): Uint8Array {
  const signature = ecdsaFromDer(der, isP384 ? 'ES384' : 'ES256');
  const half = signature.length / 2;
  const [r, s] = [signature.subarray(0, half), signature.subarray(half)];
  return concat(u16(TPM_ALG.ECDSA), u16(isP384 ? TPM_ALG.SHA384 : TPM_ALG.SHA256), sized(r), sized(s));
}

/** A TPM2B. */
function sized(bytes: Uint8Array): Uint8Array {
  return concat(u16(bytes.length), bytes);
}
