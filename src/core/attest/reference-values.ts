import * as z from 'zod/mini';
import { parseAs } from '../schema.ts';
import { optionalMembers } from './kit/table.ts';
import { DEVICES, PLATFORM_IDS, PLATFORMS } from './platforms.ts';
import { revocation } from './revocation.ts';

/** How many devices a host must show: a count that is not listed is refused, none (0) included. */
const deviceCounts = z.array(z.int().check(z.gte(0), z.lte(24))).check(z.maxLength(24));

const gpuReferenceValues = z.strictObject({
  gpus: deviceCounts,
  /** 0 alone accepts GPUs without the NVSwitches that they are linked to; 0 beside other counts, GPUs without links. */
  switches: deviceCounts,
  /** By the kind of evidence; a kind that is left out is refused. */
  ...optionalMembers(DEVICES, 'values'),
});

/**
 * What a committee expects of hosts (RFC 9334: reference values), one document per platform, in the policy that
 * a quorum changes. A platform that is left out is refused: the strictest reading.
 */
export const referenceValuesSchema = z.strictObject({
  ...optionalMembers(PLATFORMS, 'values'),
  /** Null for hosts that show no GPU. GPU evidence alone is never enough. */
  gpu: z.nullable(gpuReferenceValues),
  revoked: z.array(revocation).check(z.maxLength(1024)),
});
export type ReferenceValues = z.infer<typeof referenceValuesSchema>;

/** Reference values that refuse every host. */
export const NO_REFERENCE_VALUES: ReferenceValues = { gpu: null, revoked: [] };

/** The reference values that a simulation vault begins with. */
export const SIMULATION_REFERENCE_VALUES: ReferenceValues = {
  ...NO_REFERENCE_VALUES,
  ...Object.fromEntries(
    PLATFORM_IDS.flatMap((id) => {
      const { simulation } = PLATFORMS[id];
      return simulation === null ? [] : [[id, simulation]];
    }),
  ),
};

/** Whether no host passes, whatever it shows: GPU evidence alone is never enough. */
export function refusesEveryPlatform(values: ReferenceValues): boolean {
  return PLATFORM_IDS.every((id) => values[id] === undefined);
}

/** Throws `malformed`, for a field that no rule knows too. */
export function parseReferenceValues(value: unknown): ReferenceValues {
  return parseAs(referenceValuesSchema, value, 'reference values');
}
