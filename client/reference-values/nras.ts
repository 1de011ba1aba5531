import { ABSENT } from '../../src/core/attest/token/jws.ts';
import type { NrasReferenceValues } from '../../src/core/attest/token/reference-values.ts';
import type { NrasEvidence } from '../../src/core/attest/token/report.ts';
import { type Host, union } from '../platforms/kit/host.ts';
import { stated, withService } from '../platforms/kit/service.ts';

const NRAS = { name: 'nras', algorithm: 'ES384' } as const;
const CLAIMS_VERSIONS = ['2.0', '3.0'] as const;

/** The document with GPUs that NRAS speaks for; `before` null where it has none. */
export function withNras(
  before: NrasReferenceValues | null,
  { overall, devices }: NrasEvidence,
  { claims, endorsements }: Host,
): NrasReferenceValues {
  const ofDevices = (name: string) =>
    devices.flatMap((device) => stated(claims[`nras.${device.name.toLowerCase()}.${name}`] ?? ABSENT));
  const version = claims['nras.claims-version'];
  return {
    service: 'nras',
    ...withService(before, NRAS, [overall, ...devices.map(({ token }) => token)], endorsements),
    claimsVersions: union(
      before?.claimsVersions,
      CLAIMS_VERSIONS.filter((one) => one === version),
    ),
    hwModels: union(before?.hwModels, ofDevices('hwmodel')),
    drivers: union(before?.drivers, ofDevices('driver')),
    vbioses: union(before?.vbioses, ofDevices('vbios')),
  };
}
