import { type CBORType, encodeCBOR } from '@levischuck/tiny-cbor';
import { sha384 } from '@noble/hashes/sha2.js';
import type { Pcr } from '../../src/core/attest/kit/pcr.ts';
import type { NitroReferenceValues } from '../../src/core/attest/nitro/reference-values.ts';
import type { NitroReport } from '../../src/core/attest/nitro/report.ts';
import { concat, fromHex, toBase64url, toHex, u8, utf8 } from '../../src/core/bytes.ts';
import {
  basicConstraints,
  type CertificateFields,
  keyUsage,
  makeCertificate,
  name,
  signBy,
  type TestKey,
  testKey,
  utcTime,
} from '../core/x509/certificate-kit.ts';

/** AWS instances with NitroTPM under a test root, in the shape of the vendor's documents, and what none would send. */

export const NITRO_INSTANT_MS = Date.UTC(2026, 0, 15, 12);
export const NITRO_DATA: Uint8Array = new Uint8Array(64).fill(7);
export const NITRO_MODULE = 'i-0123456789abcdef0-tpm0000000000000000';

const ROOT_KEY = testKey('ES384', 0x90);
const REGION_KEY = testKey('ES384', 0x91);
const ZONE_KEY = testKey('ES384', 0x92);
const INSTANCE_KEY = testKey('ES384', 0x93);
export const NITRO_KEY = testKey('ES384', 0x94);
const [DIGITAL_SIGNATURE, NON_REPUDIATION, CERT_SIGN, CRL_SIGN] = [0, 1, 5, 6];

const dn = (commonName: string) => name({ '2.5.4.6': 'US', '2.5.4.10': 'Test Corporation', '2.5.4.3': commonName });
const ROOT_NAME = dn('test.nitro-enclaves');
const REGION_NAME = dn('0011.us-test-1.test.nitro-enclaves');
const ZONE_NAME = dn('2233.zonal.us-test-1.test.nitro-enclaves');
const INSTANCE_NAME = dn('i-0123456789abcdef0.us-test-1.test.nitro-enclaves');

const authority = (
  fields: Pick<CertificateFields, 'subject' | 'issuer' | 'key' | 'signer'>,
  pathLength: number | null,
) => makeCertificate({ ...fields, extensions: [basicConstraints(true, pathLength), keyUsage(CERT_SIGN, CRL_SIGN)] });

/** In DER: pinned by `nitroValues`. */
export const NITRO_ROOT = authority({ subject: ROOT_NAME, issuer: ROOT_NAME, key: ROOT_KEY, signer: ROOT_KEY }, null);

interface ChainFields {
  /** Of the instance's authority. */
  readonly pathLength?: number;
  readonly leaf?: Partial<CertificateFields>;
}

/** Root, region, zone, instance, as AWS orders them; and the leaf, which is valid for three hours. */
export function nitroChain({ pathLength = 0, leaf = {} }: ChainFields = {}): {
  readonly cabundle: readonly Uint8Array[];
  readonly certificate: Uint8Array;
} {
  const region = authority({ subject: REGION_NAME, issuer: ROOT_NAME, key: REGION_KEY, signer: ROOT_KEY }, 2);
  const zone = authority({ subject: ZONE_NAME, issuer: REGION_NAME, key: ZONE_KEY, signer: REGION_KEY }, 1);
  const instance = authority(
    { subject: INSTANCE_NAME, issuer: ZONE_NAME, key: INSTANCE_KEY, signer: ZONE_KEY },
    pathLength,
  );
  const certificate = makeCertificate({
    subject: dn(`${NITRO_MODULE}.us-test-1.aws`),
    issuer: INSTANCE_NAME,
    key: NITRO_KEY,
    signer: INSTANCE_KEY,
    notBefore: utcTime('260115100000Z'),
    notAfter: utcTime('260115130000Z'),
    extensions: [basicConstraints(false), keyUsage(DIGITAL_SIGNATURE, NON_REPUDIATION)],
    ...leaf,
  });
  return { cabundle: [NITRO_ROOT, region, zone, instance], certificate };
}

/** What a boot of this seed extended: 17 to 22 are all ones where no dynamic launch took place. */
export const nitroPcrs = (seed = 'boot'): readonly Pcr[] =>
  Array.from({ length: 24 }, (_, index) => ({
    index,
    value: index >= 17 && index <= 22 ? 'ff'.repeat(48) : toHex(sha384(utf8(`${seed} ${index}`))),
  }));

export type Members = Readonly<Record<string, CBORType | undefined>>;

const pcrMap = (pcrs: readonly Pcr[]) => new Map(pcrs.map(({ index, value }) => [index, fromHex(value)] as const));

/** The members in AWS's order; a changed one that is undefined is left out. */
export function nitroMembers(changes: Members = {}, chain: ChainFields = {}): Members {
  const { certificate, cabundle } = nitroChain(chain);
  return {
    module_id: NITRO_MODULE,
    digest: 'SHA384',
    timestamp: NITRO_INSTANT_MS,
    nitrotpm_pcrs: pcrMap(nitroPcrs()),
    certificate,
    cabundle: [...cabundle],
    public_key: null,
    user_data: NITRO_DATA,
    nonce: null,
    ...changes,
  };
}

/** As AWS writes it: a map of an indefinite length, and its break. */
export function nitroPayload(members: Members = nitroMembers(), { definite = false } = {}): Uint8Array {
  const given = Object.entries(members).filter(([, value]) => value !== undefined) as [string, CBORType][];
  const written = given.flatMap(([key, value]) => [encodeCBOR(key), encodeCBOR(value)]);
  return definite ? concat(u8(0xa0 | given.length), ...written) : concat(u8(0xbf), ...written, u8(0xff));
}

interface CoseFields {
  readonly payload?: Uint8Array;
  readonly protectedHeader?: Uint8Array;
  readonly unprotectedHeader?: CBORType;
  readonly signer?: TestKey;
  /** What the signature is said to be, where it is not the signer's. */
  readonly signature?: Uint8Array;
}

/** `{1: -35}`. */
export const ES384_HEADER: Uint8Array = fromHex('a1013822');

/** A COSE_Sign1 as AWS writes it, with anything about it changed. */
export function nitroDocument(fields: CoseFields = {}): Uint8Array {
  const { payload = nitroPayload(), protectedHeader = ES384_HEADER, signer = NITRO_KEY } = fields;
  const signed = encodeCBOR(['Signature1', protectedHeader, new Uint8Array(0), payload]);
  const signature = fields.signature ?? signBy(signer, signed);
  return encodeCBOR([protectedHeader, fields.unprotectedHeader ?? new Map(), payload, signature]);
}

export const nitroReportOf = (document: Uint8Array): NitroReport => ({
  platform: 'nitro',
  document: toBase64url(document),
});

/** A genuine document, with these members and this chain. */
export const nitroReport = (changes: Members = {}, chain: ChainFields = {}): NitroReport =>
  nitroReportOf(nitroDocument({ payload: nitroPayload(nitroMembers(changes, chain)) }));

/** What `nitroReport` satisfies. */
export const nitroValues = (changes: Partial<NitroReferenceValues> = {}): NitroReferenceValues => ({
  platform: 'nitro',
  roots: [toBase64url(NITRO_ROOT)],
  images: [{ name: 'ocr-host 1.3', pcrs: nitroPcrs().filter(({ index }) => index === 4 || index === 7) }],
  modules: null,
  ...changes,
});
