import type { Endorsements } from '../../src/core/attest/endorsements.ts';
import type { Evidence, GpuEvidence, HostBinding } from '../../src/core/attest/evidence.ts';

/**
 * Where a host gets its evidence from; one implementation a platform. Both calls may take seconds, and throw
 * `unavailable` where the platform is not there.
 */
export interface EvidenceCollector {
  /** The GPUs' evidence under a nonce of 32 bytes; null if the host shows none. */
  gpu(nonce: Uint8Array): Promise<GpuEvidence | null>;
  /**
   * Asks the hardware for a report that binds what `hostReportData` gives, or `hostExtraData` for a TPM (design:
   * formats, "Host binding"), and for the endorsements that the host has of it.
   */
  collect(binding: HostBinding): Promise<{ report: Evidence['report']; endorsements: Endorsements }>;
}
