import type { Endorsements } from '../../../src/core/attest/endorsements.ts';
import { type Evidence, type GpuEvidence, hostExtraData, hostReportData } from '../../../src/core/attest/evidence.ts';
import type { EvidenceCollector } from '../collector.ts';

/** What a report must carry. Both stand for the same binding; which of them fits, the platform knows. */
export interface BoundData {
  /** 64 bytes, for a CPU. */
  readonly reportData: Uint8Array;
  /** 32 bytes, for a TPM's quote. */
  readonly extraData: Uint8Array;
}

export interface Collected {
  readonly report: Evidence['report'];
  /** What the machine has of them; often none, and the vault gets them elsewhere. */
  readonly endorsements: Endorsements;
}

/**
 * A CPU, or its TPM. Throws `unavailable` with what to do where the platform is not there or does not answer,
 * and `malformed` where its answer is not of the form that its vendor specifies.
 */
export interface CpuCollector {
  report(data: BoundData): Promise<Collected>;
}

/** A machine's GPUs, all of them; throws as a CpuCollector does. */
export interface GpuCollector {
  /** `nonce` is 32 bytes. */
  gpu(nonce: Uint8Array): Promise<GpuEvidence>;
}

/** The collectors of a machine; without GPUs, or without any to show, `gpu` is null. */
export interface Collectors {
  readonly cpu: CpuCollector;
  readonly gpu: GpuCollector | null;
}

export function machine({ cpu, gpu }: Collectors): EvidenceCollector {
  return {
    gpu: async (nonce) => (gpu === null ? null : gpu.gpu(nonce)),
    collect: (binding) => cpu.report({ reportData: hostReportData(binding), extraData: hostExtraData(binding) }),
  };
}
