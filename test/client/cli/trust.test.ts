import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trustCa } from '../../../client/cli/trust.ts';
import { selfSigned } from '../../../src/http/certificate.ts';
import { hasOpenssl, makeBrainpool } from '../../tls/brainpool.ts';

let folder: string;
let [first, second] = ['', ''];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-trust-'));
  const make = async () => (await selfSigned(['localhost'], Date.now())).certificate;
  [first, second] = [await make(), await make()];
});
afterAll(() => rmSync(folder, { recursive: true }));

function put(text: string): string {
  writeFileSync(join(folder, 'bundle.pem'), text);
  return join(folder, 'bundle.pem');
}

test('all certificates of a bundle are trusted, with other text between them', () => {
  trustCa(put(`# of the office\n${first}\nSubject: CN = another\n${second.replaceAll('\n', '\r\n')}`));
  const trusted = getCACertificates('default').map((pem) => pem.replaceAll(/\s/g, ''));
  for (const pem of [first, second]) expect(trusted).toContain(pem.replaceAll(/\s/g, ''));
});

test('certificate and key end with a newline, so that cat makes a bundle of them', async () => {
  const made = await selfSigned(['localhost'], Date.now());
  expect(made.certificate).toMatch(/-----END CERTIFICATE-----\n$/);
  expect(made.key).toMatch(/-----END PRIVATE KEY-----\n$/);
});

test.runIf(hasOpenssl)('refuses a bundle in which one has a key on another curve, and trusts none of it', () => {
  const before = getCACertificates('default').length;
  expect(() => trustCa(put(first + makeBrainpool('/CN=x').cert))).toThrow(
    expect.objectContaining({
      code: 'malformed',
      message: expect.stringMatching(
        /bundle\.pem: certificate 2 of 2 has a key of brainpoolP256r1: expected ECDSA P-256/,
      ),
    }),
  );
  expect(getCACertificates('default')).toHaveLength(before);
});

test.each([
  ['nothing', () => '', /bundle\.pem: expected one or more certificates in PEM, got none$/],
  ['DER', () => '\x30\x82', /got none$/],
  ['a certificate that is cut', () => `${first}${second.slice(0, 200)}`, /1 of 2 that begin do not end$/],
  [
    'a second that is none',
    () => `${first}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    /bundle\.pem: certificate 2 of 2 cannot be read/,
  ],
])('refuses %s as a bundle, names the one that is wrong, and trusts none of it', (_, text, message) => {
  const before = getCACertificates('default').length;
  expect(() => trustCa(put(text()))).toThrow(
    expect.objectContaining({ code: 'malformed', message: expect.stringMatching(message) }),
  );
  expect(getCACertificates('default')).toHaveLength(before);
});
