import { expect, test } from 'vitest';
import { askOfFile } from '../../../../src/core/attest/snp/ask.ts';
import { SNP_VENDOR_ROOTS } from '../../../../src/core/attest/snp/roots.ts';
import { concat, fromBase64url, utf8 } from '../../../../src/core/bytes.ts';
import { snpCase } from '../../../platforms/snp.ts';
import { pem } from '../../x509/certificate-kit.ts';

const ask = fromBase64url(snpCase().endorsements.snp.ask);
const ark = SNP_VENDOR_ROOTS.Milan;
const file = (...chain: Uint8Array[]) => concat(...chain.map((der) => utf8(pem('CERTIFICATE', der))));

test.each([
  ['alone, in DER', ask],
  ['alone, in PEM', file(ask)],
  ['before the ARK', file(ask, ark)],
  ['after the ARK', file(ark, ask)],
])('an ASK is found %s', (_, bytes) => {
  expect(askOfFile(bytes).der).toEqual(ask);
});

test('a file of ARKs alone has no ASK', () => {
  const malformed = expect.objectContaining({ code: 'malformed' });
  expect(() => askOfFile(file(ark, ark))).toThrow(malformed);
  expect(() => askOfFile(utf8('no certificate'))).toThrow(malformed);
});
