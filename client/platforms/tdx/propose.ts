import type { TdImage } from '../../../src/core/attest/kit/td.ts';
import type { TdxReferenceValues } from '../../../src/core/attest/tdx/reference-values.ts';
import { TDX_VENDOR_ROOTS } from '../../../src/core/attest/tdx/roots.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { type Choices, type Host, imageName, union, withChips, withImage } from '../kit/host.ts';
import { dateFloor, statusesOf } from '../kit/td.ts';

/** SEPT_VE_DISABLE, bit 28 of TD_ATTRIBUTES: the upper half of the fourth byte, as the claim spells it. */
const SEPT_VE_DISABLE = /^[0-9a-f]{6}[13579bdf]/;

/** The document with a host of TDX; `before` null where it has none. Throws `usage` or `exists`. */
export function withTdx(
  before: TdxReferenceValues | null,
  _report: unknown,
  { claims }: Host,
  choices: Choices,
): TdxReferenceValues {
  const said = (name: string) => claims[`tdx.${name}`] ?? '';
  const evaluations = [said('tcb.info-evaluation'), said('tcb.qe-evaluation')].map(Number);
  const image: TdImage = {
    name: imageName(choices, said('mr-td')),
    mrTd: said('mr-td'),
    rtmr0: said('rtmr0'),
    rtmr1: said('rtmr1'),
    rtmr2: said('rtmr2'),
    rtmr3: said('rtmr3'),
    mrConfigId: said('mr-config-id'),
    mrOwner: said('mr-owner'),
    mrOwnerConfig: said('mr-owner-config'),
  };
  const bound = choices.listsServiceTds ? serviceTdsOf(said('mr-service-td')) : [];
  const serviceTds = union(before?.serviceTds, bound);
  const minTcbDate = dateFloor(before, said('tcb.date'));
  return {
    platform: 'tdx',
    roots: before?.roots ?? TDX_VENDOR_ROOTS.map(toBase64url),
    images: withImage(before?.images, image),
    attributes: union(before?.attributes, [said('td-attributes')]),
    xfams: union(before?.xfams, [said('xfam')]),
    septVeDisable: before?.septVeDisable ?? SEPT_VE_DISABLE.test(said('td-attributes')),
    tcbStatuses: union(before?.tcbStatuses, statusesOf(said('tcb.status'))),
    minTcbEvaluationDataNumber: Math.min(before?.minTcbEvaluationDataNumber ?? Number.MAX_SAFE_INTEGER, ...evaluations),
    ...(minTcbDate === undefined ? {} : { minTcbDate }),
    ...(serviceTds.length === 0 ? {} : { serviceTds }),
    chips: withChips(before?.chips, [said('pck.ppid')], choices),
    graceMs: before?.graceMs ?? 0,
  };
}

/** None where none is bound, or the report does not say. */
function serviceTdsOf(mrServiceTd: string): string[] {
  return /[^0]/.test(mrServiceTd) ? [mrServiceTd] : [];
}
