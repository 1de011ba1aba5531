import type { Comparison } from './findings.ts';

/** The versions of a GPU's driver and of its firmware, as its evidence and NVIDIA's tokens write them. */
export const DRIVER_VERSION: RegExp = /^[0-9]{1,5}(?:\.[0-9]{1,5}){1,3}$/;
export const VBIOS_VERSION: RegExp = /^[0-9A-F]{2}(?:\.[0-9A-F]{2}){4}$/;

/**
 * Whether GPUs can be of one machine, which has one driver for all of them: `drivers` has what each GPU says, one value
 * for each, in the order of the evidence. GPUs that no switch links say nothing else of their machine.
 */
export function compareDrivers(drivers: readonly string[]): Comparison {
  const versions = [...new Set(drivers)];
  return {
    expected: 'one driver version on every GPU',
    got: versions.join(', ') || 'no GPU is shown',
    pass: versions.length <= 1,
  };
}
