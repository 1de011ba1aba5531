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
  oid,
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

  test('takes a certificate of version 1, as some authorities write them', async () => {
    expect(await broken(certified({ version: null, extensions: [] }))).toEqual({});
  });

  test('takes a critical purpose and a critical name of the TPM', async () => {
    const extensions = [
      extension('2.5.29.37', tlv(0x30, oid(AK_PURPOSE)), true),
      extension('2.5.29.17', tlv(0x30), true),
    ];
    expect(await broken(certified({ extensions }))).toEqual({});
  });

  test.each([
    ['another key', certified({}, akOf('ECDSA', 0x62)), 'certificate_untrusted'],
    ['an authority', certified({ extensions: [basicConstraints(true)] }), 'certificate_usage'],
    ['a key that may not sign', certified({ extensions: [keyUsage(2)] }), 'certificate_usage'],
    ['another purpose', certified({ extensions: [extendedKeyUsage('2.23.133.8.1')] }), 'certificate_usage'],
    [
      'a critical extension that nobody knows',
      certified({ extensions: [extension('1.2.3.4', tlv(0x05), true)] }),
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
