import type { TdImage } from '../../../src/core/attest/kit/td.ts';
import { ABSENT, parseCompactJws } from '../../../src/core/attest/token/jws.ts';
import type { TrustAuthorityReferenceValues } from '../../../src/core/attest/token/reference-values.ts';
import type { TrustAuthorityReport } from '../../../src/core/attest/token/report.ts';
import { parseTrustAuthorityPayload } from '../../../src/core/attest/token/trust-authority-claims.ts';
import { type Choices, type Host, imageName, union, withChips, withImage } from '../kit/host.ts';
import { stated, withService } from '../kit/service.ts';
import { dateFloor, statusesOf } from '../kit/td.ts';

const TRUST_AUTHORITY = { name: 'intel-trust-authority', algorithm: 'PS384' } as const;

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
function imagesOf(said: (name: string) => string, choices: Choices): TdImage[] {
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
