import { concat } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { ByteReader } from '../kit/byte-reader.ts';
import type { Cpuid } from './tcb.ts';

const REPORT_BYTES = 1184;
/** What the signature is over: all that goes before it. */
const SIGNED_BYTES = 0x2a0;
/** r and s of P-384, which the firmware extends with zeros to 72 bytes each. */
const SCALAR_BYTES = 48;
const SCALAR_FIELD_BYTES = 72;
const MITIGATIONS_BYTES = 16;

type SnpReportVersion = 2 | 3 | 4 | 5;

/** The version of the firmware itself, as opposed to its security version. */
export interface FirmwareVersion {
  readonly build: number;
  readonly minor: number;
  readonly major: number;
}

/**
 * ATTESTATION_REPORT (AMD 56860, table 23), all integers little-endian. Parsed, not trusted: nothing of it holds
 * before its signature and the path of the key that made it do.
 *
 * ```
 * 000 version           004 guest SVN        008 policy (8)         010 family id (16)   020 image id (16)
 * 030 VMPL              034 algorithm        038 current TCB (8)    040 platform info (8)
 * 048 flags             04c 0                050 report data (64)   090 measurement (48)
 * 0c0 host data (32)    0e0 id key digest (48)                      110 author key digest (48)
 * 140 report id (32)    160 report id of the migration agent (32)   180 reported TCB (8)
 * 188 CPUID family, model, stepping: from version 3, else 0          18b 0
 * 1a0 chip id (64)      1e0 committed TCB (8)
 * 1e8 current firmware build, minor, major, 0                       1ec committed firmware, likewise
 * 1f0 launch TCB (8)    1f8 launch, 200 current mitigation vector (8 each): version 5; version 4 unread; else 0
 * 208 0                 2a0 r (72), s (72), little-endian           330 0                4a0 end
 * ```
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
  const reader = new ByteReader(bytes, 'SNP report');
  const version = versionOf(reader.u32le());
  const guest = { guestSvn: reader.u32le(), policy: reader.u64le() };
  const ids = { familyId: reader.bytes(16), imageId: reader.bytes(16) };
  const signer = { vmpl: reader.u32le(), signatureAlgorithm: reader.u32le() };
  const platform = { currentTcb: reader.bytes(8), platformInfo: reader.u64le(), ...readFlags(reader) };
  const bound = { reportData: reader.bytes(64), measurement: reader.bytes(48), hostData: reader.bytes(32) };
  const digests = { idKeyDigest: reader.bytes(48), authorKeyDigest: reader.bytes(48) };
  const reports = { reportId: reader.bytes(32), reportIdMa: reader.bytes(32) };
  const reportedTcb = reader.bytes(8);
  const cpuid = readCpuid(reader, version);
  const chip = { chipId: reader.bytes(64), committedTcb: reader.bytes(8) };
  const firmware = { currentFirmware: readFirmware(reader), committedFirmware: readFirmware(reader) };
  const launchTcb = reader.bytes(8);
  const mitigations = readMitigations(reader, version);
  reader.zeros(SIGNED_BYTES - reader.offset);
  const signature = concat(readScalar(reader), readScalar(reader));
  reader.zeros(reader.remaining);
  const signed = bytes.subarray(0, SIGNED_BYTES);
  const system = { reportedTcb, cpuid, ...chip, ...firmware, launchTcb, mitigations };
  return {
    version,
    ...guest,
    ...ids,
    ...signer,
    ...platform,
    ...bound,
    ...digests,
    ...reports,
    ...system,
    signed,
    signature,
  };
}

function versionOf(version: number): SnpReportVersion {
  if (version === 2 || version === 3 || version === 4 || version === 5) return version;
  throw new TwinlockError('unsupported_version', `SNP report: expected version 2 to 5, got ${version}`);
}

function readFlags(reader: ByteReader) {
  const flags = reader.u32le();
  must(flags < 1 << 5, 'malformed', 'SNP report: expected zeros above bit 4 of the flags at offset 72');
  reader.zeros(4);
  return { authorKeyEnabled: (flags & 1) !== 0, chipKeyMasked: (flags & 2) !== 0, signingKey: flags >> 2 };
}

function readCpuid(reader: ByteReader, version: SnpReportVersion): Cpuid | null {
  if (version === 2) {
    reader.zeros(24);
    return null;
  }
  const cpuid = { family: reader.u8(), model: reader.u8(), stepping: reader.u8() };
  reader.zeros(21);
  return cpuid;
}

function readFirmware(reader: ByteReader): FirmwareVersion {
  const firmware = { build: reader.u8(), minor: reader.u8(), major: reader.u8() };
  reader.zeros(1);
  return firmware;
}

/** Firmware writes version 4 (Milan, 1.55.31) without saying what is here: the signature covers it, no rule reads it. */
function readMitigations(reader: ByteReader, version: SnpReportVersion): AttestationReport['mitigations'] {
  if (version === 5) return { launch: reader.u64le(), current: reader.u64le() };
  if (version === 4) reader.skip(MITIGATIONS_BYTES);
  return null;
}

function readScalar(reader: ByteReader): Uint8Array {
  const scalar = reader.bytes(SCALAR_BYTES).toReversed();
  reader.zeros(SCALAR_FIELD_BYTES - SCALAR_BYTES);
  return scalar;
}
