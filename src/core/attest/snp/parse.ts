import { ByteReader } from '../../byte-reader.ts';
import { concat } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { type Layout, readLayout } from '../../layout.ts';
import type { Cpuid } from './tcb.ts';

const REPORT_BYTES = 1184;
/** The signature is over all that is before it. */
const SIGNED_BYTES = 0x2a0;

type SnpReportVersion = 2 | 3 | 4 | 5;

/** The version of the firmware itself, as opposed to its security version. */
export interface FirmwareVersion {
  readonly build: number;
  readonly minor: number;
  readonly major: number;
}

/**
 * ATTESTATION_REPORT (AMD 56860, table 23), as version 5 has it. Integers are little-endian. r and s are scalars of
 * P-384, little-endian, which the firmware extends with zeros to 72 bytes each.
 */
const REPORT_5 = {
  version: [0x000, 4, 'u32le'],
  guestSvn: [0x004, 4, 'u32le'],
  policy: [0x008, 8, 'u64le'],
  familyId: [0x010, 16, 'bytes'],
  imageId: [0x020, 16, 'bytes'],
  vmpl: [0x030, 4, 'u32le'],
  signatureAlgorithm: [0x034, 4, 'u32le'],
  currentTcb: [0x038, 8, 'bytes'],
  platformInfo: [0x040, 8, 'u64le'],
  flags: [0x048, 4, 'u32le'],
  reserved1: [0x04c, 4, 'zeros'],
  reportData: [0x050, 64, 'bytes'],
  measurement: [0x090, 48, 'bytes'],
  hostData: [0x0c0, 32, 'bytes'],
  idKeyDigest: [0x0e0, 48, 'bytes'],
  authorKeyDigest: [0x110, 48, 'bytes'],
  reportId: [0x140, 32, 'bytes'],
  reportIdMa: [0x160, 32, 'bytes'],
  reportedTcb: [0x180, 8, 'bytes'],
  cpuid: [0x188, 3, 'bytes'],
  reserved2: [0x18b, 21, 'zeros'],
  chipId: [0x1a0, 64, 'bytes'],
  committedTcb: [0x1e0, 8, 'bytes'],
  currentFirmware: [0x1e8, 3, 'bytes'],
  reserved3: [0x1eb, 1, 'zeros'],
  committedFirmware: [0x1ec, 3, 'bytes'],
  reserved4: [0x1ef, 1, 'zeros'],
  launchTcb: [0x1f0, 8, 'bytes'],
  launchMitigations: [0x1f8, 8, 'u64le'],
  currentMitigations: [0x200, 8, 'u64le'],
  reserved5: [0x208, 152, 'zeros'],
  r: [SIGNED_BYTES, 48, 'bytes'],
  rExtension: [0x2d0, 24, 'zeros'],
  s: [0x2e8, 48, 'bytes'],
  sExtension: [0x318, 24, 'zeros'],
  reserved6: [0x330, 368, 'zeros'],
} as const satisfies Layout;

/**
 * Firmware (Milan, 1.55.31) writes version 4 without saying what these bytes are. They are signed, and no rule reads
 * them.
 */
const REPORT_4 = {
  ...REPORT_5,
  launchMitigations: [0x1f8, 8, 'unread'],
  currentMitigations: [0x200, 8, 'unread'],
} as const satisfies Layout;

const REPORT_3 = {
  ...REPORT_5,
  launchMitigations: [0x1f8, 8, 'zeros'],
  currentMitigations: [0x200, 8, 'zeros'],
} as const satisfies Layout;

const REPORT_2 = { ...REPORT_3, cpuid: [0x188, 3, 'zeros'] } as const satisfies Layout;

const REPORT = { 2: REPORT_2, 3: REPORT_3, 4: REPORT_4, 5: REPORT_5 } as const;

/**
 * A report, parsed and not trusted: nothing of it holds before its signature and the path of the key that made it do.
 */
export interface AttestationReport {
  readonly version: SnpReportVersion;
  readonly guestSvn: number;
  readonly policy: bigint;
  readonly familyId: Uint8Array;
  readonly imageId: Uint8Array;
  /** 0 to 3, the most privileged first; 0xffffffff where the host asked for the report. */
  readonly vmpl: number;
  readonly signatureAlgorithm: number;
  readonly platformInfo: bigint;
  readonly authorKeyEnabled: boolean;
  /** The host's configuration withholds signatures by the chip's key. */
  readonly chipKeyMasked: boolean;
  /** 0 VCEK, 1 VLEK, 7 none. */
  readonly signingKey: number;
  readonly reportData: Uint8Array;
  readonly measurement: Uint8Array;
  readonly hostData: Uint8Array;
  readonly idKeyDigest: Uint8Array;
  readonly authorKeyDigest: Uint8Array;
  readonly reportId: Uint8Array;
  readonly reportIdMa: Uint8Array;
  /** Null in version 2. */
  readonly cpuid: Cpuid | null;
  readonly chipId: Uint8Array;
  /** TCB versions of 8 bytes: their layout is the product's, see `decodeTcb`. */
  readonly currentTcb: Uint8Array;
  readonly reportedTcb: Uint8Array;
  readonly committedTcb: Uint8Array;
  readonly launchTcb: Uint8Array;
  readonly currentFirmware: FirmwareVersion;
  readonly committedFirmware: FirmwareVersion;
  /** Null before version 5. */
  readonly mitigations: { readonly launch: bigint; readonly current: bigint } | null;
  readonly signed: Uint8Array;
  /** r ‖ s, 96 bytes, big-endian: as a claim carries it. */
  readonly signature: Uint8Array;
}

/**
 * Parses an attacker-controlled report of 1184 bytes, versions 2 to 5. What the specification reserves must be
 * zero, also after the signature, which does not cover it: one report has one encoding. Throws `malformed`, naming the
 * offset, or `unsupported_version`.
 */
export function parseSnpReport(bytes: Uint8Array): AttestationReport {
  must(bytes.length === REPORT_BYTES, 'malformed', `SNP report: expected ${REPORT_BYTES} bytes, got ${bytes.length}`);
  const reader = () => new ByteReader(bytes, 'SNP report');
  const version = versionOf(reader().u32le());
  const report = readLayout(reader(), REPORT[version]);
  const { flags, cpuid, launchMitigations: launch, currentMitigations: current } = report;
  must(flags < 1 << 5, 'malformed', 'SNP report: expected zeros above bit 4 of the flags at offset 72');
  return {
    ...report,
    version,
    authorKeyEnabled: (flags & 1) !== 0,
    chipKeyMasked: (flags & 2) !== 0,
    signingKey: flags >> 2,
    cpuid: cpuid === null ? null : cpuidOf(cpuid),
    currentFirmware: firmwareOf(report.currentFirmware),
    committedFirmware: firmwareOf(report.committedFirmware),
    mitigations: launch === null || current === null ? null : { launch, current },
    signed: bytes.subarray(0, SIGNED_BYTES),
    signature: concat(report.r.toReversed(), report.s.toReversed()),
  };
}

function versionOf(version: number): SnpReportVersion {
  if (version === 2 || version === 3 || version === 4 || version === 5) return version;
  throw new TwinlockError('unsupported_version', `SNP report: expected version 2 to 5, got ${version}`);
}

function cpuidOf([family = 0, model = 0, stepping = 0]: Uint8Array): Cpuid {
  return { family, model, stepping };
}

function firmwareOf([build = 0, minor = 0, major = 0]: Uint8Array): FirmwareVersion {
  return { build, minor, major };
}
