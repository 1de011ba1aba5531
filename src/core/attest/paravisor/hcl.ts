import { ByteReader } from '../../byte-reader.ts';
import { must, TwinlockError } from '../../errors.ts';
import { type Layout, readLayout } from '../../layout.ts';

/**
 * The report up to the runtime JSON (drawn in tpm/FORMAT.md, "Azure"). Integers are little-endian. The header is about
 * the transport. `hardware` has room for a report of either kind: a TD's has 1024 bytes, then zeros.
 */
const REPORT = {
  signature: [0, 4, 'u32le'],
  header: [4, 28, 'unread'],
  hardware: [32, 1184, 'bytes'],
  size: [1216, 4, 'u32le'],
  version: [1220, 4, 'u32le'],
  kind: [1224, 4, 'u32le'],
  hash: [1228, 4, 'u32le'],
  runtimeBytes: [1232, 4, 'u32le'],
} as const satisfies Layout;
/** "HCLA". */
const SIGNATURE = 0x414c_4348;
const TD_REPORT_BYTES = 1024;
/** The five words before the runtime JSON count in `size`. */
const WORDS_BYTES = 20;
const RUNTIME_VERSION = 1;
const HASH_SHA256 = 1;

/** The parsed data that the paravisor keeps in the vTPM. */
export interface HclReport {
  /** For a TD, `report` is its TDREPORT, 1024 bytes, which the platform still has to turn into a quote. */
  readonly hardware: { readonly platform: 'snp' | 'tdx'; readonly report: Uint8Array };
  /** The runtime JSON, exactly as it was hashed into the report data. */
  readonly runtime: Uint8Array;
}

/**
 * Takes apart the report of an Azure confidential VM's paravisor (HCL, the host compatibility layer), as read
 * from the vTPM's NV index 0x01400001. Attacker-controlled. A signature covers the hardware report alone, whose report
 * data carry the hash of the runtime JSON. What pads the index is ignored. Throws `malformed`, `unsupported_version`, and
 * `unsupported_algorithm` for a hash that is not SHA-256.
 */
export function azureHcl(bytes: Uint8Array): HclReport {
  const reader = new ByteReader(bytes, 'HCL report');
  const { signature, hardware, size, version, kind, hash, runtimeBytes } = readLayout(reader, REPORT);
  must(signature === SIGNATURE, 'malformed', 'HCL report: expected "HCLA" at offset 0');
  must(version === RUNTIME_VERSION, 'unsupported_version', `HCL report: expected runtime data 1, got ${version}`);
  must(hash === HASH_SHA256, 'unsupported_algorithm', `HCL report: expected the hash SHA-256 (1), got ${hash}`);
  const expected = WORDS_BYTES + runtimeBytes;
  must(size === expected, 'malformed', `HCL report: expected a size of ${expected} at offset 1216, got ${size}`);
  const runtime = reader.bytes(runtimeBytes);
  return { hardware: hardwareOf(kind, hardware), runtime };
}

function hardwareOf(kind: number, reportBytes: Uint8Array): HclReport['hardware'] {
  switch (kind) {
    case 2:
      return { platform: 'snp', report: reportBytes };
    case 4:
      return { platform: 'tdx', report: reportBytes.subarray(0, TD_REPORT_BYTES) };
    default:
      throw new TwinlockError('malformed', `HCL report: expected a report of SEV-SNP (2) or TDX (4), got ${kind}`);
  }
}
