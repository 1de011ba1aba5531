import type { RuleResult } from '../../src/core/attest/kit/rule-result.ts';

/**
 * The beginning of a failed rule's text if a certificate, a list or collateral is not valid at the instant of the
 * appraisal.
 */
const DATED = /^(?:certificate_expired|certificate_not_yet_valid|endorsement_stale): /;

/**
 * What a person can do about rules that fail on a date: recorded evidence is judged as of its own day. Null where no
 * rule fails on one.
 */
export function datesAdvice(rules: readonly RuleResult[]): string | null {
  const dated = rules.filter(({ rule, got, pass }) => !pass && (DATED.test(got) || rule.endsWith('.time')));
  if (dated.length === 0) return null;
  const names = dated.map(({ rule }) => rule).join(', ');
  return `judged by a date: ${names}. To judge as of another time, give --at with one at which all of it was valid`;
}
