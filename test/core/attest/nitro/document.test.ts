import { encodeCBOR } from '@levischuck/tiny-cbor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCoseSign1 } from '../../../../src/core/attest/nitro/cose.ts';
import { parseAttestationDocument } from '../../../../src/core/attest/nitro/document.ts';
import { concat, fromHex, toHex, u8, utf8 } from '../../../../src/core/bytes.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import {
  ES384_HEADER,
  type Members,
  NITRO_DATA,
  NITRO_INSTANT_MS,
  NITRO_KEY,
  NITRO_MODULE,
  nitroChain,
  nitroDocument,
  nitroMembers,
  nitroPayload,
  nitroPcrs,
} from '../../../platforms/nitro.ts';
import { publicKeyOf } from '../../x509/certificate-kit.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const DOCUMENT = nitroDocument();
const PAYLOAD = nitroPayload();

/** Every beginning of the bytes, and the bytes with one more. */
function refusesEveryLength(bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): void {
  for (let length = 0; length < bytes.length; length++) {
    expect(() => parse(bytes.subarray(0, length))).toThrow(code('malformed'));
  }
  expect(() => parse(concat(bytes, u8(0)))).toThrow(code('malformed'));
}

describe('COSE_Sign1', () => {
  test('signs its context, protected header and payload, of every length of the head', () => {
    for (const length of [0, 1, 23, 24, 255, 256, 16_384]) {
      const payload = new Uint8Array(length).fill(1);
      const message = parseCoseSign1(nitroDocument({ payload }));
      const expected = encodeCBOR(['Signature1', ES384_HEADER, new Uint8Array(0), payload]);
      expect(toHex(message.signedBytes)).toBe(toHex(expected));
      expect(message.payload).toEqual(payload);
    }
  });

  test('is refused cut short anywhere, and with a byte after it', () => {
    refusesEveryLength(DOCUMENT, parseCoseSign1);
  });

  test('is refused with any byte flipped, by the parser or by the signature', () => {
    const isRefused = (bytes: Uint8Array): boolean => {
      try {
        const { signedBytes: message, signature } = parseCoseSign1(bytes);
        verifyNode({ kind: 'signature', algorithm: 'ES384', publicKey, message, signature, what: 'document' });
        return false;
      } catch (error) {
        expect(error).toMatchObject({ code: expect.any(String) });
        return true;
      }
    };
    const publicKey = publicKeyOf(NITRO_KEY);
    const document = nitroDocument({ payload: new Uint8Array(64).fill(7) });
    expect(isRefused(document)).toBe(false);
    const unnoticed = [...document.entries()].filter(
      ([at, byte]) => !isRefused(document.with(at, byte ^ (1 << (at % 8)))),
    );
    expect(unnoticed).toEqual([]);
  });

  test.each([
    ['with the tag of COSE_Sign1, which AWS does not write', concat(u8(0xd2), DOCUMENT)],
    ['of an indefinite length', concat(u8(0x9f), DOCUMENT.subarray(1), u8(0xff))],
    ['that is a map', encodeCBOR(new Map([[1, 2]]))],
    ['of three', encodeCBOR([ES384_HEADER, new Map(), PAYLOAD])],
    ['of five', encodeCBOR([ES384_HEADER, new Map(), PAYLOAD, new Uint8Array(96), 0])],
    ['with a header that nothing signs', nitroDocument({ unprotectedHeader: new Map([[4, 1]]) })],
    ['with an unprotected header of bytes', nitroDocument({ unprotectedHeader: new Uint8Array(0) })],
    ['with a payload elsewhere', encodeCBOR([ES384_HEADER, new Map(), null, new Uint8Array(96)])],
    ['with a signature of 95 bytes', nitroDocument({ signature: new Uint8Array(95) })],
    ['with a signature of 97 bytes', nitroDocument({ signature: new Uint8Array(97) })],
    ['with more in the protected header', nitroDocument({ protectedHeader: fromHex('a20138220401') })],
    ['with no algorithm', nitroDocument({ protectedHeader: fromHex('a0') })],
    ['with an empty protected header', nitroDocument({ protectedHeader: new Uint8Array(0) })],
    ['with the algorithm in a longer form', nitroDocument({ protectedHeader: fromHex('a101390022') })],
  ])('is refused %s', (_, bytes) => {
    expect(() => parseCoseSign1(bytes)).toThrow(code('malformed'));
  });

  test.each([
    ['ES256', 'a10126'],
    ['ES512', 'a1013823'],
    ['none', 'a101f6'],
    ['the name ES384', 'a1016545533338 34'.replace(' ', '')],
  ])('is refused of another algorithm: %s', (_, header) => {
    const bytes = nitroDocument({ protectedHeader: fromHex(header) });
    expect(() => parseCoseSign1(bytes)).toThrow(code('unsupported_algorithm'));
  });
});

const parsed = (changes: Members = {}) => parseAttestationDocument(nitroPayload(nitroMembers(changes)));

describe('the attestation document', () => {
  test('says what the hypervisor signed, in a map of either length', () => {
    const { certificate, cabundle } = nitroChain();
    for (const definite of [false, true]) {
      expect(parseAttestationDocument(nitroPayload(nitroMembers(), { definite }))).toEqual({
        moduleId: NITRO_MODULE,
        timestampMs: NITRO_INSTANT_MS,
        pcrs: nitroPcrs(),
        certificate,
        cabundle,
        publicKey: null,
        userData: NITRO_DATA,
        nonce: null,
      });
    }
  });

  test('is read as it was written, for every document', () => {
    const chosen = fc.option(fc.uint8Array({ maxLength: 1024 }));
    const pcrs = fc.uniqueArray(fc.tuple(fc.nat(23), fc.uint8Array({ minLength: 48, maxLength: 48 })), {
      selector: ([index]) => index,
      minLength: 1,
    });
    const module = fc.stringMatching(/^[a-z0-9]{1,20}(?:-[a-z0-9]{1,17}){0,2}$/);
    const timestamp = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 });
    fc.assert(
      fc.property(pcrs, module, timestamp, fc.tuple(chosen, chosen, chosen), (all, moduleId, timestampMs, given) => {
        const [publicKey, userData, nonce] = given;
        const document = parsed({
          nitrotpm_pcrs: new Map(all),
          module_id: moduleId,
          timestamp: timestampMs,
          public_key: publicKey,
          user_data: userData,
          nonce: nonce ?? undefined,
        });
        expect(document).toMatchObject({ moduleId, timestampMs, publicKey, userData, nonce });
        const expected = all.map(([index, value]) => ({ index, value: toHex(value) }));
        expect(document.pcrs).toEqual(expected.sort((a, b) => a.index - b.index));
      }),
    );
  });

  test('is refused cut short anywhere, and with a byte after it', () => {
    refusesEveryLength(PAYLOAD, parseAttestationDocument);
  });

  test.each(['module_id', 'digest', 'timestamp', 'nitrotpm_pcrs', 'certificate', 'cabundle'])(
    'is refused without %s, and where it is null',
    (name) => {
      expect(() => parsed({ [name]: undefined })).toThrow(code('malformed'));
      expect(() => parsed({ [name]: null })).toThrow(code('malformed'));
    },
  );

  const MEMBER = utf8('timestamp');
  test.each<[string, Members]>([
    ['the PCRs of an enclave', { nitrotpm_pcrs: undefined, pcrs: new Map([[0, new Uint8Array(48)]]) }],
    ['a member that no document has', { more: 1 }],
    ['an empty module id', { module_id: '' }],
    ['a module id of 57 characters', { module_id: 'i'.repeat(57) }],
    ['a module id that a terminal could obey', { module_id: 'i-0\u001b[2J' }],
    ['a module id in bytes', { module_id: MEMBER }],
    ['another digest', { digest: 'SHA256' }],
    ['a timestamp of 0', { timestamp: 0 }],
    ['a timestamp before 1970', { timestamp: -1 }],
    ['a timestamp in text', { timestamp: '1' }],
    ['no PCR', { nitrotpm_pcrs: new Map() }],
    ['a list of PCRs', { nitrotpm_pcrs: [new Uint8Array(48)] }],
    ['PCR 24', { nitrotpm_pcrs: new Map([[24, new Uint8Array(48)]]) }],
    ['PCR -1', { nitrotpm_pcrs: new Map([[-1, new Uint8Array(48)]]) }],
    ['a PCR by a name of text', { nitrotpm_pcrs: new Map([['0', new Uint8Array(48)]]) }],
    ['a PCR of the SHA-256 bank', { nitrotpm_pcrs: new Map([[0, new Uint8Array(32)]]) }],
    ['a PCR in text', { nitrotpm_pcrs: new Map([[0, 'f'.repeat(48)]]) }],
    ['an empty certificate', { certificate: new Uint8Array(0) }],
    ['a certificate of 1,025 bytes', { certificate: new Uint8Array(1025) }],
    ['an empty list of issuers', { cabundle: [] }],
    ['six issuers', { cabundle: Array.from({ length: 6 }, () => new Uint8Array(1)) }],
    ['an empty issuer', { cabundle: [new Uint8Array(0)] }],
    ['an issuer of 1,025 bytes', { cabundle: [new Uint8Array(1025)] }],
    ['an issuer in text', { cabundle: ['root'] }],
    ['user data of 1,025 bytes', { user_data: new Uint8Array(1025) }],
    ['user data in text', { user_data: 'data' }],
    ['a nonce of 1,025 bytes', { nonce: new Uint8Array(1025) }],
    ['a public key that is a number', { public_key: 1 }],
  ])('is refused with %s', (_, changes) => {
    expect(() => parsed(changes)).toThrow(code('malformed'));
  });

  test('is refused with a member or a PCR twice', () => {
    const [head, ...rest] = PAYLOAD;
    const twice = concat(u8(head ?? 0), encodeCBOR('digest'), encodeCBOR('SHA384'), Uint8Array.from(rest));
    expect(() => parseAttestationDocument(twice)).toThrow(code('malformed'));
    const pcrs = concat(
      u8(0xbf),
      ...[0, 0].flatMap((index) => [encodeCBOR(index), encodeCBOR(new Uint8Array(48))]),
      u8(0xff),
    );
    const members = nitroPayload(nitroMembers({ nitrotpm_pcrs: undefined }));
    const withPcrs = concat(members.subarray(0, -1), encodeCBOR('nitrotpm_pcrs'), pcrs, u8(0xff));
    expect(() => parseAttestationDocument(withPcrs)).toThrow(code('malformed'));
  });
});
