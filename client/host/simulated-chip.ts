import { ed25519 } from '@noble/curves/ed25519.js';
import { NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { type HostBinding, hostReportData } from '../../src/core/attest/evidence.ts';
import { simulatedReportMessage } from '../../src/core/attest/simulated/report.ts';
import { type Hex, toBase64url } from '../../src/core/bytes.ts';
import { ed25519KeyText } from '../../src/core/signature/key-text.ts';
import type { EvidenceCollector } from './collector.ts';
import type { BoundData, Collected, CpuCollector } from './collectors/machine.ts';

/** A chip of no hardware at all, for simulation vaults: it signs the measurement that it was made with. */
export class SimulatedChip implements EvidenceCollector, CpuCollector {
  readonly #seed: Uint8Array;
  readonly #measurement: Hex;

  /** `seed` is 32 bytes; its key names the chip. `measurement` is 32 bytes in hex. */
  constructor(seed: Uint8Array, measurement: Hex) {
    this.#seed = seed;
    this.#measurement = measurement;
  }

  async gpu(): Promise<null> {
    return null;
  }

  collect(binding: HostBinding): Promise<Collected> {
    return this.report({ reportData: hostReportData(binding) });
  }

  async report({ reportData }: Pick<BoundData, 'reportData'>): Promise<Collected> {
    const report = {
      chip: ed25519KeyText(ed25519.getPublicKey(this.#seed)),
      measurement: this.#measurement,
      reportData: toBase64url(reportData),
    };
    const signature = toBase64url(ed25519.sign(simulatedReportMessage(report), this.#seed));
    return { report: { platform: 'simulated', ...report, signature }, endorsements: NO_ENDORSEMENTS };
  }
}
