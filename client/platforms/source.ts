import type { CpuCollector } from '../host/collectors/machine.ts';
import type { HostDevices } from '../host/devices.ts';

/** A flag of the command line that one source of evidence, or several, take. */
export interface SourceFlag {
  /** `--tpm-ak`. */
  readonly flag: string;
  /** `<key>`. */
  readonly value: string;
  /** Its help text. */
  readonly about: string;
  /** Whether it chooses its source where `--evidence` names none. */
  readonly implies: boolean;
}

/** The value of a flag; undefined if it was not given. */
export type GivenFlags = (flag: SourceFlag) => string | undefined;

/** One way for a host to prove what it runs. Pure: what it needs of the machine, the devices give. */
export interface EvidenceSource {
  /** Its name for `--evidence`. */
  readonly name: string;
  readonly flags: readonly SourceFlag[];
  /** Whether it proves hardware, beside which GPUs may be shown. */
  readonly isHardware: boolean;
  /** Throws `usage` for flags that do not go together, `unavailable` where the machine lacks what it needs. */
  collector(given: GivenFlags, devices: HostDevices): Promise<CpuCollector> | CpuCollector;
}
