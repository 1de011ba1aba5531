import type { TrustAuthorityReferenceValues } from '../../../src/core/attest/token/reference-values.ts';
import {
  accepts,
  anyOr,
  beware,
  countedList,
  emptyOf,
  names,
  type Remark,
  refuses,
  tokenGraceRemark,
  trustText,
} from '../kit/remark.ts';
import { dateText, staleTcb } from '../kit/td.ts';

/** Says what these values accept and refuse. Each sentence begins with `name`. */
export function describeTrustAuthority(values: TrustAuthorityReferenceValues, name: string): Remark[] {
  const { anchors, keys, images, attributes, xfams, tcbStatuses, minTcbDate, platforms, policies } = values;
  const trust = [...anchors, ...keys];
  const listed = { ...(platforms === null ? {} : { platforms }), ...(policies === null ? {} : { policies }) };
  const empty = emptyOf({ 'anchors and keys': trust, images, attributes, xfams, tcbStatuses, ...listed });
  if (empty.length > 0) return [refuses(`${name}: every host, for these lists are empty: ${empty.join(', ')}`)];
  return [
    accepts(
      `${name}: of "${values.issuer}", under ${trustText(anchors, keys)}; ` +
        `${countedList('image', names(images))}; TCB ${tcbStatuses.join(', ')}; ${dateText(minTcbDate)}; ` +
        `${anyOr('platform', platforms)}`,
    ),
    ...staleTcb(name, tcbStatuses),
    ...(policies === null ? [beware(`${name}: the service's own policies are not looked at`)] : []),
    tokenGraceRemark(name, values.graceMs),
  ];
}

/** Publicly known weaknesses that could pass under these values. */
export function trustAuthorityWeaknesses({ images }: TrustAuthorityReferenceValues, name: string): Remark[] {
  const sentence = 'a TD with a service TD passes as one without, for no claim says whether one is bound';
  const source = 'docs.trustauthority.intel.com, attestation token claims';
  return images.length > 0 ? [beware(`${name}: ${sentence} (${source})`)] : [];
}
