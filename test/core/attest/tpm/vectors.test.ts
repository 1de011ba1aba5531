import { existsSync, readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseTpm } from '../../../../src/core/attest/tpm/appraise.ts';
import type { TpmReferenceValues } from '../../../../src/core/attest/tpm/reference-values.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { pcrsOfValues, tpmtSignatureOf } from '../../../../src/core/attest/tpm/signature-forms.ts';
import { parseTpm2bPublic } from '../../../../src/core/attest/tpm/tpm2b-public.ts';
import { parseTpmsAttest } from '../../../../src/core/attest/tpm/tpms-attest.ts';
import { parseTpmtSignature } from '../../../../src/core/attest/tpm/tpmt-signature.ts';
import { concat, fromBase64, fromHex, toBase64url, toHex } from '../../../../src/core/bytes.ts';
import {
  claimBy,
  issuedBy,
  parseCertificate,
  parseSubjectPublicKeyInfo,
} from '../../../../src/core/x509/certificate.ts';
import { verifyPath } from '../../../../src/core/x509/path.ts';
import { derOfPem } from '../../../../src/core/x509/pem.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { vectorPath } from '../../../vectors.ts';

/** Quotes of real and emulated TPMs; SOURCES.md beside them says what each must show. */

const read = (name: string): Uint8Array => new Uint8Array(readFileSync(vectorPath('tpm', name)));
const text = (name: string): string => readFileSync(vectorPath('tpm', name), 'utf8');
const pem = (name: string, label = 'CERTIFICATE'): Uint8Array => derOfPem(text(name), label)[0] ?? new Uint8Array();
/** Skips, visibly, where one of the files is not there: some are kept back for others. */
const withFiles = (...names: string[]) =>
  names.every((name) => existsSync(vectorPath('tpm', name))) ? test : test.skip;

const INSTANT_MS = Date.parse('2026-11-23T00:00:00Z');
const NONCE = '7f3c1d0e5a6b48c2917e4d5f60718293a4b5c6d7e8f90112233445566778899a';
const QUALIFIED_SIGNER = '000b003a7be7f22333816a519351b248b67581a8bc4fea2daa9488edb2b965f84ae3';
const AK_NAME = '000b266d15e78da4b4422a907742b36ef81fa9babd536d95e4c66819d8802404d92a';
const INDICES = [0, 1, 2, 3, 4, 5, 6, 7, 10, 23];
const PCR_DIGEST = '4390553354fb4404bfd58e82059ae98a54e6f7e704aec4b34f92ec3b9e261603';
const PCR10 = '1b1fbbe0ad9f7668c02d27bae05f3d9aec65b8557e92beed5ab5aff190d9e1e0';
const PCR23 = '740e64dfe0e826742fd6d110d7c00d86bdf8180b9e78e70d299bd9b4362298bd';

/** What SOURCES.md says the emulated TPM's PCRs are. */
const PCRS = INDICES.map((index) => ({
  index,
  value: index === 10 ? PCR10 : index === 23 ? PCR23 : '00'.repeat(32),
}));

const values = (changes: Partial<TpmReferenceValues> = {}): TpmReferenceValues => ({
  platform: 'tpm',
  alone: true,
  anchors: [toBase64url(pem('swtpm-ak-ca.pem'))],
  // Its certificate is of version 1, which says nothing of purposes.
  akPurposes: ['none'],
  activated: [],
  images: [{ name: 'SOURCES.md', pcrs: PCRS.filter(({ index }) => [0, 10, 23].includes(index)) }],
  firmware: ['2019102300163636'],
  paravisor: null,
  ...changes,
});

const certified = (): TpmReport['identity'] => ({
  kind: 'certificate',
  key: toBase64url(read('swtpm-ak.tpm2b_public')),
  chain: [toBase64url(pem('swtpm-ak.cert.pem'))],
});

const reportOf = (attest: Uint8Array, signature: Uint8Array, changes: Partial<TpmReport> = {}): TpmReport => ({
  platform: 'tpm',
  attest: toBase64url(attest),
  signature: toBase64url(signature),
  pcrs: PCRS,
  identity: certified(),
  ...changes,
});

const reach = (report: TpmReport, referenceValues: TpmReferenceValues | null, expectedData = fromHex(NONCE)) =>
  appraiseTpm({
    report,
    expectedData,
    endorsements: NO_ENDORSEMENTS,
    referenceValues,
    instantMs: INSTANT_MS,
    verify: verifyNode,
  });

async function broken(...given: Parameters<typeof reach>): Promise<string[]> {
  const { rules } = await reach(...given);
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

describe('the emulated TPM', () => {
  withFiles('swtpm-quote.tpms_attest', 'swtpm-nonce.hex')('quotes what SOURCES.md says', () => {
    const quote = parseTpmsAttest(read('swtpm-quote.tpms_attest'));
    expect(quote).toEqual({
      qualifiedSigner: QUALIFIED_SIGNER,
      extraData: NONCE,
      clockMs: 2789n,
      resetCount: 2,
      restartCount: 0,
      safe: true,
      firmware: '2019102300163636',
      selections: [{ bank: 'sha256', indices: INDICES }],
      pcrDigest: PCR_DIGEST,
    });
    expect(text('swtpm-nonce.hex').trim()).toBe(NONCE);
  });

  withFiles('swtpm-quote.pcrvalues')('has the PCRs that SOURCES.md says', () => {
    expect(pcrsOfValues(read('swtpm-quote.pcrvalues'), INDICES)).toEqual(PCRS);
  });

  withFiles('swtpm-ak.tpm2b_public', 'swtpm-ak.pub.pem')('has the AK that SOURCES.md says', () => {
    const { name, attributes, key } = parseTpm2bPublic(read('swtpm-ak.tpm2b_public'));
    expect(name).toBe(AK_NAME);
    expect(attributes.toSorted()).toEqual(
      ['fixedParent', 'fixedTPM', 'restricted', 'sensitiveDataOrigin', 'sign', 'userWithAuth'].toSorted(),
    );
    expect(parseSubjectPublicKeyInfo(pem('swtpm-ak.pub.pem', 'PUBLIC KEY'))).toEqual(key);
  });

  withFiles('swtpm-ek.tpm2b_public', 'swtpm-ek-rsa.cert.der')(
    'has the EK of its certificate, and the AK under it',
    () => {
      const { name, attributes, key } = parseTpm2bPublic(read('swtpm-ek.tpm2b_public'));
      expect(parseCertificate(read('swtpm-ek-rsa.cert.der')).key).toEqual(key);
      expect(attributes).toContain('decrypt');
      // QN(EK) = 000b ‖ SHA-256(endorsement hierarchy ‖ name), QN(AK) likewise below it.
      const endorsement = sha256(concat(fromHex('4000000b'), fromHex(name)));
      const qualified = sha256(concat(fromHex('000b'), endorsement, fromHex(AK_NAME)));
      expect(`000b${toHex(qualified)}`).toBe(QUALIFIED_SIGNER);
    },
  );

  withFiles(
    'swtpm-ek-rsa.cert.der',
    'swtpm-ek-ecc384.cert.der',
    'swtpm-ek-ca-issuer.pem',
    'swtpm-ek-ca-root.pem',
  )('has EK certificates that chain to their authority', async () => {
    const issuer = parseCertificate(pem('swtpm-ek-ca-issuer.pem'));
    const anchors = [parseCertificate(pem('swtpm-ek-ca-root.pem'))];
    for (const name of ['swtpm-ek-rsa.cert.der', 'swtpm-ek-ecc384.cert.der']) {
      const chain = [parseCertificate(read(name)), issuer];
      const given = { chain, anchors, instantMs: INSTANT_MS, verify: verifyNode };
      // The critical name is of the TPM's model.
      expect(await verifyPath({ ...given, understood: ['2.5.29.17'] })).toHaveLength(3);
      await expect(verifyPath(given)).rejects.toMatchObject({ code: 'certificate_usage' });
    }
    expect(() => verifyNode(issuedBy(issuer, issuer.key, 'issuer'))).toThrow();
  });

  withFiles('swtpm-quote.tpms_attest', 'swtpm-quote.tpmt_signature')('passes by its AK certificate', async () => {
    const report = reportOf(read('swtpm-quote.tpms_attest'), read('swtpm-quote.tpmt_signature'));
    const { label, rules } = await reach(report, values());
    expect(rules.filter(({ pass }) => !pass)).toEqual([]);
    expect(label).toBe('tpm-266d15e78da4b442');
  });

  withFiles('swtpm-quote.tpms_attest')('passes by an activation that policy names', async () => {
    const identity = { kind: 'activated', key: toBase64url(read('swtpm-ak.tpm2b_public')) } as const;
    const report = reportOf(read('swtpm-quote.tpms_attest'), read('swtpm-quote.tpmt_signature'), { identity });
    expect(await broken(report, values({ anchors: [], activated: [AK_NAME] }))).toEqual([]);
    expect(await broken(report, values({ anchors: [] }))).toEqual(['tpm.key-certified']);
  });

  withFiles('swtpm-quote.tpms_attest')('is refused under another authority, and with another nonce', async () => {
    const report = reportOf(read('swtpm-quote.tpms_attest'), read('swtpm-quote.tpmt_signature'));
    const other = toBase64url(pem('swtpm-ek-ca-root.pem'));
    expect(await broken(report, values({ anchors: [other] }))).toEqual(['tpm.key-certified']);
    expect(await broken(report, values(), fromHex(NONCE).with(31, 0))).toEqual(['tpm.extra-data']);
  });

  withFiles('swtpm-quote-der.tpms_attest', 'swtpm-quote-der.ecdsa-der')(
    'passes with its signature in DER',
    async () => {
      const { key } = parseTpm2bPublic(read('swtpm-ak.tpm2b_public'));
      const attest = read('swtpm-quote-der.tpms_attest');
      const signature = tpmtSignatureOf({ raw: read('swtpm-quote-der.ecdsa-der'), key });
      expect(await broken(reportOf(attest, signature), values())).toEqual([]);
    },
  );

  const rsa = ['tpms_attest', 'rsassa', 'pcrvalues'].map((end) => `swtpm-quote-rsa.${end}`);
  withFiles(...rsa, 'swtpm-ak-rsa.pub.pem')('signs with RSASSA, and is refused without a certificate', async () => {
    const spki = pem('swtpm-ak-rsa.pub.pem', 'PUBLIC KEY');
    const key = parseSubjectPublicKeyInfo(spki);
    const signature = tpmtSignatureOf({ raw: read('swtpm-quote-rsa.rsassa'), key });
    const pcrs = pcrsOfValues(read('swtpm-quote-rsa.pcrvalues'), [0, 7, 10, 23]);
    const identity = { kind: 'self-asserted', key: toBase64url(spki) } as const;
    const report = reportOf(read('swtpm-quote-rsa.tpms_attest'), signature, { pcrs, identity });
    const { claims } = await reach(report, values());
    expect(claims['tpm.pcr-digest']).toBe('a14425d37c519c4737282befff0848a887086a700e864ac577f1731db47b92f2');
    expect(await broken(report, values())).toEqual(['tpm.key-certified', 'tpm.key-attributes']);
  });
});

describe('a TPM of somebody else', () => {
  withFiles('bare-ak-no-cert.json')('is refused where nothing ties its AK to a TPM', async () => {
    const { ak_public, tpm_quote } = JSON.parse(text('bare-ak-no-cert.json'));
    const attest = fromBase64(tpm_quote.message);
    const pcrs = tpm_quote.pcrs.map((value: string, index: number) => ({ index, value }));
    const identity = { kind: 'self-asserted', key: toBase64url(fromBase64(ak_public)) } as const;
    const report = reportOf(attest, fromBase64(tpm_quote.signature), { pcrs, identity });
    const nonce = fromHex(parseTpmsAttest(attest).extraData);
    const failed = ['tpm.key-certified', 'tpm.key-attributes'];
    expect(await broken(report, null, nonce)).toEqual(failed);
    const images = [{ name: 'PCR 0', pcrs: [{ index: 0, value: '00'.repeat(32) }] }];
    expect(await broken(report, values({ images, firmware: null }), nonce)).toEqual(failed);
    const { rules } = await reach(report, null, nonce);
    expect(rules.find(({ rule }) => rule === 'tpm.key-certified')?.got).toBe('nothing ties the AK to a TPM');
  });

  withFiles('bad-gcp-sha1-emptynonce.json')('is refused for SHA-1', () => {
    // At any place in the file: a TPMT_SIGNATURE of RSASSA with SHA-1.
    const strings =
      JSON.stringify(JSON.parse(text('bad-gcp-sha1-emptynonce.json'))).match(/"[A-Za-z0-9+/=]{300,}"/g) ?? [];
    const signatures = strings
      .map((quoted) => fromBase64(quoted.slice(1, -1)))
      .filter((bytes) => toHex(bytes.subarray(0, 4)) === '00140004');
    expect(signatures.length).toBeGreaterThan(0);
    for (const bytes of signatures) {
      expect(() => parseTpmtSignature(bytes)).toThrow(expect.objectContaining({ code: 'unsupported_algorithm' }));
    }
  });
});

describe('every flipped byte of the emulated TPM', () => {
  withFiles('swtpm-quote.tpms_attest', 'swtpm-quote.tpmt_signature')('is refused', () => {
    const { key } = parseTpm2bPublic(read('swtpm-ak.tpm2b_public'));
    const [attest, signature] = [read('swtpm-quote.tpms_attest'), read('swtpm-quote.tpmt_signature')];
    const check = (message: Uint8Array, signed: Uint8Array) => {
      parseTpmsAttest(message);
      const { signature, algorithms } = parseTpmtSignature(signed);
      const [algorithm = 'ES256'] = algorithms;
      verifyNode(claimBy(key, { algorithm, signature, message }, 'quote'));
    };
    check(attest, signature);
    for (let i = 0; i < attest.length; i++) {
      expect(() => check(attest.with(i, (attest[i] ?? 0) ^ 1), signature)).toThrow();
    }
    for (let i = 0; i < signature.length; i++) {
      expect(() => check(attest, signature.with(i, (signature[i] ?? 0) ^ 1))).toThrow();
    }
  });
});
