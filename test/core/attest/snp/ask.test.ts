import { expect, test } from 'vitest';
import { askName, askOfFile } from '../../../../src/core/attest/snp/ask.ts';
import { SNP_VENDOR_ROOTS } from '../../../../src/core/attest/snp/roots.ts';
import { concat, fromBase64url, fromHex, utf8 } from '../../../../src/core/bytes.ts';
import { snpCase } from '../../../platforms/snp.ts';
import { name, pem } from '../../x509/certificate-kit.ts';

const ask = fromBase64url(snpCase().endorsements.snp.ask);
const ark = SNP_VENDOR_ROOTS.Milan;
const file = (...chain: Uint8Array[]) => concat(...chain.map((der) => utf8(pem('CERTIFICATE', der))));

const vek = fromBase64url(snpCase().endorsements.snp.vek);
const asvk = fromBase64url(snpCase({ signer: 'vlek' }).endorsements.snp.ask);
const unnamed = fromBase64url(snpCase({ ask: { subject: name({}) } }).endorsements.snp.ask);

test.each([
  ['alone, in DER', ask],
  ['alone, in PEM', file(ask)],
  ['before the ARK', file(ask, ark)],
  ['after the ARK', file(ark, ask)],
  ['after the VEK', file(vek, ask, ark)],
  ['after the ARK, before the VEK', file(ark, ask, vek)],
  ['between the ARK and the VEK, twice', file(ark, vek, ask, ask)],
  ['after the ASVK', file(asvk, ask, ark)],
  ['before the ASVK', file(ask, asvk, ark)],
  ['after a certificate without a name, and one that cannot be read', file(fromHex('3000'), unnamed, ask)],
])('an ASK is found %s', (_, bytes) => {
  expect(askOfFile(bytes, 'SEV-Milan').der).toEqual(ask);
});

test.each([
  ['before the ARK', file(asvk, ark)],
  ['after the VEK', file(vek, asvk, ark)],
  ['after the ASK', file(ask, asvk, ark)],
  ['last', file(ark, ask, vek, asvk)],
])('an ASVK is found %s', (_, bytes) => {
  expect(askOfFile(bytes, askName({ signer: 'vlek', product: 'Milan' })).der).toEqual(asvk);
});

test('where none has the name, it is the first that did not issue itself', () => {
  expect(askOfFile(file(ark, ask, vek), 'SEV-Genoa').der).toEqual(ask);
  expect(askOfFile(file(ark, ask, vek), null).der).toEqual(ask);
  expect(askOfFile(file(asvk), 'SEV-Milan').der).toEqual(asvk);
});

test('a file of ARKs alone has no ASK', () => {
  const malformed = expect.objectContaining({ code: 'malformed' });
  expect(() => askOfFile(file(ark, ark), 'SEV-Milan')).toThrow(malformed);
  expect(() => askOfFile(utf8('no certificate'), 'SEV-Milan')).toThrow(malformed);
});
