import { describe, expect, test } from 'vitest';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { toBase64url } from '../../../../src/core/bytes.ts';
import {
  AK_ATTRIBUTES,
  AK_PURPOSE,
  type AkScheme,
  activatedIdentity,
  akCertificate,
  akName,
  akOf,
  certificateIdentity,
  publicArea,
  selfAssertedIdentity,
  tpmReferenceValues,
  tpmReport,
} from '../../../platforms/tpm.ts';
import {
  basicConstraints,
  extendedKeyUsage,
  extension,
  keyUsage,
  makeCertificate,
  name,
  oid,
  testKey,
  tlv,
  utcTime,
} from '../../x509/certificate-kit.ts';
import { broken } from './reach.ts';

const SCHEMES: readonly AkScheme[] = ['ECDSA', 'RSASSA', 'RSAPSS'];

const certified = (changes: Parameters<typeof akCertificate>[1], key = akOf('ECDSA')): TpmReport =>
  tpmReport({
    identity: {
      kind: 'certificate',
      key: toBase64url(publicArea('ECDSA')),
      chain: [toBase64url(akCertificate(key, changes))],
    },
  });

describe('tpm.key-certified', () => {
  const rule = 'tpm.key-certified';

  test("refuses a key that only says of itself that it is a TPM's", async () => {
    for (const scheme of SCHEMES) {
      const report = tpmReport({ scheme, identity: selfAssertedIdentity(scheme) });
      expect(await broken(report)).toEqual({
        [rule]: 'nothing ties the AK to a TPM',
        'tpm.key-attributes': 'no public area',
      });
      expect(await broken(report, { values: null })).toHaveProperty([rule]);
    }
  });

  test('refuses a certificate where no anchor is pinned, and where authenticity alone is asked', async () => {
    expect((await broken(tpmReport(), { values: tpmReferenceValues({ anchors: [] }) }))[rule]).toMatch(
      /^certificate_untrusted: /,
    );
    expect(await broken(tpmReport(), { values: null })).toEqual({
      [rule]: 'no anchor: give reference values that pin the authority of the AK',
    });
  });

  const unchecked = { values: tpmReferenceValues({ akPurposes: [AK_PURPOSE, 'none'] }) };

  test('refuses a certificate that does not say that it is of an AK', async () => {
    // What an authority issues for a laptop or a server may sign too, and its key is in a file.
    const laptop = certified({
      subject: name({ '2.5.4.3': 'a laptop' }),
      extensions: [basicConstraints(false), keyUsage(0)],
    });
    const first = certified({ version: null, extensions: [] });
    for (const report of [laptop, first]) {
      expect(await broken(report)).toEqual({
        [rule]: 'certificate_usage: expected the purpose of an AK certificate: 2.23.133.8.3, got none',
      });
      expect(await broken(report, unchecked)).toEqual({});
    }
  });

  test('refuses a certificate of another purpose, where none is asked for too', async () => {
    for (const other of ['2.23.133.8.1', '1.3.6.1.5.5.7.3.2']) {
      const report = certified({ extensions: [extendedKeyUsage(other)] });
      expect(Object.keys(await broken(report, unchecked))).toEqual([rule]);
    }
    const both = certified({ extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.2', AK_PURPOSE)] });
    expect(await broken(both)).toEqual({});
  });

  describe('where policy lists the purpose of EKs, which a cloud gives its AKs', () => {
    const EK_PURPOSE = '2.23.133.8.1';
    const listed = { values: tpmReferenceValues({ akPurposes: [EK_PURPOSE] }) };

    test('takes a key that is for signing alone', async () => {
      const report = certified({ extensions: [extendedKeyUsage(EK_PURPOSE), keyUsage(0)] });
      expect(await broken(report, listed)).toEqual({});
      expect(await broken(report)).toEqual({
        [rule]: `certificate_usage: expected the purpose of an AK certificate: ${AK_PURPOSE}, got ${EK_PURPOSE}`,
      });
    });

    test.each([
      ['no key usage', [extendedKeyUsage(EK_PURPOSE)]],
      ['a key that enciphers keys too', [extendedKeyUsage(EK_PURPOSE), keyUsage(0, 2)]],
      ['a key that enciphers data too', [extendedKeyUsage(EK_PURPOSE), keyUsage(0, 3)]],
      ['a key that agrees on keys too', [extendedKeyUsage(EK_PURPOSE), keyUsage(0, 4)]],
      ['the purpose of an AK, which is not listed', [extendedKeyUsage(AK_PURPOSE), keyUsage(0)]],
      ['no purpose, which is not listed', [keyUsage(0)]],
    ])('refuses %s', async (_, extensions) => {
      const failed = await broken(certified({ extensions }), listed);
      expect(Object.keys(failed)).toEqual([rule]);
      expect(failed[rule]).toMatch(/^certificate_usage: /);
    });

    test('refuses every certificate where none is listed', async () => {
      const none = { values: tpmReferenceValues({ akPurposes: [] }) };
      expect((await broken(certified({}), none))[rule]).toMatch(/policy lists none, got 2\.23\.133\.8\.3$/);
    });
  });

  test('takes a chain that goes on above the pinned authority, and one that ends there', async () => {
    const [rootKey, middleKey, key] = [testKey('ES256', 0x41), testKey('ES256', 0x42), akOf('ECDSA')];
    const [top, middle] = [name({ '2.5.4.3': 'root' }), name({ '2.5.4.3': 'intermediate' })];
    const extensions = [basicConstraints(true), keyUsage(5)];
    const root = makeCertificate({ subject: top, issuer: top, key: rootKey, signer: rootKey, extensions });
    const issuing = makeCertificate({ subject: middle, issuer: top, key: middleKey, signer: rootKey, extensions });
    const leaf = akCertificate(key, { issuer: middle, signer: middleKey });
    const reportOf = (...chain: Uint8Array[]) =>
      tpmReport({ identity: { ...certificateIdentity('ECDSA'), chain: chain.map(toBase64url) } });
    const under = (anchor: Uint8Array) => ({ values: tpmReferenceValues({ anchors: [toBase64url(anchor)] }) });
    for (const report of [reportOf(leaf, issuing, root), reportOf(leaf, issuing), reportOf(leaf)]) {
      expect(await broken(report, under(issuing))).toEqual({});
    }
    expect(await broken(reportOf(leaf, issuing, root), under(root))).toEqual({});
    expect(Object.keys(await broken(reportOf(leaf), under(root)))).toEqual([rule]);
  });

  test('takes a critical purpose and a critical name of the TPM', async () => {
    const extensions = [
      extension('2.5.29.37', tlv(0x30, oid(AK_PURPOSE)), true),
      extension('2.5.29.17', tlv(0x30), true),
    ];
    expect(await broken(certified({ extensions }))).toEqual({});
  });

  // The purpose is right, so that what is refused is the other thing.
  const ofAk = extendedKeyUsage(AK_PURPOSE);

  test.each([
    ['another key', certified({}, akOf('ECDSA', 0x62)), 'certificate_untrusted'],
    ['an authority', certified({ extensions: [ofAk, basicConstraints(true)] }), 'certificate_usage'],
    ['a key that may not sign', certified({ extensions: [ofAk, keyUsage(2)] }), 'certificate_usage'],
    ['another purpose', certified({ extensions: [extendedKeyUsage('2.23.133.8.1')] }), 'certificate_usage'],
    [
      'a critical extension that is not known',
      certified({ extensions: [ofAk, extension('1.2.3.4', tlv(0x05), true)] }),
      'certificate_usage',
    ],
    ['a time that is over', certified({ notAfter: utcTime('251231235959Z') }), 'certificate_expired'],
    ['a time to come', certified({ notBefore: utcTime('260116000000Z') }), 'certificate_not_yet_valid'],
    ['another authority', certified({ signer: akOf('ECDSA', 0x63) }), 'signature_invalid'],
  ])('refuses a certificate of %s', async (_, report, got) => {
    const failed = await broken(report);
    expect(Object.keys(failed)).toEqual([rule]);
    expect(failed[rule]).toMatch(new RegExp(`^${got}: `));
  });

  test('refuses a certificate that is not one', async () => {
    const identity = { ...certificateIdentity('ECDSA'), chain: ['AAAA'] };
    expect((await broken(tpmReport({ identity })))[rule]).toMatch(/^malformed: /);
  });

  test('takes an activated key that policy names, and no other', async () => {
    const report = tpmReport({ identity: activatedIdentity('ECDSA') });
    const name = akName(publicArea('ECDSA'));
    expect(await broken(report, { values: tpmReferenceValues({ activated: [name] }) })).toEqual({});
    expect(await broken(report)).toEqual({ [rule]: name });
    expect(await broken(report, { values: null })).toHaveProperty([rule]);
  });

  test('refuses an activated key of other attributes: they are in its name', async () => {
    const values = tpmReferenceValues({ activated: [akName(publicArea('ECDSA'))] });
    const identity = activatedIdentity('ECDSA', { attributes: AK_ATTRIBUTES | (1 << 10) });
    expect(await broken(tpmReport({ identity }), { values })).toHaveProperty([rule]);
  });
});
