import type { Endorsements } from '../../src/core/attest/endorsements.ts';
import type { TdxImage } from '../../src/core/attest/tdx/reference-values.ts';
import { findKey, parseKeySet, type ServiceKey } from '../../src/core/attest/token/jwks.ts';
import { ABSENT, parseCompactJws, type TokenAlgorithm } from '../../src/core/attest/token/jws.ts';
import type {
  NrasReferenceValues,
  ServiceReferenceValues,
  TrustAuthorityReferenceValues,
} from '../../src/core/attest/token/reference-values.ts';
import type { NrasEvidence, TrustAuthorityReport } from '../../src/core/attest/token/report.ts';
import { parseTrustAuthorityPayload } from '../../src/core/attest/token/trust-authority-claims.ts';
import { fromBase64, toBase64url } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { type Choices, type Host, imageName, union, withChips, withImage } from './host.ts';
import { dateFloor, statusesOf } from './tdx.ts';

const TRUST_AUTHORITY = { name: 'intel-trust-authority', algorithm: 'PS384' } as const;
const NRAS = { name: 'nras', algorithm: 'ES384' } as const;
const CLAIMS_VERSIONS = ['2.0', '3.0'] as const;

/** The document with a host that Trust Authority speaks for; `before` null where it has none. */
export function withTrustAuthority(
  before: TrustAuthorityReferenceValues | null,
  { token }: TrustAuthorityReport,
  { claims, endorsements }: Host,
  choices: Choices,
): TrustAuthorityReferenceValues {
  const said = (name: string) => claims[`ita.${name}`] ?? ABSENT;
  const minTcbDate = dateFloor(before, said('tcb-date'));
  const images = imagesOf(said, choices).reduce((known, image) => withImage(known, image), [...(before?.images ?? [])]);
  return {
    platform: 'intel-trust-authority',
    ...withService(before, TRUST_AUTHORITY, [token], endorsements),
    images,
    attributes: union(before?.attributes, stated(said('attributes'))),
    xfams: union(before?.xfams, stated(said('xfam'))),
    tcbStatuses: union(before?.tcbStatuses, statusesOf(said('tcb-status'))),
    ...(minTcbDate === undefined ? {} : { minTcbDate }),
    platforms: withChips(before?.platforms, [said('platform')], choices),
    policies: before === null ? policiesOf(token) : before.policies,
  };
}

/** None, of what is no TD or lacks a measurement: the rules then say why. */
function imagesOf(said: (name: string) => string, choices: Choices): TdxImage[] {
  const measured = {
    mrTd: said('mrtd'),
    rtmr0: said('rtmr0'),
    rtmr1: said('rtmr1'),
    rtmr2: said('rtmr2'),
    rtmr3: said('rtmr3'),
    mrConfigId: said('mrconfigid'),
    mrOwner: said('mrowner'),
    mrOwnerConfig: said('mrownerconfig'),
  };
  const isWhole = said('attester-type') === 'TDX' && !Object.values(measured).includes(ABSENT);
  return isWhole ? [{ name: imageName(choices, measured.mrTd), ...measured }] : [];
}

/** The policies that matched; none are asked for where others did not, for then no list passes. */
function policiesOf(token: string): TrustAuthorityReferenceValues['policies'] {
  const { matched, unmatched } = parseTrustAuthorityPayload(parseCompactJws(token, 'ita').payload);
  if (matched.length === 0 || unmatched.length > 0) return null;
  return matched.map((policy) => {
    const [id = '', ...version] = policy.split(' ');
    return { id, version: version.join(' ') };
  });
}

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

function stated(value: string): string[] {
  return value === ABSENT ? [] : [value];
}

interface Service {
  readonly name: 'intel-trust-authority' | 'nras';
  readonly algorithm: TokenAlgorithm;
}

/** Who signed the tokens: the last certificate of the key's chain, or the key itself where it has none above it. */
function withService(
  before: ServiceReferenceValues | null,
  service: Service,
  tokens: readonly string[],
  endorsements: Endorsements,
): ServiceReferenceValues {
  const parsed = tokens.map((token) => parseCompactJws(token, service.name));
  const keys = parsed.flatMap(({ kid }) => keyOf(endorsements, service, kid));
  const anchors = keys.flatMap(({ chain: [, ...issuers] }) => issuers.slice(-1));
  const bare = keys.filter(({ chain }) => chain.length < 2);
  return {
    issuer: before?.issuer ?? String(parsed[0]?.payload['iss']),
    anchors: union(
      before?.anchors,
      anchors.map((anchor) => toBase64url(fromBase64(anchor))),
    ),
    keys: union(
      before?.keys,
      bare.map(({ fingerprint }) => fingerprint),
    ),
    graceMs: before?.graceMs ?? 0,
  };
}

/** None, where the key set has it not: the rules then say why. */
function keyOf(endorsements: Endorsements, { name, algorithm }: Service, kid: string): ServiceKey[] {
  const keySet = endorsements[name];
  if (keySet === undefined) return [];
  try {
    return [findKey(parseKeySet(keySet), kid, algorithm)];
  } catch (error) {
    if (error instanceof TwinlockError) return [];
    throw error;
  }
}
