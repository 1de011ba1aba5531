import type { Findings } from '../kit/findings.ts';
import type { TdxReferenceValues } from './reference-values.ts';

/** Whether evidence is genuine, of a TD in production under a module of Intel's, and not revoked: always checked. */
const AUTHENTICITY_RULES = [
  'tdx.tee-type',
  'tdx.key-type',
  'tdx.qe-vendor',
  'tdx.signature',
  'tdx.qe-report-data',
  'tdx.qe-signature',
  'tdx.pck-chain',
  'tdx.root-crl',
  'tdx.pck-crl',
  'tdx.tcb-info',
  'tdx.tcb-info-dates',
  'tdx.qe-identity',
  'tdx.qe-identity-dates',
  'tdx.fmspc',
  'tdx.pceid',
  'tdx.tcb-level',
  'tdx.module',
  'tdx.module-level',
  'tdx.qe-enclave',
  'tdx.qe-level',
  'tdx.tcb-status',
  'tdx.seam-signer',
  'tdx.seam-attributes',
  'tdx.debug',
  'tdx.migratable',
  'tdx.service-td',
] as const;

/** Whether it is what a committee expects. */
const REFERENCE_RULES = [
  'tdx.tcb-evaluation',
  'tdx.sept-ve-disable',
  'tdx.attributes',
  'tdx.xfam',
  'tdx.image',
  'tdx.chip-list',
] as const;

/** Where a committee has a floor for it. */
const DATE_RULE = 'tdx.tcb-date';

/** Whether it is of this host and this request. */
const BINDING_RULES = ['tdx.report-data'] as const;

/** Every rule of a quote. */
export const TDX_RULES = [...AUTHENTICITY_RULES, ...REFERENCE_RULES, DATE_RULE, ...BINDING_RULES] as const;
export type TdxRule = (typeof TDX_RULES)[number];
export type TdxFindings = Findings<TdxRule>;

/** What an appraisal must reach: a rule that it does not is a failure. */
export function requiredRules(input: {
  referenceValues: Pick<TdxReferenceValues, 'minTcbDate'> | null;
  expectedData: unknown;
}): readonly TdxRule[] {
  return [
    ...AUTHENTICITY_RULES,
    ...(input.referenceValues === null ? [] : REFERENCE_RULES),
    ...(input.referenceValues?.minTcbDate === undefined ? [] : [DATE_RULE as TdxRule]),
    ...(input.expectedData === null ? [] : BINDING_RULES),
  ];
}
