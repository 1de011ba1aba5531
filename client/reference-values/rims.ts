import type { DriverRecord, NvidiaReferenceValues } from '../../src/core/attest/nvidia/reference-values.ts';
import { parseReferenceValues, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { must } from '../../src/core/errors.ts';
import { gpusAllowed } from './gpus.ts';
import { NO_DEVICES } from './nvidia.ts';
import type { Rim } from './rim/rim.ts';

/** A manifest that was checked, and which file it is. */
export interface RimFile {
  readonly path: string;
  readonly rim: Rim;
}

type Golden = NonNullable<DriverRecord['golden']>;

/**
 * The document with the golden values of the vendor's manifests: in place of what it has for the same driver or
 * VBIOS. No manifest says under its signature which project and SKUs a VBIOS is for, so a new record compares
 * neither. Throws `usage` for two manifests that say different things of one version.
 */
export function withRims(before: ReferenceValues, files: readonly RimFile[]): ReferenceValues {
  requireAgreement(files);
  const gpu = gpusAllowed(before);
  const spdm = files.reduce((values, { rim }) => withRim(values, rim), gpu.spdm ?? NO_DEVICES);
  return parseReferenceValues({ ...before, gpu: { ...gpu, spdm } });
}

function requireAgreement(files: readonly RimFile[]): void {
  const seen = new Map<string, RimFile>();
  for (const file of files) {
    const name = `${file.rim.kind} ${file.rim.chip} ${file.rim.version}`;
    const other = seen.get(name);
    const agrees = other === undefined || goldenDigest(other) === goldenDigest(file);
    must(
      agrees,
      'usage',
      `${other?.path} and ${file.path} say different things of ${name}: name the one that is meant`,
    );
    seen.set(name, file);
  }
}

function goldenDigest({ rim }: RimFile): string {
  return digestOf(canonicalBytes({ golden: rim.golden }));
}

function withRim(values: NvidiaReferenceValues, rim: Rim): NvidiaReferenceValues {
  const { chip, version } = rim;
  const golden: Golden = [...rim.golden];
  return rim.kind === 'driver'
    ? { ...values, drivers: placed(values.drivers, { chip, version, golden }) }
    : {
        ...values,
        vbioses: placed(values.vbioses, { chip, version, project: null, projectSku: null, chipSku: null, golden }),
      };
}

/** A VBIOS of one version may be there for several SKUs. */
function placed<T extends Pick<DriverRecord, 'chip' | 'version' | 'golden'>>(records: readonly T[], made: T): T[] {
  const isSame = ({ chip, version }: T) => chip === made.chip && version === made.version;
  if (!records.some(isSame)) return [...records, made];
  return records.map((record) => (isSame(record) ? { ...record, golden: made.golden } : record));
}
