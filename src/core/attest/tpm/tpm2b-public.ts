import { ByteReader } from '../../byte-reader.ts';
import { concat, type Hex, toHex, u8, u16 } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { type Layout, readLayout } from '../../layout.ts';
import { requireKeyOfFamily } from '../../signature/precheck.ts';
import { rsaSpki } from '../../signature/spki.ts';
import type { CertifiedKey } from '../../x509/certificate.ts';
import { digestBy } from './digest-by.ts';
import { readTpm2b } from './tpm2b.ts';
import { idText, readCoordinate, TPM_ALG, type TpmHash, tpmHashOf } from './tpmt-signature.ts';

const WHAT = 'TPM2B_PUBLIC';

/** The head of a TPMT_PUBLIC (TPM 2.0 Library part 2, section 12.2.4). Integers are big-endian. */
const HEAD = {
  type: [0, 2, 'u16be'],
  nameAlg: [2, 2, 'u16be'],
  objectAttributes: [4, 4, 'u32be'],
} as const satisfies Layout;
/** The end of a TPMS_RSA_PARMS (section 12.2.3.5). */
const RSA_PARMS = { keyBits: [0, 2, 'u16be'], exponent: [2, 4, 'u32be'] } as const satisfies Layout;
/** The end of a TPMS_ECC_PARMS (section 12.2.3.6), whose key derivation must be none. */
const ECC_PARMS = { curve: [0, 2, 'u16be'], kdf: [2, 2, 'u16be'] } as const satisfies Layout;

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
  const { type, nameAlg, objectAttributes } = readLayout(reader, HEAD);
  const nameHash = tpmHashOf(nameAlg, WHAT);
  readTpm2b(reader, `${WHAT}: authPolicy`, POLICY_BYTES_MAX);
  const key = readKey(reader, type);
  reader.end();
  requireKeyOfFamily(key.family, key.publicKey);
  return {
    name: toHex(concat(u16(NAME_ALG[nameHash]), digestBy(nameHash, area))),
    attributes: ATTRIBUTES.filter(([bit]) => ((objectAttributes >>> bit) & 1) === 1).map(([, name]) => name),
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
  const { curve: id, kdf } = readLayout(reader, ECC_PARMS);
  const curve = CURVES.get(id);
  const expected = `${WHAT}: expected the curve P-256 or P-384`;
  if (curve === undefined) throw new TwinlockError('unsupported_algorithm', `${expected}, got ${idText(id)}`);
  requireValue(kdf, TPM_ALG.NULL, 'no key derivation');
  const read = () => readCoordinate(reader, WHAT, curve.fieldBytes);
  return { family: curve.family, publicKey: concat(u8(UNCOMPRESSED), read(), read()) };
}

/** TPMS_RSA_PARMS and TPM2B_PUBLIC_KEY_RSA; an exponent of zero stands for 65537. */
function readRsa(reader: ByteReader): CertifiedKey {
  skipSymmetric(reader);
  skipScheme(reader);
  const { keyBits: bits, exponent } = readLayout(reader, RSA_PARMS);
  must(exponent === 0 || exponent === 65_537, 'invalid_key', `${WHAT}: expected the public exponent 65537`);
  const modulus = readTpm2b(reader, `${WHAT}: the modulus`, RSA_BYTES_MAX);
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

function requireValue(got: number, expected: number, what: string): void {
  must(
    got === expected,
    'unsupported_algorithm',
    `${WHAT}: expected ${what} (${idText(expected)}), got ${idText(got)}`,
  );
}
