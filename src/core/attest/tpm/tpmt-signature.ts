import { ByteReader } from '../../byte-reader.ts';
import { concat } from '../../bytes.ts';
import { TwinlockError } from '../../errors.ts';
import type { SignatureAlgorithm } from '../../signature/claim.ts';
import { readTpm2b } from './tpm2b.ts';

const WHAT = 'quote signature';

/** TPM_ALG_ID (TCG Algorithm Registry, table 3). */
export const TPM_ALG = {
  RSA: 0x0001,
  AES: 0x0006,
  SHA256: 0x000b,
  SHA384: 0x000c,
  NULL: 0x0010,
  RSASSA: 0x0014,
  RSAPSS: 0x0016,
  ECDSA: 0x0018,
  ECC: 0x0023,
} as const;

/** An RSA-4096 signature. */
const RSA_BYTES_MAX = 512;

/** The hashes of banks, names and signatures that are taken: SHA-1 never is. */
export type TpmHash = 'sha256' | 'sha384';
const HASHES: ReadonlyMap<number, TpmHash> = new Map([
  [TPM_ALG.SHA256, 'sha256'],
  [TPM_ALG.SHA384, 'sha384'],
]);
export const HASH_BYTES: Readonly<Record<TpmHash, number>> = { sha256: 32, sha384: 48 };

/** A quote's signature in the form of a claim. */
export interface QuoteSignature {
  /** What the TPM hashed with: the message of the signature, and the PCRs into the digest of them. */
  readonly hash: TpmHash;
  /**
   * The possible algorithms. An RSAPSS signature does not say which one: outside FIPS mode TPMs take the longest salt.
   */
  readonly algorithms: readonly SignatureAlgorithm[];
  /** r ‖ s of 32 or 48 bytes each, or as long as the modulus. */
  readonly signature: Uint8Array;
}

const ALGORITHMS: Readonly<Record<number, Readonly<Record<TpmHash, readonly SignatureAlgorithm[]>>>> = {
  [TPM_ALG.ECDSA]: { sha256: ['ES256'], sha384: ['ES384'] },
  [TPM_ALG.RSASSA]: { sha256: ['RS256'], sha384: ['RS384'] },
  [TPM_ALG.RSAPSS]: { sha256: ['PS256', 'PS256-longest-salt'], sha384: ['PS384', 'PS384-longest-salt'] },
};

/**
 * Parses an attacker-controlled TPMT_SIGNATURE (TPM 2.0 Library part 2, section 11.3.4), whose bytes nothing
 * follows: ECDSA, RSASSA or RSAPSS, with SHA-256 or SHA-384. An RSAPSS salt is as long as the hash, or the longest
 * that fits (part 1, annex B.7). Throws `unsupported_algorithm` for any other scheme or hash, SHA-1 above all, or
 * `malformed`.
 */
export function parseTpmtSignature(bytes: Uint8Array): QuoteSignature {
  const reader = new ByteReader(bytes, WHAT);
  const scheme = reader.u16be();
  const algorithms = ALGORITHMS[scheme];
  const expected = 'quote signature: expected ECDSA, RSASSA or RSAPSS';
  if (algorithms === undefined) throw new TwinlockError('unsupported_algorithm', `${expected}, got ${idText(scheme)}`);
  const hash = tpmHashOf(reader.u16be(), WHAT);
  const isEcdsa = scheme === TPM_ALG.ECDSA;
  const signature = isEcdsa ? readEcdsa(reader, HASH_BYTES[hash]) : readTpm2b(reader, WHAT, RSA_BYTES_MAX);
  reader.end();
  return { hash, algorithms: algorithms[hash], signature };
}

/** The hash of this TPM_ALG_ID. Throws `unsupported_algorithm` for one that is not taken. */
export function tpmHashOf(id: number, what: string): TpmHash {
  const hash = HASHES.get(id);
  if (hash !== undefined) return hash;
  throw new TwinlockError('unsupported_algorithm', `${what}: expected SHA-256 or SHA-384, got ${idText(id)}`);
}

/** A TPM_ALG_ID as its registry writes it. */
export function idText(id: number): string {
  return id.toString(16).padStart(4, '0');
}

/** The curve is as long as the hash: P-256 signs with SHA-256, P-384 with SHA-384. */
function readEcdsa(reader: ByteReader, fieldBytes: number): Uint8Array {
  const read = () => readCoordinate(reader, WHAT, fieldBytes);
  return concat(read(), read());
}

/** A TPM2B_ECC_PARAMETER, 1 to `fieldBytes` bytes (some TPMs drop leading zeros), as `fieldBytes`. */
export function readCoordinate(reader: ByteReader, what: string, fieldBytes: number): Uint8Array {
  const digits = readTpm2b(reader, what, fieldBytes, 1);
  const coordinate = new Uint8Array(fieldBytes);
  coordinate.set(digits, fieldBytes - digits.length);
  return coordinate;
}
