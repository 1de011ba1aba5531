import { describe, expect, test } from 'vitest';
import { parseQeIdentity, parseTcbInfo, requireCurrent } from '../../../../src/core/attest/tdx/collateral.ts';
import { tdxEndorsementsOfPcs } from '../../../../src/core/attest/tdx/collateral-json.ts';
import { fromBase64url, toBase64, toHex, utf8 } from '../../../../src/core/bytes.ts';
import {
  enclaveLevelJson,
  makeTdxEndorsements,
  platformLevelJson,
  QE_IDENTITY,
  TCB_INFO,
} from '../../../platforms/tdx.ts';
import { pem } from '../../x509/certificate-kit.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const tcbInfo = (changes: object = {}) => JSON.stringify({ ...TCB_INFO, ...changes });
const qeIdentity = (changes: object = {}) => JSON.stringify({ ...QE_IDENTITY, ...changes });
const level = TCB_INFO.tcbLevels[0] ?? platformLevelJson([], 0, [], 'UpToDate');

describe('TCB info', () => {
  test('is read with hexadecimal of either case', () => {
    const info = parseTcbInfo(tcbInfo());
    expect(info).toMatchObject({ fmspc: '90c06f000000', pceId: '0000', tcbEvaluationDataNumber: 18 });
    expect(info.tcbLevels[1]).toMatchObject({
      status: 'OutOfDate',
      pceSvn: 13,
      advisories: ['INTEL-SA-00002', 'INTEL-SA-00001'],
    });
    expect(info.tcbLevels[0]?.tdxComponents).toEqual([5, 0, 3, ...new Array(13).fill(0)]);
    expect(info.tdxModuleIdentities[0]?.attributesMask).toBe('ffffffffffffffff');
  });

  test('may name no module, and have members that Intel adds', () => {
    const { tdxModuleIdentities: _, ...older } = TCB_INFO;
    const info = parseTcbInfo(JSON.stringify({ ...older, added: { later: true } }));
    expect(info.tdxModuleIdentities).toEqual([]);
  });

  test.each([
    ['of SGX', { id: 'SGX' }],
    ['of version 2', { version: 2 }],
    ['of another kind of TCB', { tcbType: 1 }],
    ['with an FMSPC of 5 bytes', { fmspc: '90c06f0000' }],
    ['without a module', { tdxModule: undefined }],
    ['without a next update', { nextUpdate: undefined }],
    ['with a date of no calendar', { issueDate: '2025-02-30T00:00:00Z' }],
    ['with a date in another zone', { issueDate: '2025-02-03T00:00:00+01:00' }],
    ['with a status that is not known', { tcbLevels: [{ ...level, tcbStatus: 'Fine' }] }],
    ['with a level without an SVN', { tcbLevels: [{ ...level, tcb: { ...level.tcb, pcesvn: undefined } }] }],
    ['with fifteen components', { tcbLevels: [{ ...level, tcb: { ...level.tcb, tdxtcbcomponents: [{ svn: 1 }] } }] }],
    ['with a negative SVN', { tcbLevels: [platformLevelJson([-1], 13, [5], 'UpToDate')] }],
    ['with an SVN that is no integer', { tcbLevels: [platformLevelJson([1.5], 13, [5], 'UpToDate')] }],
    ['with more levels than Intel publishes', { tcbLevels: new Array(65).fill(level) }],
  ])('%s is refused', (_, changes) => {
    expect(() => parseTcbInfo(tcbInfo(changes))).toThrow(code('malformed'));
  });

  test('with a member twice is refused: parsers disagree which one counts', () => {
    const twice = tcbInfo().replace('{', '{"fmspc":"000000000000",');
    expect(() => parseTcbInfo(twice)).toThrow(code('malformed'));
  });

  test('that is no JSON, or cut short, is refused', () => {
    const text = tcbInfo();
    for (let length = 0; length < text.length; length += 7) {
      expect(() => parseTcbInfo(text.slice(0, length))).toThrow(code('malformed'));
    }
  });
});

describe('a QE identity', () => {
  test('is read', () => {
    expect(parseQeIdentity(qeIdentity())).toMatchObject({ isvprodid: 2, mrsigner: 'dc'.repeat(32) });
  });

  test.each([
    ['of the SGX quoting enclave', { id: 'QE' }],
    ['of version 3', { version: 3 }],
    ['with a mask of 8 bytes', { attributesMask: 'FBFFFFFFFFFFFFFF' }],
    ['with a level without an SVN', { tcbLevels: [{ ...enclaveLevelJson(1, 'UpToDate'), tcb: {} }] }],
    ['without levels', { tcbLevels: undefined }],
  ])('%s is refused', (_, changes) => {
    expect(() => parseQeIdentity(qeIdentity(changes))).toThrow(code('malformed'));
  });
});

describe('the dates of a document', () => {
  const dated = { issueDate: 1_000_000, nextUpdate: 2_000_000 };
  const at = (instantMs: number, graceMs = 0) => requireCurrent(dated, { instantMs, graceMs }, 'the TCB info');

  test('hold from its issue until its next update, both included', () => {
    expect(at(1_000_000)).toBe('1970-01-01T00:16:40Z to 1970-01-01T00:33:20Z');
    expect(at(2_000_000)).toBe(at(1_000_000));
  });

  test('do not hold before it was issued', () => {
    expect(() => at(999_999, 5000)).toThrow(code('endorsement_stale'));
  });

  test('do not hold after the next update and the grace, and say which and since when', () => {
    expect(() => at(2_000_001)).toThrow(code('endorsement_stale'));
    expect(() => at(2_000_001)).toThrow('the TCB info is out of date since 1970-01-01T00:33:20Z');
    expect(at(2_005_000, 5000)).toBe(at(2_000_000));
    expect(() => at(2_005_001, 5000)).toThrow(/by more than 5000 ms/);
  });
});

describe('a collateral file', () => {
  const endorsements = makeTdxEndorsements();
  const hexOf = (text: string) => toHex(fromBase64url(text));
  const chain = endorsements.tcbInfoChain.map((der) => pem('CERTIFICATE', fromBase64url(der))).join('');
  const file = {
    pck_crl_issuer_chain: 'not needed',
    root_ca_crl: hexOf(endorsements.rootCaCrl),
    pck_crl: hexOf(endorsements.pckCrl).toUpperCase(),
    tcb_info_issuer_chain: chain,
    tcb_info: endorsements.tcbInfo,
    tcb_info_signature: hexOf(endorsements.tcbInfoSignature),
    qe_identity_issuer_chain: chain,
    qe_identity: endorsements.qeIdentity,
    qe_identity_signature: hexOf(endorsements.qeIdentitySignature),
  };
  const read = (changes: object = {}) => tdxEndorsementsOfPcs(JSON.stringify({ ...file, ...changes }));

  test('gives endorsements, the signed texts untouched', () => {
    expect(read()).toEqual(endorsements);
  });

  test.each<[string, object]>([
    ['lists in PEM', { pck_crl: pem('X509 CRL', fromBase64url(endorsements.pckCrl)) }],
    ['lists in base64', { root_ca_crl: toBase64(fromBase64url(endorsements.rootCaCrl)) }],
    ['lists as the numbers of their bytes', { pck_crl: [...fromBase64url(endorsements.pckCrl)] }],
    ['lists as the numbers of text', { pck_crl: [...utf8(pem('X509 CRL', fromBase64url(endorsements.pckCrl)))] }],
    ['lists as the numbers of hexadecimal with a zero', { root_ca_crl: [...utf8(`${file.root_ca_crl}\0`)] }],
    ['chains as a header of HTTP', { tcb_info_issuer_chain: encodeURIComponent(chain) }],
    [
      'signed texts with the zero of a C string',
      { tcb_info: `${file.tcb_info}\0`, qe_identity: `${file.qe_identity}\0` },
    ],
    ['chains with the zero of a C string', { qe_identity_issuer_chain: `${chain}\0` }],
  ])('may have %s', (_, changes) => {
    expect(read(changes)).toEqual(endorsements);
  });

  const none = { root_ca_crl: undefined, pck_crl: null };
  const noInfo = { tcb_info: null, tcb_info_signature: undefined, tcb_info_issuer_chain: undefined };
  const noIdentity = { qe_identity: undefined, qe_identity_signature: null, qe_identity_issuer_chain: null };

  test.each<[string, object, object]>([
    ['root_ca_crl', { root_ca_crl: undefined }, { rootCaCrl: null }],
    ['root_ca_crl, which is null', { root_ca_crl: null }, { rootCaCrl: null }],
    ['pck_crl', { pck_crl: undefined }, { pckCrl: null }],
    ['TCB info', noInfo, { tcbInfo: null, tcbInfoSignature: null, tcbInfoChain: null }],
    ['QE identity', noIdentity, { qeIdentity: null, qeIdentitySignature: null, qeIdentityChain: null }],
  ])('without %s has all the rest', (_, changes, missing) => {
    expect(read(changes)).toEqual({ ...endorsements, ...missing });
  });

  const signed = Object.keys(file).filter((member) => /^(?:tcb_info|qe_identity)/.test(member));
  test.each(signed)('without %s, and with what belongs to it, is refused', (member) => {
    expect(() => read({ [member]: undefined })).toThrow(code('malformed'));
  });

  test('without any part is refused', () => {
    expect(() => read({ ...none, ...noInfo, ...noIdentity })).toThrow(code('malformed'));
  });

  test.each([
    ['a list that is in no form', { pck_crl: 'xx' }],
    ['two lists in one', { pck_crl: pem('X509 CRL', fromBase64url(endorsements.pckCrl)).repeat(2) }],
    ['a list of numbers that are no bytes', { pck_crl: [0x30, 256] }],
    ['an empty list', { root_ca_crl: '' }],
    ['a signature of 63 bytes', { tcb_info_signature: '00'.repeat(63) }],
    ['a chain that is not PEM', { qe_identity_issuer_chain: 'none' }],
    ['a chain of four', { tcb_info_issuer_chain: chain + chain }],
  ])('with %s is refused', (_, changes) => {
    expect(() => read(changes)).toThrow(code('malformed'));
  });

  test.each([
    ['tcb_info', 'tcbInfo', endorsements.tcbInfo],
    ['qe_identity', 'enclaveIdentity', endorsements.qeIdentity],
  ])('with Intel’s whole answer as its %s is told that the signature stands beside it', (name, member, text) => {
    for (const answer of [`{"${member}":${text},"signature":"00"}`, ` {\n "${member}" : ${text}}`]) {
      const error = expect.objectContaining({
        code: 'malformed',
        message: `collateral: ${name}: expected the member ${member} of Intel's answer as it was signed, and its signature in ${name}_signature, got the whole answer`,
      });
      expect(() => read({ [name]: answer })).toThrow(error);
    }
  });

  test('that is larger than any is refused', () => {
    expect(() => tdxEndorsementsOfPcs(' '.repeat(512 * 1024 + 1))).toThrow(code('too_large'));
  });
});
