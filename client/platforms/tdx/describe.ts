import type { ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import type { TdxReferenceValues } from '../../../src/core/attest/tdx/reference-values.ts';
import {
  accepts,
  anyOr,
  beware,
  countedList,
  emptyOf,
  graceRemarks,
  names,
  type Remark,
  refuses,
} from '../kit/remark.ts';
import { dateText, staleTcb } from '../kit/td.ts';

/** Says what these values accept and refuse. Each sentence begins with `name`. */
export function describeTdx(values: TdxReferenceValues, name: string): Remark[] {
  const { roots, images, attributes, xfams, tcbStatuses, serviceTds = [], minTcbDate, chips } = values;
  const empty = emptyOf({ roots, images, attributes, xfams, tcbStatuses, ...(chips === null ? {} : { chips }) });
  if (empty.length > 0) return [refuses(`${name}: every host, for these lists are empty: ${empty.join(', ')}`)];
  return [
    accepts(
      `${name}: ${countedList('image', names(images))}; TCB ${tcbStatuses.join(', ')}; collateral from ` +
        `evaluation ${values.minTcbEvaluationDataNumber}; ` +
        `${dateText(minTcbDate)}; attributes ${attributes.join(', ')}; ` +
        `XFAM ${xfams.join(', ')}; ${anyOr('chip', chips)}`,
    ),
    ...staleTcb(name, tcbStatuses),
    ...attributes
      .filter((bits) => MIGRATABLE.test(bits))
      .map((bits) => refuses(`${name}: attributes ${bits}, for a TD that is MIGRATABLE never passes`)),
    ...(serviceTds.length === 0
      ? []
      : [
          beware(
            `${name}: TDs pass that a service TD is bound to, ${serviceTds.join(', ')}: twinlock does not appraise what it may do to them`,
          ),
        ]),
    ...(values.septVeDisable
      ? []
      : [beware(`${name}: hosts may take a guest's pages away unnoticed (SEPT_VE_DISABLE)`)]),
    ...graceRemarks(name, values.graceMs),
  ];
}

/** Bit 29 of the TD attributes. */
const MIGRATABLE = /^[0-9a-f]{6}[2367abef]/;

const UNSAID_SERVICE_TD =
  'a TD with a service TD passes as one without where its quote is of version 4, or has a body of type 2: these cannot ' +
  'name one, and the host chooses the form; revoke tdx.body-type 2 to accept none but quotes that can';
const UNSAID_SOURCE = 'Intel TDX DCAP Quoting Library API, quote format';

/**
 * What is publicly known to be weak and could pass under these values. A quote of version 4 has the body of type 2, which
 * is what a document can refuse such quotes by.
 */
export function tdxWeaknesses(
  { images }: TdxReferenceValues,
  name: string,
  revoked: ReferenceValues['revoked'],
): Remark[] {
  const isRefused = revoked.some(({ claim, value }) => claim === 'tdx.body-type' && value === '2');
  return images.length > 0 && !isRefused ? [beware(`${name}: ${UNSAID_SERVICE_TD} (${UNSAID_SOURCE})`)] : [];
}
