import { expect, test } from 'vitest';
import { datesAdvice } from '../../../client/appraise/dates.ts';

const rule = (name: string, got: string, pass = false) => ({ rule: name, expected: 'current', got, pass });

test.each([
  ['snp.chain', 'certificate_expired: the certificate expired at 2024-01-01T00:00:00Z'],
  ['nvidia.gpu-0.chain', 'certificate_not_yet_valid: the certificate is valid from 2030-01-01T00:00:00Z'],
  ['tdx.tcb-info-dates', 'endorsement_stale: the TCB info ended at 2024-01-01T00:00:00Z'],
  ['nras.time', 'issued 2024-01-01T00:00:00Z, valid from 2024-01-01T00:00:00Z until 2024-01-01T01:00:00Z'],
])('names --at and %s where that fails on a date', (name, got) => {
  const advice = datesAdvice([rule('snp.vmpl', '3'), rule(name, got)]);
  expect(advice).toBe(
    `judged by a date: ${name}. To judge as of another time, give --at with one at which all of it was valid`,
  );
  expect(datesAdvice([rule(name, got, true)])).toBeNull();
});

test('says nothing of what fails for another reason', () => {
  const others = ['certificate_untrusted: no anchor issued it', 'not reached', 'a text of certificate_expired: x'];
  expect(datesAdvice(others.map((got) => rule('snp.chain', got)))).toBeNull();
});
