import type { Comparison } from '../kit/findings.ts';

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
