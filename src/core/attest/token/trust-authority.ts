import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concat, toHex } from '../../bytes.ts';
import { Findings } from '../kit/findings.ts';
import type { PlatformInput, PlatformResult } from '../kit/platform.ts';
import { INSTANT, type TdImage } from '../kit/td.ts';
import type { ServiceEndorsed } from './endorsements.ts';
import { parseCompactJws } from './jws.ts';
import type { TrustAuthorityReferenceValues } from './reference-values.ts';
import type { TrustAuthorityReport } from './report.ts';
import { type AttestationService, ServiceKeys } from './service-keys.ts';
import { checkToken, TOKEN_RULES, TRUST_RULE } from './token.ts';
import { parseTrustAuthorityPayload, type TrustAuthorityClaims } from './trust-authority-claims.ts';

/** Trust Authority also signs with RS256 on request. Such tokens are refused. */
const TRUST_AUTHORITY: AttestationService = {
  name: 'intel-trust-authority',
  algorithm: 'PS384',
  issuer: 'Intel Trust Authority',
};

const VALUE_RULES = [
  'attester-type',
  'debug',
  'migratable',
  'module',
  'tcb-status',
  'image',
  'attributes',
  'xfam',
] as const;
/** Without MIGRATABLE, bit 29: the second bit of the upper half of the fourth byte. */
const NOT_MIGRATABLE = /^[0-9a-f]{6}[014589cd]/;
/** The claim that holds each field of an image. */
const MEASUREMENTS = {
  mrTd: 'mrtd',
  rtmr0: 'rtmr0',
  rtmr1: 'rtmr1',
  rtmr2: 'rtmr2',
  rtmr3: 'rtmr3',
  mrConfigId: 'mrconfigid',
  mrOwner: 'mrowner',
  mrOwnerConfig: 'mrownerconfig',
} as const satisfies Record<keyof Omit<TdImage, 'name'>, keyof TrustAuthorityClaims['shown']>;
/** Each is checked where a committee says something of it. */
const CHOSEN_RULES = ['tcb-date', 'platform', 'policies'] as const;
/** Every rule of a token, after `ita.`. */
export const TRUST_AUTHORITY_RULES = [
  ...TOKEN_RULES,
  TRUST_RULE,
  'report-data',
  'held-data',
  ...VALUE_RULES,
  ...CHOSEN_RULES,
] as const;
type RuleName = (typeof TRUST_AUTHORITY_RULES)[number];
type ItaRule = `ita.${RuleName}`;
type ItaFindings = Findings<ItaRule>;

/**
 * Appraises Intel Trust Authority's word about a TD (design: attestation, "Tokens of attestation services"). The
 * TD's report data is SHA-512 of the service's nonce and the data that the TD held, which is what a host binds.
 * Throws `malformed`.
 */
export async function appraiseTrustAuthority(
  input: PlatformInput<TrustAuthorityReport, TrustAuthorityReferenceValues, ServiceEndorsed>,
): Promise<PlatformResult> {
  const token = parseCompactJws(input.report.token, 'ita');
  const claims = parseTrustAuthorityPayload(token.payload);
  const { expectedData, referenceValues } = input;
  const findings: ItaFindings = new Findings(input.verify);
  for (const [name, value] of Object.entries(claims.shown)) findings.claim(`ita.${name}`, value);
  await checkToken(findings, 'ita', new ServiceKeys(TRUST_AUTHORITY, input), token, input);
  checkReportData(findings, claims);
  if (expectedData !== null) findings.same('ita.held-data', toHex(expectedData), toHex(claims.heldData));
  if (claims.type === 'TDX') checkTd(findings, claims);
  if (referenceValues !== null) checkReferenceValues(findings, claims, referenceValues);
  return findings.result(labelOf(claims), requiredRules(input));
}

function requiredRules(input: PlatformInput<unknown, TrustAuthorityReferenceValues>): ItaRule[] {
  const { expectedData, referenceValues } = input;
  const rules: RuleName[] = [...TOKEN_RULES, 'report-data'];
  if (expectedData !== null) rules.push('held-data');
  if (referenceValues !== null) rules.push(TRUST_RULE, ...VALUE_RULES);
  if (referenceValues?.minTcbDate !== undefined) rules.push('tcb-date');
  if (referenceValues?.platforms != null) rules.push('platform');
  if (referenceValues?.policies != null) rules.push('policies');
  return rules.map((rule) => `ita.${rule}` as const);
}

/**
 * A token names no chip; a platform's instance id, where there is one, is signed by the service and lasts as long
 * as the machine's registration.
 */
function labelOf({ shown: { platform } }: TrustAuthorityClaims): string {
  return /^[0-9a-f]{32}$/.test(platform) ? `ita-${platform.slice(0, 16)}` : 'ita-unnamed';
}

/** What the processor signed must be what the token says the attester held (TDX: 64 bytes; SGX: the first 32). */
function checkReportData(findings: ItaFindings, { type, nonce, heldData, reportData }: TrustAuthorityClaims): void {
  const bound = concat(nonce, heldData);
  switch (type) {
    case 'TDX':
      findings.same('ita.report-data', toHex(sha512(bound)), reportData.tdx);
      break;
    case 'SGX':
      findings.same('ita.report-data', toHex(concat(sha256(bound), new Uint8Array(32))), reportData.sgx);
      break;
    default:
      findings.rule('ita.report-data', 'report data of a TD', `an attester of type ${type}`, false);
  }
}

/** What holds for every TD that can keep a secret (design: attestation, "Intel TDX", line 6). */
function checkTd(findings: ItaFindings, claims: TrustAuthorityClaims): void {
  const { shown, isDebuggable, debugStatus, mrSignerSeam, seamAttributes } = claims;
  const { attributes } = shown;
  findings.rule(
    'ita.debug',
    'dbgstat disabled, tdx_is_debuggable false, tdx_td_attributes 00…',
    `dbgstat ${debugStatus}, tdx_is_debuggable ${isDebuggable}, tdx_td_attributes ${attributes}`,
    debugStatus === 'disabled' && isDebuggable === 'false' && attributes.startsWith('00'),
  );
  const isFixed = NOT_MIGRATABLE.test(attributes);
  findings.rule('ita.migratable', 'not set in tdx_td_attributes', isFixed ? 'not set' : attributes, isFixed);
  const module = (signer: string, bits: string) => `signer ${signer}, attributes ${bits}`;
  findings.same('ita.module', module('00'.repeat(48), '00'.repeat(8)), module(mrSignerSeam, seamAttributes));
}

/** What a committee expects of the TD. */
function checkReferenceValues(
  findings: ItaFindings,
  claims: TrustAuthorityClaims,
  values: TrustAuthorityReferenceValues,
): void {
  const { type, shown } = claims;
  const { images, minTcbDate, platforms, policies } = values;
  // Trust Authority also issues tokens about SGX enclaves. They serve no weights.
  findings.same('ita.attester-type', 'TDX', type);
  findings.among('ita.tcb-status', values.tcbStatuses, shown['tcb-status']);
  if (minTcbDate !== undefined) checkTcbDate(findings, shown['tcb-date'], minTcbDate);
  findings.among('ita.attributes', values.attributes, shown.attributes);
  findings.among('ita.xfam', values.xfams, shown.xfam);
  const names = images.map(({ name }) => name);
  const image = images.find((candidate) => isOf(candidate, shown));
  findings.rule('ita.image', names.join(', ') || 'none is allowed', image?.name ?? 'none of them', image !== undefined);
  if (platforms !== null) findings.among('ita.platform', platforms, shown.platform);
  if (policies !== null) checkPolicies(findings, claims, policies);
}

/** The date is the text that the service wrote, `absent` included: only an instant of the floor's form is compared. */
function checkTcbDate(findings: ItaFindings, date: string, floor: string): void {
  findings.rule('ita.tcb-date', `from ${floor}`, date, INSTANT.test(date) && date >= floor);
}

/** The policies that the service was asked to look at are the host's choice, so a committee names its own. */
function checkPolicies(
  findings: ItaFindings,
  { matched, unmatched }: TrustAuthorityClaims,
  policies: NonNullable<TrustAuthorityReferenceValues['policies']>,
): void {
  const asked = policies.map(({ id, version }) => `${id} ${version}`);
  const expected = asked.length === 0 ? 'none is allowed' : `matched ${asked.join(', ')}; unmatched none`;
  const got = `matched ${matched.join(', ') || 'none'}; unmatched ${unmatched.join(', ') || 'none'}`;
  const isMatched = asked.length > 0 && asked.every((policy) => matched.includes(policy)) && unmatched.length === 0;
  findings.rule('ita.policies', expected, got, isMatched);
}

/** As a whole: a measurement of one image and a measurement of another are no image. */
function isOf(image: TdImage, shown: TrustAuthorityClaims['shown']): boolean {
  return Object.entries(MEASUREMENTS).every(([field, claim]) => {
    const expected = image[field as keyof typeof MEASUREMENTS];
    return expected === null || expected === shown[claim];
  });
}
