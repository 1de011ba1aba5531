import { concat, type Hex, toHex, u8, u16 } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { requireKeyOfFamily } from '../../signature/precheck.ts';
import { rsaSpki } from '../../signature/spki.ts';
import type { CertifiedKey } from '../../x509/certificate.ts';
import { ByteReader } from '../kit/byte-reader.ts';
import { digestBy } from './digest-by.ts';
import { idText, readCoordinate, readHash, TPM_ALG, type TpmHash } from './tpmt-signature.ts';

const WHAT = 'TPM2B_PUBLIC';
/** TPM_ECC_CURVE (TCG Algorithm Registry, table 4). */
const CURVES: ReadonlyMap<number, { readonly family: 'P-256' | 'P-384'; readonly fieldBytes: number }> = new Map([
  [0x0003, { family: 'P-256', fieldBytes: 32 }],
  [0x0004, { family: 'P-384', fieldBytes: 48 }],
]);
const UNCOMPRESSED = 0x04;
const NAME_ALG: Readonly<Record<TpmHash, number>> = { sha256: TPM_ALG.SHA256, sha384: TPM_ALG.SHA384 };
const POLICY_BYTES_MAX = 64;
const RSA_BYTES_MAX = 512;
const F4 = Uint8Array.of(0x01, 0x00, 0x01);
const SIGNATURE_SCHEMES: readonly number[] = [TPM_ALG.RSASSA, TPM_ALG.RSAPSS, TPM_ALG.ECDSA];

/** TPMA_OBJECT (TPM 2.0 Library part 2, section 8.3), by bit. */
const ATTRIBUTES: readonly (readonly [bit: number, name: ObjectAttribute])[] = [
  [1, 'fixedTPM'],
  [2, 'stClear'],
  [4, 'fixedParent'],
  [5, 'sensitiveDataOrigin'],
  [6, 'userWithAuth'],
  [7, 'adminWithPolicy'],
  [10, 'noDA'],
  [11, 'encryptedDuplication'],
  [16, 'restricted'],
  [17, 'decrypt'],
  [18, 'sign'],
];
export type ObjectAttribute =
  | 'fixedTPM'
  | 'stClear'
  | 'fixedParent'
  | 'sensitiveDataOrigin'
  | 'userWithAuth'
  | 'adminWithPolicy'
  | 'noDA'
  | 'encryptedDuplication'
  | 'restricted'
  | 'decrypt'
  | 'sign';

/** The public area of a key in a TPM. */
export interface TpmKey {
  /** 000b ‖ SHA-256 of the area, attributes and all, or 000c ‖ SHA-384. What an activation ties to the TPM. */
  readonly name: Hex;
  /** In the order of their bits. */
  readonly attributes: readonly ObjectAttribute[];
  readonly key: CertifiedKey;
}

/**
 * Parses an attacker-controlled TPM2B_PUBLIC (TPM 2.0 Library part 2, section 12.2.5), whose bytes nothing
 * follows: P-256, P-384, or RSA of 2048 to 4096 bits with the exponent 65537; its name by SHA-256 or SHA-384. Throws
 * `malformed`, `unsupported_algorithm`, or `invalid_key` for a point that is not of the curve and the like.
 */
export function parseTpm2bPublic(bytes: Uint8Array): TpmKey {
  const outer = new ByteReader(bytes, WHAT);
  const area = outer.bytes(outer.u16be());
  outer.end();
  const reader = new ByteReader(area, 'TPMT_PUBLIC');
  const type = reader.u16be();
  const nameHash = readHash(reader, WHAT);
  const attributes = reader.u32be();
  readSized(reader, POLICY_BYTES_MAX, 'authPolicy');
  const key = readKey(reader, type);
  reader.end();
  requireKeyOfFamily(key.family, key.publicKey);
  return {
    name: toHex(concat(u16(NAME_ALG[nameHash]), digestBy(nameHash, area))),
    attributes: ATTRIBUTES.filter(([bit]) => ((attributes >>> bit) & 1) === 1).map(([, name]) => name),
    key,
  };
}

function readKey(reader: ByteReader, type: number): CertifiedKey {
  switch (type) {
    case TPM_ALG.ECC:
      return readEcc(reader);
    case TPM_ALG.RSA:
      return readRsa(reader);
    default:
      throw new TwinlockError('unsupported_algorithm', `${WHAT}: expected an ECC or RSA key, got ${idText(type)}`);
  }
}

/** TPMS_ECC_PARMS and TPMS_ECC_POINT. */
function readEcc(reader: ByteReader): CertifiedKey {
  skipSymmetric(reader);
  skipScheme(reader);
  const id = reader.u16be();
  const curve = CURVES.get(id);
  const expected = `${WHAT}: expected the curve P-256 or P-384`;
  if (curve === undefined) throw new TwinlockError('unsupported_algorithm', `${expected}, got ${idText(id)}`);
  requireValue(reader.u16be(), TPM_ALG.NULL, 'no key derivation');
  const read = () => readCoordinate(reader, WHAT, curve.fieldBytes);
  return { family: curve.family, publicKey: concat(u8(UNCOMPRESSED), read(), read()) };
}

/** TPMS_RSA_PARMS and TPM2B_PUBLIC_KEY_RSA; an exponent of zero stands for 65537. */
function readRsa(reader: ByteReader): CertifiedKey {
  skipSymmetric(reader);
  skipScheme(reader);
  const bits = reader.u16be();
  const exponent = reader.u32be();
  must(exponent === 0 || exponent === 65_537, 'invalid_key', `${WHAT}: expected the public exponent 65537`);
  const modulus = readSized(reader, RSA_BYTES_MAX, 'the modulus');
  const isFull = 8 * modulus.length === bits && (modulus[0] ?? 0) >= 0x80;
  must(isFull, 'malformed', `${WHAT}: expected a modulus of ${bits} bits`);
  return { family: 'RSA', publicKey: rsaSpki(modulus, F4) };
}

/** TPMT_SYM_DEF_OBJECT: a storage key, such as an EK, names the cipher that wraps its children. */
function skipSymmetric(reader: ByteReader): void {
  const id = reader.u16be();
  if (id === TPM_ALG.NULL) return;
  requireValue(id, TPM_ALG.AES, 'AES or no cipher');
  reader.skip(4); // bits and mode
}

/** The scheme of the key. What it signed with is in each signature, and is checked there. */
function skipScheme(reader: ByteReader): void {
  const scheme = reader.u16be();
  if (scheme === TPM_ALG.NULL) return;
  const message = `${WHAT}: expected ECDSA, RSASSA, RSAPSS or no scheme, got ${idText(scheme)}`;
  must(SIGNATURE_SCHEMES.includes(scheme), 'unsupported_algorithm', message);
  reader.skip(2); // its hash
}

function readSized(reader: ByteReader, maxBytes: number, field: string): Uint8Array {
  const at = reader.offset;
  const size = reader.u16be();
  must(
    size <= maxBytes,
    'malformed',
    `${WHAT}: ${field} at offset ${at} has ${size} bytes, expected at most ${maxBytes}`,
  );
  return reader.bytes(size);
}

function requireValue(got: number, expected: number, what: string): void {
  must(
    got === expected,
    'unsupported_algorithm',
    `${WHAT}: expected ${what} (${idText(expected)}), got ${idText(got)}`,
  );
}
