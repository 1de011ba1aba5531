import { fromBase64url } from '../bytes.ts';
import { must } from '../errors.ts';
import type { PinnedRoots, Platform } from './kit/platform.ts';
import { pinnedRootsOf } from './kit/table.ts';
import {
  DEVICES,
  PLATFORM_IDS,
  PLATFORMS,
  type PlatformId,
  type PlatformReports,
  type PlatformValues,
} from './platforms.ts';
import type { ReferenceValues } from './reference-values.ts';

/**
 * What the reference values of a production vault may be: none for a platform that is no hardware, and no roots of
 * processors and GPUs but the vendors' own. So no quorum can allow hardware that an attacker pretends to have.
 * Who certifies a TPM's attestation keys and whose tokens count has no such list, and is the quorum's to say.
 * Throws `evidence_simulated` or `root_unknown`.
 */
export function requireHardwareValues(values: ReferenceValues): void {
  const pretended = PLATFORM_IDS.find((id) => !isHardware(id) && values[id] !== undefined);
  must(
    pretended === undefined,
    'evidence_simulated',
    `referenceValues.${pretended}: a production vault refuses simulated evidence`,
  );
  for (const one of pinnedRootsOf(PLATFORMS, values)) requireVendors(`referenceValues.${one.field}`, one);
  for (const one of pinnedRootsOf(DEVICES, values.gpu ?? {})) requireVendors(`referenceValues.gpu.${one.field}`, one);
}

const CAUTIONS: { readonly [Id in PlatformId]: Pick<Platform<PlatformReports[Id], PlatformValues[Id]>, 'caution'> } =
  PLATFORMS;

/** The warnings to the founder of a production vault about these reference values. */
export function productionCautionsOf(values: ReferenceValues): readonly string[] {
  return PLATFORM_IDS.flatMap((id) => cautionOf(id, values) ?? []);
}

function cautionOf<Id extends PlatformId>(
  id: Id,
  values: { readonly [One in PlatformId]?: PlatformValues[One] | undefined },
): string | null {
  const given = values[id];
  return given === undefined ? null : CAUTIONS[id].caution(given);
}

/** Whether a production vault may take reports of this platform. */
export function isHardware(platform: PlatformId): boolean {
  return PLATFORMS[platform].simulation === null;
}

function requireVendors(field: string, { roots, isVendors }: PinnedRoots): void {
  const position = roots.findIndex((root) => !isVendors(fromBase64url(root)));
  must(
    position === -1,
    'root_unknown',
    `${field}: number ${position + 1} is no root of the vendor, and a production vault pins no others`,
  );
}
