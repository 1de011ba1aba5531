import { concat } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import type { SignatureAlgorithm } from '../../signature/claim.ts';
import { ByteReader } from '../byte-reader.ts';

/** TPM_ALG_ID (TCG Algorithm Registry, table 3). */
export const TPM_ALG = {
  RSA: 0x0001,
  AES: 0x0006,
  SHA256: 0x000b,
  NULL: 0x0010,
  RSASSA: 0x0014,
  RSAPSS: 0x0016,
  ECDSA: 0x0018,
  ECC: 0x0023,
} as const;

/** An RSA-4096 signature. */
const RSA_BYTES_MAX = 512;
const P256_FIELD_BYTES = 32;

/** A quote's signature in the form of a claim. */
export interface QuoteSignature {
  readonly algorithm: Extract<SignatureAlgorithm, 'ES256' | 'RS256' | 'PS256'>;
  /** r ‖ s of 32 bytes each, or as long as the modulus. */
  readonly signature: Uint8Array;
}

/**
 * Parses an attacker-controlled TPMT_SIGNATURE (TPM 2.0 Library part 2, section 11.3.4), whose bytes nothing
 * follows: ECDSA, RSASSA or RSAPSS, with SHA-256. An RSAPSS signature is claimed as PS256, which verifies only
 * with a salt of 32 bytes; TPMs outside FIPS mode may take the longest there is, and are then refused.
 * Throws `unsupported_algorithm` for any other scheme or hash, SHA-1 above all, or `malformed`.
 */
export function parseTpmtSignature(bytes: Uint8Array): QuoteSignature {
  const reader = new ByteReader(bytes, 'quote signature');
  const scheme = reader.u16be();
  const algorithm = algorithmOf(scheme);
  const hash = reader.u16be();
  must(
    hash === TPM_ALG.SHA256,
    'unsupported_algorithm',
    `quote signature: expected SHA-256 (000b), got ${idText(hash)}`,
  );
  const signature = algorithm === 'ES256' ? readEcdsa(reader) : readRsa(reader);
  reader.end();
  return { algorithm, signature };
}

/** A TPM_ALG_ID as its registry writes it. */
export function idText(id: number): string {
  return id.toString(16).padStart(4, '0');
}

function algorithmOf(scheme: number): QuoteSignature['algorithm'] {
  switch (scheme) {
    case TPM_ALG.ECDSA:
      return 'ES256';
    case TPM_ALG.RSASSA:
      return 'RS256';
    case TPM_ALG.RSAPSS:
      return 'PS256';
    default: {
      const message = `quote signature: expected ECDSA, RSASSA or RSAPSS, got ${idText(scheme)}`;
      throw new TwinlockError('unsupported_algorithm', message);
    }
  }
}

function readRsa(reader: ByteReader): Uint8Array {
  const at = reader.offset;
  const size = reader.u16be();
  must(
    size <= RSA_BYTES_MAX,
    'malformed',
    `quote signature: ${size} bytes at offset ${at}, expected at most ${RSA_BYTES_MAX}`,
  );
  return reader.bytes(size);
}

function readEcdsa(reader: ByteReader): Uint8Array {
  return concat(readCoordinate(reader, 'quote signature'), readCoordinate(reader, 'quote signature'));
}

/** A TPM2B_ECC_PARAMETER of P-256, 1 to 32 bytes (some TPMs drop leading zeros), as 32. */
export function readCoordinate(reader: ByteReader, what: string): Uint8Array {
  const at = reader.offset;
  const size = reader.u16be();
  const fits = size >= 1 && size <= P256_FIELD_BYTES;
  must(fits, 'malformed', `${what}: ${size} bytes at offset ${at}, expected 1 to ${P256_FIELD_BYTES}`);
  const coordinate = new Uint8Array(P256_FIELD_BYTES);
  coordinate.set(reader.bytes(size), P256_FIELD_BYTES - size);
  return coordinate;
}
