import { expect, test } from 'vitest';
import { snpNeeds } from '../../../../src/core/attest/snp/needs.ts';
import { hasFmc } from '../../../../src/core/attest/snp/tcb.ts';
import { toHex } from '../../../../src/core/bytes.ts';
import { type SnpReportFields, snpFields, snpReportBytes, snpTcb } from '../../../platforms/snp.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const needsOf = (fields: SnpReportFields) => snpNeeds(snpReportBytes(fields));

test.each(['Milan', 'Genoa', 'Turin', 'Venice'] as const)(
  'a report of %s needs the key of its chip and its reported TCB',
  (product) => {
    const fields = snpFields(product);
    const chipId = toHex(hasFmc(product) ? fields.chipId.subarray(0, 8) : fields.chipId);
    expect(needsOf(fields)).toEqual({ signer: 'vcek', product, chipId, reportedTcb: snpTcb(product) });
  },
);

test('a report of version 2 does not say which product it is of', () => {
  const needs = needsOf(snpFields('Genoa', 'vcek', { version: 2 }));
  expect(needs).toMatchObject({ product: null, reportedTcb: snpTcb('Genoa') });
});

test('a report by a VLEK needs that', () => {
  expect(needsOf(snpFields('Milan', 'vlek'))).toMatchObject({ signer: 'vlek', chipId: '00'.repeat(64) });
});

test.each<[string, Partial<SnpReportFields>]>([
  ['that no key signed', { flags: 7 << 2 }],
  ['of a processor that is no product', { cpuid: { family: 0x17, model: 0x31, stepping: 0 } }],
])('a report %s has no endorsements', (_what, changes) => {
  expect(() => needsOf(snpFields('Milan', 'vcek', changes))).toThrow(code('endorsement_missing'));
});

test('bytes that are no report need nothing', () => {
  expect(() => snpNeeds(new Uint8Array(1183))).toThrow(code('malformed'));
  expect(() => snpNeeds(new Uint8Array(1184))).toThrow(code('unsupported_version'));
});
