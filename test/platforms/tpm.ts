import { constants, createPrivateKey, sign } from 'node:crypto';
import { sha256, sha384 } from '@noble/hashes/sha2.js';
import type { PcrImage } from '../../src/core/attest/kit/pcr-image.ts';
import type { TpmReferenceValues } from '../../src/core/attest/tpm/reference-values.ts';
import type { TpmIdentityOf, TpmReport } from '../../src/core/attest/tpm/report.ts';
import { concat, fromHex, type Hex, toBase64url, toHex, u8, u16, u32, u64, utf8 } from '../../src/core/bytes.ts';
import { readUnsigned } from '../../src/core/signature/der.ts';
import { enterWhole } from '../../src/core/x509/der-reader.ts';
import {
  basicConstraints,
  type CertificateFields,
  extendedKeyUsage,
  keyUsage,
  makeCertificate,
  name,
  publicKeyOf,
  signBy,
  spkiOf,
  type TestKey,
  testKey,
} from '../core/x509/certificate-kit.ts';

/** A TPM for tests, whose quotes can say what a broken one might. Its authority is no vendor's. */

export const TPM_INSTANT_MS = Date.UTC(2026, 0, 15);
export const EXTRA_DATA = fromHex('5a'.repeat(32));

const SHA256 = 0x000b;
const SHA384 = 0x000c;

export type AkScheme = 'ECDSA' | 'ECDSA-P384' | 'RSASSA' | 'RSAPSS';
const SCHEMES = {
  ECDSA: { id: 0x0018, kind: 'ES256', type: 0x0023, hash: SHA256, curve: 0x0003 },
  'ECDSA-P384': { id: 0x0018, kind: 'ES384', type: 0x0023, hash: SHA384, curve: 0x0004 },
  RSASSA: { id: 0x0014, kind: 'RS256', type: 0x0001, hash: SHA256, curve: null },
  RSAPSS: { id: 0x0016, kind: 'PS256', type: 0x0001, hash: SHA256, curve: null },
} as const;
const NULL = 0x0010;
/** fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign. */
export const AK_ATTRIBUTES = 0x0005_0072;

const sized = (bytes: Uint8Array): Uint8Array => concat(u16(bytes.length), bytes);

export const akOf = (scheme: AkScheme, seed = 0x61): TestKey => testKey(SCHEMES[scheme].kind, seed);

export interface QuoteFields {
  readonly magic?: number;
  readonly type?: number;
  readonly qualifiedSigner?: Uint8Array;
  readonly extraData?: Uint8Array;
  readonly safe?: number;
  readonly firmware?: Hex;
  /** What was selected: banks by TPM_ALG_ID. */
  readonly selections?: readonly {
    readonly hash: number;
    readonly indices: readonly number[];
    readonly bytes?: number;
  }[];
  readonly pcrDigest?: Uint8Array;
  readonly trailing?: Uint8Array;
}

/** TPMS_ATTEST of these PCRs, in this order. */
export function quoteBytes(pcrs: TpmReport['pcrs'], fields: QuoteFields = {}): Uint8Array {
  const bank = pcrs[0]?.value.length === 96 ? SHA384 : SHA256;
  const selections = fields.selections ?? [{ hash: bank, indices: pcrs.map(({ index }) => index) }];
  return concat(
    u32(fields.magic ?? 0xff54_4347),
    u16(fields.type ?? 0x8018),
    sized(fields.qualifiedSigner ?? concat(u16(SHA256), new Uint8Array(32).fill(0x0a))),
    sized(fields.extraData ?? EXTRA_DATA),
    concat(u64(2789), u32(2), u32(0), u8(fields.safe ?? 1)),
    fromHex(fields.firmware ?? '2019102300163636'),
    u32(selections.length),
    ...selections.map(selectionBytes),
    sized(fields.pcrDigest ?? sha256(concat(...pcrs.map(({ value }) => fromHex(value))))),
    fields.trailing ?? new Uint8Array(),
  );
}

function selectionBytes({ hash, indices, bytes = 3 }: NonNullable<QuoteFields['selections']>[number]): Uint8Array {
  const select = new Uint8Array(bytes);
  for (const index of indices) select[index >> 3] = (select[index >> 3] ?? 0) | (1 << (index & 7));
  return concat(u16(hash), u8(bytes), select);
}

/** TPMT_SIGNATURE by the key. `saltBytes` is of RSAPSS. */
export function signatureBytes(
  scheme: AkScheme,
  message: Uint8Array,
  { key = akOf(scheme), hash = SCHEMES[scheme].hash as number, saltBytes = 32 } = {},
): Uint8Array {
  const { id, curve } = SCHEMES[scheme];
  if (curve !== null) {
    const signature = signBy(key, message);
    const half = signature.length / 2;
    return concat(u16(id), u16(hash), sized(signature.subarray(0, half)), sized(signature.subarray(half)));
  }
  const salted = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltBytes };
  const privateKey = createPrivateKey({ key: Buffer.from(key.privateKey), format: 'der', type: 'pkcs8' });
  const signature = sign(hash === SHA384 ? 'sha384' : 'sha256', message, {
    key: privateKey,
    ...(scheme === 'RSAPSS' ? salted : {}),
  });
  return concat(u16(id), u16(hash), sized(new Uint8Array(signature)));
}

export interface AreaFields {
  readonly key?: TestKey;
  readonly attributes?: number;
  readonly nameHash?: number;
  readonly curve?: number;
  readonly exponent?: number;
  readonly keyBits?: number;
  readonly scheme?: Uint8Array;
  readonly symmetric?: Uint8Array;
  readonly policy?: Uint8Array;
  readonly trailing?: Uint8Array;
}

/** TPM2B_PUBLIC. */
export function publicArea(scheme: AkScheme, fields: AreaFields = {}): Uint8Array {
  const { id, type, hash, curve } = SCHEMES[scheme];
  const { key = akOf(scheme) } = fields;
  const parameters = concat(fields.symmetric ?? u16(NULL), fields.scheme ?? concat(u16(id), u16(hash)));
  const publicKey = publicKeyOf(key);
  const end = (publicKey.length + 1) / 2;
  const unique =
    curve !== null
      ? [u16(fields.curve ?? curve), u16(NULL), sized(publicKey.subarray(1, end)), sized(publicKey.subarray(end))]
      : [u16(fields.keyBits ?? 2048), u32(fields.exponent ?? 0), sized(modulusOf(publicKey))];
  const head = [u16(type), u16(fields.nameHash ?? hash), u32(fields.attributes ?? AK_ATTRIBUTES)];
  const policy = sized(fields.policy ?? new Uint8Array());
  return sized(concat(...head, policy, parameters, ...unique, fields.trailing ?? new Uint8Array()));
}

/** The modulus of an RSA key in DER SubjectPublicKeyInfo. */
export function modulusOf(spki: Uint8Array): Uint8Array {
  const fields = enterWhole(spki, 0x30);
  fields.readWhole(0x30);
  return readUnsigned(enterWhole(fields.readBitString(), 0x30).readWhole(0x02)).body;
}

/** 000b ‖ SHA-256 of the area, or 000c ‖ SHA-384 of it, as it says itself. */
export const akName = (area: Uint8Array): Hex =>
  area[5] === SHA384 ? `000c${toHex(sha384(area.subarray(2)))}` : `000b${toHex(sha256(area.subarray(2)))}`;

const AUTHORITY = testKey('ES256', 0x71);
const AUTHORITY_NAME = name({ '2.5.4.3': 'Test AK CA' });
export const AK_PURPOSE = '2.23.133.8.3';

/** The authority that certifies attestation keys, in DER. */
export const akAuthority = (changes: Partial<CertificateFields> = {}): Uint8Array =>
  makeCertificate({
    subject: AUTHORITY_NAME,
    issuer: AUTHORITY_NAME,
    key: AUTHORITY,
    signer: AUTHORITY,
    extensions: [basicConstraints(true), keyUsage(5)],
    ...changes,
  });

export const akCertificate = (key: TestKey, changes: Partial<CertificateFields> = {}): Uint8Array =>
  makeCertificate({
    subject: name({ '2.5.4.3': 'Test AK' }),
    issuer: AUTHORITY_NAME,
    key,
    signer: AUTHORITY,
    extensions: [basicConstraints(false), keyUsage(0), extendedKeyUsage(AK_PURPOSE)],
    ...changes,
  });

const pcrsBy = (hash: typeof sha256 | typeof sha384): TpmReport['pcrs'] =>
  [0, 1, 2, 3, 4, 5, 6, 7, 10].map((index) => ({ index, value: toHex(hash(utf8(`pcr ${index}`))) }));

/** PCRs 0 to 7 and 10 of the SHA-256 bank, each of its own value. */
export const PCRS: TpmReport['pcrs'] = pcrsBy(sha256);
/** The same of the SHA-384 bank. */
export const PCRS_384: TpmReport['pcrs'] = pcrsBy(sha384);

export const certificateIdentity = (scheme: AkScheme, key = akOf(scheme)): TpmIdentityOf<'certificate'> => ({
  kind: 'certificate',
  key: toBase64url(publicArea(scheme, { key })),
  chain: [toBase64url(akCertificate(key))],
});

export const activatedIdentity = (scheme: AkScheme, fields: AreaFields = {}): TpmIdentityOf<'activated'> => ({
  kind: 'activated',
  key: toBase64url(publicArea(scheme, fields)),
});

export const selfAssertedIdentity = (scheme: AkScheme): TpmIdentityOf<'self-asserted'> => ({
  kind: 'self-asserted',
  key: toBase64url(spkiOf(akOf(scheme))),
});

export interface ReportFields extends QuoteFields {
  readonly scheme?: AkScheme;
  /** What signs; the scheme's own key unless told. */
  readonly key?: TestKey;
  readonly hash?: number;
  readonly saltBytes?: number;
  /** What is signed, and what is presented, where it differs. */
  readonly pcrs?: TpmReport['pcrs'];
  readonly presented?: TpmReport['pcrs'];
  readonly identity?: TpmReport['identity'];
}

/** A valid quote of a certified ECDSA key, unless told. */
export function tpmReport(fields: ReportFields = {}): TpmReport {
  const { scheme = 'ECDSA', pcrs = PCRS } = fields;
  const { key = akOf(scheme), hash = SCHEMES[scheme].hash, saltBytes = 32 } = fields;
  const pcrDigest = (hash === SHA384 ? sha384 : sha256)(concat(...pcrs.map(({ value }) => fromHex(value))));
  const attest = quoteBytes(pcrs, { pcrDigest, ...fields });
  return {
    platform: 'tpm',
    attest: toBase64url(attest),
    signature: toBase64url(signatureBytes(scheme, attest, { key, hash, saltBytes })),
    pcrs: fields.presented ?? pcrs,
    identity: fields.identity ?? certificateIdentity(scheme),
  };
}

/** An image whose PCRs are those of `PCRS`, unless told. */
export const imageOf = (name: string, indices: readonly number[], pcrs = PCRS): PcrImage => ({
  name,
  pcrs: pcrs.filter(({ index }) => indices.includes(index)),
});

/** What `tpmReport()` satisfies: the authority pinned, PCRs 4 and 7 compared. */
export function tpmReferenceValues(changes: Partial<TpmReferenceValues> = {}): TpmReferenceValues {
  return {
    platform: 'tpm',
    alone: true,
    anchors: [toBase64url(akAuthority())],
    akPurposes: [AK_PURPOSE],
    activated: [],
    images: [imageOf('ocr-host 1.3', [4, 7])],
    firmware: null,
    paravisor: null,
    ...changes,
  };
}
