import { must, TwinlockError } from '../../errors.ts';
import { ByteReader } from '../kit/byte-reader.ts';

/** "HCLA". */
const SIGNATURE = 0x414c_4348;
const HEADER_BYTES = 32;
/** Room for a report of either kind; a TD's has 1024 bytes and zeros. */
const HARDWARE_BYTES = 1184;
const TD_REPORT_BYTES = 1024;
/** The five words before the runtime data count as part of it. */
const WORDS_BYTES = 20;
const RUNTIME_VERSION = 1;
const HASH_SHA256 = 1;

/** What the paravisor keeps in the vTPM, taken apart. */
export interface HclReport {
  /** For a TD, `report` is its TDREPORT, 1024 bytes, which the platform still has to turn into a quote. */
  readonly hardware: { readonly platform: 'snp' | 'tdx'; readonly report: Uint8Array };
  /** The runtime JSON, exactly as it was hashed into the report data. */
  readonly runtime: Uint8Array;
}

/**
 * Takes apart the report of an Azure confidential VM's paravisor (HCL, the host compatibility layer), as read
 * from the vTPM's NV index 0x01400001. Attacker-controlled; nothing in it is covered by a signature but the
 * hardware report, and by its report data the runtime JSON; what pads the index is ignored. Throws `malformed` or `unsupported_version`,
 * `unsupported_algorithm` for a hash that is not SHA-256.
 */
export function azureHcl(bytes: Uint8Array): HclReport {
  const reader = new ByteReader(bytes, 'HCL report');
  must(reader.u32le() === SIGNATURE, 'malformed', 'HCL report: expected "HCLA" at offset 0');
  reader.skip(HEADER_BYTES - 4); // version, size, request, status, reserved: about the transport
  const report = reader.bytes(HARDWARE_BYTES);
  const size = reader.u32le();
  const version = reader.u32le();
  const kind = reader.u32le();
  const hash = reader.u32le();
  const runtimeBytes = reader.u32le();
  must(version === RUNTIME_VERSION, 'unsupported_version', `HCL report: expected runtime data 1, got ${version}`);
  must(hash === HASH_SHA256, 'unsupported_algorithm', `HCL report: expected the hash SHA-256 (1), got ${hash}`);
  const expected = WORDS_BYTES + runtimeBytes;
  must(size === expected, 'malformed', `HCL report: expected a size of ${expected} at offset 1216, got ${size}`);
  const runtime = reader.bytes(runtimeBytes);
  return { hardware: hardwareOf(kind, report), runtime };
}

function hardwareOf(kind: number, report: Uint8Array): HclReport['hardware'] {
  switch (kind) {
    case 2:
      return { platform: 'snp', report };
    case 4:
      return { platform: 'tdx', report: report.subarray(0, TD_REPORT_BYTES) };
    default:
      throw new TwinlockError('malformed', `HCL report: expected a report of SEV-SNP (2) or TDX (4), got ${kind}`);
  }
}
