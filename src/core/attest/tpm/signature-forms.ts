import { concat, type Hex, toHex, u16 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { ecdsaFromDer } from '../../signature/der.ts';
import { rsaModulusBytes } from '../../signature/rsa.ts';
import type { CertifiedKey } from '../../x509/certificate.ts';
import { parseTpmtSignature, TPM_ALG } from './tpmt-signature.ts';

const PCR_BYTES = 32;
const DER_SEQUENCE = 0x30;

/**
 * The TPMT_SIGNATURE of a quote's signature in whichever of its forms a vendor's tool wrote it: TPMT_SIGNATURE
 * itself, an ECDSA signature in DER, or bare RSASSA bytes, both with SHA-256. A bare RSAPSS signature looks like
 * RSASSA, and then does not verify. Throws `malformed`, `unsupported_algorithm` or `invalid_key`.
 */
export function tpmtSignatureOf({ raw, key }: { readonly raw: Uint8Array; readonly key: CertifiedKey }): Uint8Array {
  if (key.family === 'RSA') return raw.length === rsaModulusBytes(key.publicKey) ? rsassa(raw) : checked(raw);
  return raw[0] === DER_SEQUENCE ? ecdsa(raw) : checked(raw);
}

/** The PCRs of a file of their bare SHA-256 values, 32 bytes each, in the order of `indices`. Throws `malformed`. */
export function pcrsOfValues(values: Uint8Array, indices: readonly number[]): { index: number; value: Hex }[] {
  const expected = PCR_BYTES * indices.length;
  must(values.length === expected, 'malformed', `expected ${expected} bytes of PCR values, got ${values.length}`);
  return indices.map((index, i) => ({ index, value: toHex(values.subarray(PCR_BYTES * i, PCR_BYTES * (i + 1))) }));
}

function checked(raw: Uint8Array): Uint8Array {
  parseTpmtSignature(raw);
  return raw;
}

function rsassa(signature: Uint8Array): Uint8Array {
  return concat(u16(TPM_ALG.RSASSA), u16(TPM_ALG.SHA256), sized(signature));
}

function ecdsa(der: Uint8Array): Uint8Array {
  const signature = ecdsaFromDer(der, 'ES256');
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  return concat(u16(TPM_ALG.ECDSA), u16(TPM_ALG.SHA256), sized(r), sized(s));
}

/** A TPM2B. */
function sized(bytes: Uint8Array): Uint8Array {
  return concat(u16(bytes.length), bytes);
}
