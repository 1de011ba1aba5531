import type { Evidence } from '../../src/core/attest/evidence.ts';

/** What a report must bind: everything of the evidence but the report itself. */
export type HostBinding = Omit<Evidence, 'v' | 'kind' | 'report'>;

/**
 * Where a host gets its evidence from; one implementation a platform. `collect` asks the hardware for a report
 * that binds what `hostReportData` gives (design: formats, "Host binding"). It may take seconds, and throws
 * `unavailable` where the platform is not there.
 */
export interface EvidenceCollector {
  collect(binding: HostBinding): Promise<Evidence['report']>;
}
