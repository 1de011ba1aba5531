import { type Endorsements, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import type { SnpReferenceValues } from '../../src/core/attest/snp/reference-values.ts';
import type { SnpReport } from '../../src/core/attest/snp/report.ts';
import { isRooted } from '../../src/core/attest/snp/roots.ts';
import { type Cpuid, hasFmc, type SnpProduct, type Tcb } from '../../src/core/attest/snp/tcb.ts';
import type { SnpSigner } from '../../src/core/attest/snp/vek.ts';
import { concat, type Hex, toBase64url, toHex, u8, utf8 } from '../../src/core/bytes.ts';
import {
  basicConstraints,
  type CertificateFields,
  type CrlFields,
  extension,
  keyUsage,
  makeCertificate,
  makeCrl,
  name,
  PS384_WITH_TRAILER,
  signBy,
  testKey,
  tlv,
} from '../core/x509/certificate-kit.ts';

/** A platform of AMD SEV-SNP under a root of our own, which can be made to break any rule. */

/** Inside of everything's validity. */
export const SNP_INSTANT_MS = Date.UTC(2025, 0, 1);

const ARK_KEY = testKey('PS384', 101);
const ASK_KEY = testKey('PS384', 102);
export const VEK_KEY = testKey('ES384', 103);
const ASK_SERIAL = '010001';

const CPUIDS: Readonly<Record<SnpProduct, Cpuid>> = {
  Milan: { family: 0x19, model: 0x01, stepping: 1 },
  Genoa: { family: 0x19, model: 0x11, stepping: 1 },
  Turin: { family: 0x1a, model: 0x02, stepping: 1 },
  Venice: { family: 0x1a, model: 0x50, stepping: 1 },
};

export function snpTcb(product: SnpProduct, changes: Partial<Tcb> = {}): Tcb {
  return { fmc: hasFmc(product) ? 2 : null, bootLoader: 4, tee: 1, snp: 24, microcode: 217, ...changes };
}

function tcbBytes(product: SnpProduct, { fmc, bootLoader, tee, snp, microcode }: Tcb): Uint8Array {
  if (hasFmc(product)) return Uint8Array.of(fmc ?? 0, bootLoader, tee, snp, 0, 0, 0, microcode);
  return Uint8Array.of(bootLoader, tee, 0, 0, 0, 0, snp, microcode);
}

export interface SnpReportFields {
  readonly product: SnpProduct;
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: bigint;
  readonly familyId: Uint8Array;
  readonly imageId: Uint8Array;
  readonly vmpl: number;
  readonly signatureAlgorithm: number;
  readonly currentTcb: Tcb;
  readonly reportedTcb: Tcb;
  readonly committedTcb: Tcb;
  readonly launchTcb: Tcb;
  readonly platformInfo: bigint;
  /** Bit 0 author key, bit 1 masked, bits 2 to 4 the signing key. */
  readonly flags: number;
  readonly reportData: Uint8Array;
  readonly measurement: Uint8Array;
  readonly hostData: Uint8Array;
  readonly idKeyDigest: Uint8Array;
  readonly authorKeyDigest: Uint8Array;
  readonly reportId: Uint8Array;
  readonly reportIdMa: Uint8Array;
  readonly cpuid: Cpuid;
  readonly chipId: Uint8Array;
  readonly mitigations: { readonly launch: bigint; readonly current: bigint };
  /** Overwrites the report before it is signed. */
  readonly patches: readonly (readonly [offset: number, bytes: Uint8Array])[];
}

const CHIP_ID = Uint8Array.from({ length: 64 }, (_, i) => i + 1);

function chipIdOf(product: SnpProduct): Uint8Array {
  return hasFmc(product) ? concat(CHIP_ID.subarray(0, 8), new Uint8Array(56)) : CHIP_ID;
}

export function snpFields(
  product: SnpProduct = 'Milan',
  signer: SnpSigner = 'vcek',
  changes: Partial<SnpReportFields> = {},
): SnpReportFields {
  const tcb = snpTcb(product);
  return {
    product,
    version: 5,
    guestSvn: 7,
    policy: 0x3_001fn,
    familyId: new Uint8Array(16).fill(0x0f),
    imageId: new Uint8Array(16).fill(0x10),
    vmpl: 0,
    signatureAlgorithm: 1,
    // The platform may have loaded newer microcode than it reports, and signs with the key of what it reports.
    currentTcb: { ...tcb, microcode: 220 },
    reportedTcb: tcb,
    committedTcb: { ...tcb, microcode: 218 },
    launchTcb: { ...tcb, microcode: 219 },
    platformInfo: 0x25n,
    flags: signer === 'vlek' ? 1 << 2 : 0,
    reportData: new Uint8Array(64).fill(0x5d),
    measurement: new Uint8Array(48).fill(0xa5),
    hostData: new Uint8Array(32).fill(0xb6),
    idKeyDigest: new Uint8Array(48).fill(0xc7),
    authorKeyDigest: new Uint8Array(48),
    reportId: new Uint8Array(32).fill(0xd8),
    reportIdMa: new Uint8Array(32).fill(0xff),
    cpuid: CPUIDS[product],
    chipId: signer === 'vlek' ? new Uint8Array(64) : chipIdOf(product),
    mitigations: { launch: 0xbn, current: 0xfn },
    patches: [],
    ...changes,
  };
}

/** The report's 1184 bytes, signed by `VEK_KEY`. */
export function snpReportBytes(fields: SnpReportFields): Uint8Array {
  const bytes = new Uint8Array(1184);
  const view = new DataView(bytes.buffer);
  const { product, cpuid, mitigations } = fields;
  view.setUint32(0x000, fields.version, true);
  view.setUint32(0x004, fields.guestSvn, true);
  view.setBigUint64(0x008, fields.policy, true);
  bytes.set(fields.familyId, 0x010);
  bytes.set(fields.imageId, 0x020);
  view.setUint32(0x030, fields.vmpl, true);
  view.setUint32(0x034, fields.signatureAlgorithm, true);
  bytes.set(tcbBytes(product, fields.currentTcb), 0x038);
  view.setBigUint64(0x040, fields.platformInfo, true);
  view.setUint32(0x048, fields.flags, true);
  bytes.set(fields.reportData, 0x050);
  bytes.set(fields.measurement, 0x090);
  bytes.set(fields.hostData, 0x0c0);
  bytes.set(fields.idKeyDigest, 0x0e0);
  bytes.set(fields.authorKeyDigest, 0x110);
  bytes.set(fields.reportId, 0x140);
  bytes.set(fields.reportIdMa, 0x160);
  bytes.set(tcbBytes(product, fields.reportedTcb), 0x180);
  if (fields.version !== 2) bytes.set([cpuid.family, cpuid.model, cpuid.stepping], 0x188);
  bytes.set(fields.chipId, 0x1a0);
  bytes.set(tcbBytes(product, fields.committedTcb), 0x1e0);
  bytes.set([40, 55, 1, 0, 39, 54, 1, 0], 0x1e8);
  bytes.set(tcbBytes(product, fields.launchTcb), 0x1f0);
  if (fields.version === 5) {
    view.setBigUint64(0x1f8, mitigations.launch, true);
    view.setBigUint64(0x200, mitigations.current, true);
  }
  for (const [offset, patch] of fields.patches) bytes.set(patch, offset);
  const signature = signBy(VEK_KEY, bytes.subarray(0, 0x2a0));
  bytes.set(signature.slice(0, 48).reverse(), 0x2a0);
  bytes.set(signature.slice(48).reverse(), 0x2e8);
  return bytes;
}

/** A Name as the vendor writes them, with this common name last. */
export function amdName(commonName: string): Uint8Array {
  return name({ '2.5.4.11': 'Engineering', '2.5.4.10': 'Advanced Micro Devices', '2.5.4.3': commonName });
}

const AMD = '1.3.6.1.4.1.3704.1';
const integer = (value: number): Uint8Array => tlv(0x02, value < 0x80 ? u8(value) : concat(u8(0), u8(value)));
const ia5 = (text: string): Uint8Array => tlv(0x16, utf8(text));

/** What a VEK's extensions hold, by the last arcs of their identifiers; null leaves one out. */
export type VekExtensions = Readonly<Record<string, Uint8Array | null>>;

function vekExtensions(product: SnpProduct, signer: SnpSigner, tcb: Tcb): VekExtensions {
  const isOfTurinsForm = hasFmc(product);
  const hwid = isOfTurinsForm ? CHIP_ID.subarray(0, 8) : CHIP_ID;
  return {
    '1': integer(isOfTurinsForm ? 1 : 0),
    '2': ia5(product === 'Milan' ? 'Milan-B0' : product),
    '3.9': tcb.fmc === null ? null : integer(tcb.fmc),
    '3.1': integer(tcb.bootLoader),
    '3.2': integer(tcb.tee),
    '3.4': isOfTurinsForm ? null : integer(0),
    '3.5': integer(0),
    '3.6': integer(0),
    '3.7': integer(0),
    '3.3': integer(tcb.snp),
    '3.8': integer(tcb.microcode),
    '4': signer === 'vcek' ? hwid : null,
    '5': signer === 'vlek' ? ia5('CN=cc-test-1.example.com') : null,
  };
}

const askName = (product: SnpProduct, signer: SnpSigner) =>
  signer === 'vlek' ? `SEV-VLEK-${product}` : `SEV-${product}`;

export interface SnpOptions {
  readonly product?: SnpProduct;
  readonly signer?: SnpSigner;
  readonly report?: Partial<SnpReportFields>;
  /** Where the extensions differ from what the report calls for. */
  readonly vekExtensions?: VekExtensions;
  readonly vek?: Partial<CertificateFields>;
  readonly ask?: Partial<CertificateFields>;
  readonly ark?: Partial<CertificateFields>;
  /** Null for evidence that comes without a list. */
  readonly crl?: Partial<CrlFields> | null;
  readonly referenceValues?: Partial<SnpReferenceValues>;
}

export interface SnpCase {
  readonly fields: SnpReportFields;
  readonly report: SnpReport;
  readonly endorsements: Endorsements & { readonly snp: { readonly vek: string; readonly ask: string } };
  /** Under which the report passes at `SNP_INSTANT_MS`, where nothing was overridden. */
  readonly referenceValues: SnpReferenceValues;
}

/** A report of a Milan by its VCEK, with everything that it takes to pass, and what the options change. */
export function snpCase(options: SnpOptions = {}): SnpCase {
  const { product = 'Milan', signer = 'vcek' } = options;
  const fields = snpFields(product, signer, options.report);
  const arkName = amdName(`ARK-${product}`);
  const authority = { issuer: arkName, signer: ARK_KEY };
  const root = makeCertificate({
    ...authority,
    subject: arkName,
    key: ARK_KEY,
    extensions: [basicConstraints(true), keyUsage(5, 6)],
    ...options.ark,
  });
  const ask = makeCertificate({
    ...authority,
    subject: amdName(askName(product, signer)),
    key: ASK_KEY,
    serial: ASK_SERIAL,
    extensions: [basicConstraints(true, 0), keyUsage(5)],
    algorithm: PS384_WITH_TRAILER,
    ...options.ask,
  });
  const extensions = { ...vekExtensions(product, signer, fields.reportedTcb), ...options.vekExtensions };
  const vek = makeCertificate({
    subject: amdName(`SEV-${signer.toUpperCase()}`),
    issuer: amdName(askName(product, signer)),
    key: VEK_KEY,
    signer: ASK_KEY,
    serial: '00',
    extensions: Object.entries(extensions).flatMap(([arcs, value]) =>
      value === null ? [] : [extension(`${AMD}.${arcs}`, value)],
    ),
    ...options.vek,
  });
  const crl = options.crl === null ? null : makeCrl({ ...authority, ...options.crl });
  const snp = { vek: toBase64url(vek), ask: toBase64url(ask), crl: crl === null ? null : toBase64url(crl) };
  return {
    fields,
    report: { platform: 'snp', report: toBase64url(snpReportBytes(fields)) },
    endorsements: { ...NO_ENDORSEMENTS, snp },
    referenceValues: { ...snpValues(fields, root, signer), ...options.referenceValues },
  };
}

/** The serial number that a list names to revoke the ASK. */
export const SNP_ASK_SERIAL: Hex = ASK_SERIAL;

function snpValues(fields: SnpReportFields, root: Uint8Array, signer: SnpSigner): SnpReferenceValues {
  const { product, version } = fields;
  // Of the kit's own fields, not the overridden ones: what was changed must not agree with itself.
  const plain = snpFields(product, signer);
  const floor = { ...plain.reportedTcb };
  return {
    platform: 'snp',
    // Reference values cannot list a product whose vendor's root is not published.
    products: isRooted(product) ? [{ product, root: toBase64url(root), floor }] : [],
    signers: [signer],
    images: [
      {
        name: 'test image',
        measurement: toHex(plain.measurement),
        hostData: toHex(plain.hostData),
        idKeyDigest: toHex(plain.idKeyDigest),
        authorKeyDigest: toHex(plain.authorKeyDigest),
      },
    ],
    policies: ['000000000003001f'],
    vmpls: [0],
    minGuestSvn: plain.guestSvn,
    platformInfo: { set: '0000000000000024', clear: '0000000000000002' },
    mitigations: version === 5 ? '000000000000000b' : null,
    chips: [toHex(plain.chipId)],
    crl: 'required',
    graceMs: 86_400_000,
  };
}
