import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Authenticator } from '../../../client/custodian/authenticator.ts';
import {
  SoftwareAuthenticator,
  type SoftwareAuthenticatorOptions,
} from '../../../client/custodian/software-authenticator.ts';
import { fromBase64url, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes } from '../../../src/core/canonical.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { ed25519KeyText } from '../../../src/core/signature/key-text.ts';
import { verifyReference } from '../../../src/core/signature/reference.ts';
import type { RegistrationRequirement } from '../../../src/core/webauthn/attestation.ts';
import {
  checkEnrolment,
  type Enrolment,
  MAX_ENROLMENT_BYTES,
  parseEnrolment,
} from '../../../src/core/webauthn/enrolment.ts';
import { seededRandom } from '../seeded-random.ts';
import { RP_ID } from './assertion-kit.ts';
import { AT_MS, BATCH, BATCH_KEY, ISSUER, MODEL, ROOT } from './attestation-kit.ts';
import { enrol } from './enrolment-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const authenticator = (options: Partial<SoftwareAuthenticatorOptions> = {}) =>
  new SoftwareAuthenticator({ rpId: RP_ID, random: seededRandom('enrolment'), ...options });

/** Down to the signatures. */
function verify(document: Enrolment, requirement: RegistrationRequirement = { kind: 'any' }) {
  const checked = checkEnrolment(document, requirement);
  for (const claim of checked.claims) verifyReference(claim);
  return checked;
}

const document = await enrol(authenticator());
const other = await enrol(authenticator({ random: seededRandom('another authenticator') }));

describe('an enrolment document', () => {
  test('gives the credential and the keys that its authenticator signed', async () => {
    const checked = verify(document);
    expect(checked.credential).toMatchObject({ id: document.credential, algorithm: 'ES256' });
    expect(toBase64url(checked.kem)).toBe(document.kem);
    expect(ed25519KeyText(checked.signing)).toBe(document.signing);
    expect(checked.claims).toHaveLength(2);
    const attestation = { kind: 'x5c', privateKey: BATCH_KEY.privateKey, certificates: [BATCH, ISSUER] } as const;
    const certified = await enrol(authenticator({ algorithm: 'Ed25519', aaguid: MODEL, attestation }));
    const requirement = { kind: 'attested', aaguids: [MODEL], roots: [ROOT], atMs: AT_MS } as const;
    expect(verify(certified, requirement).credential).toMatchObject({ algorithm: 'Ed25519', aaguid: MODEL });
  });

  test('of a software authenticator is refused by a production vault', () => {
    const requirement = { kind: 'attested', aaguids: [MODEL], roots: [ROOT], atMs: AT_MS } as const;
    expect(() => checkEnrolment(document, requirement)).toThrow(code('authenticator_unattested'));
  });

  test.each<[string, Partial<Enrolment>, string]>([
    ['the KEM key', { kem: other.kem }, 'wrong_challenge'],
    ['the signing key', { signing: other.signing }, 'wrong_challenge'],
    ['the key epoch', { keyEpoch: 2 }, 'wrong_challenge'],
    ['the name', { name: 'YubiKey black' }, 'wrong_challenge'],
    ['the person', { person: '0'.repeat(32) }, 'wrong_challenge'],
    ['the vault', { vault: '1'.repeat(64) }, 'wrong_challenge'],
    ['the invitation', { invitation: '1'.repeat(64) }, 'wrong_challenge'],
    ['the RP ID', { rpId: 'tl-fedcba9876543210.localhost' }, 'wrong_origin'],
    ['the credential', { credential: other.credential }, 'binding_mismatch'],
    ['the public key', { publicKey: other.publicKey }, 'binding_mismatch'],
    ['the attestation', { attestation: other.attestation }, 'binding_mismatch'],
    ['the binding', { binding: other.binding }, 'wrong_challenge'],
  ])('with another value of %s is refused', (_, change, expected) => {
    expect(() => checkEnrolment({ ...document, ...change }, { kind: 'any' })).toThrow(code(expected));
  });

  test('with a binding signed by another credential is refused by its signature', async () => {
    const { credential, publicKey, attestation } = other;
    expect(() => verify({ ...document, binding: { ...document.binding, signature: other.binding.signature } })).toThrow(
      code('signature_invalid'),
    );
    expect(() => verify({ ...document, credential, publicKey, attestation })).toThrow(code('wrong_challenge'));
  });

  test.each(['userPresent', 'userVerified'] as const)('whose binding is not %s is refused', async (flag) => {
    const device = authenticator();
    const careless: Authenticator = {
      rpId: RP_ID,
      enrol: (request) => device.enrol(request),
      touch: (request) => authenticator({ credentials: device.credentials, flags: { [flag]: false } }).touch(request),
    };
    const expected = flag === 'userPresent' ? 'user_absent' : 'user_unverified';
    const document = await enrol(careless);
    expect(() => checkEnrolment(document, { kind: 'any' })).toThrow(code(expected));
  });

  test('with keys that cannot be used is refused', () => {
    const kem = toBase64url(new Uint8Array(1216).fill(0xff));
    expect(() => checkEnrolment({ ...document, kem }, { kind: 'any' })).toThrow(code('invalid_key'));
    const signing = ed25519KeyText(ed25519.Point.ZERO.toBytes());
    expect(() => checkEnrolment({ ...document, signing }, { kind: 'any' })).toThrow(code('invalid_key'));
  });
});

describe('parsing an enrolment document', () => {
  const bytes = canonicalBytes(document);

  test('gives back what was written', () => {
    expect(parseEnrolment(bytes)).toEqual(document);
    const hex = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);
    const base64url = (minLength: number, maxLength: number) =>
      fc.uint8Array({ minLength, maxLength }).map(toBase64url);
    const any = fc.record({
      v: fc.constant(1 as const),
      kind: fc.constant('enrolment' as const),
      person: hex(16),
      rpId: fc.stringMatching(/^[a-z0-9]{16}$/).map((random) => `tl-${random}.localhost`),
      name: fc.stringMatching(/^[a-z0-9]{1,64}$/),
      credential: base64url(1, 1023),
      publicKey: base64url(1, 77),
      attestation: fc.record({ object: base64url(1, 3000), clientDataJSON: base64url(1, 300) }),
      keyEpoch: fc.integer({ min: 1, max: 0xffff_ffff }),
      kem: base64url(1216, 1216),
      signing: base64url(32, 32).map((key) => `ed25519:${key}`),
      vault: hex(32),
      invitation: hex(32),
      binding: fc.record({
        authenticatorData: base64url(37, 300),
        clientDataJSON: base64url(1, 300),
        signature: base64url(8, 72),
      }),
    });
    fc.assert(
      fc.property(any, (value) => {
        expect(parseEnrolment(canonicalBytes(value))).toEqual(value);
      }),
      { numRuns: 50 },
    );
  });

  test('refuses every truncation', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => parseEnrolment(bytes.subarray(0, length)), `${length} bytes`).toThrow(code('malformed'));
    }
  });

  test('refuses any flipped byte, at the latest by a signature', () => {
    for (let i = 0; i < bytes.length; i += 7) {
      const flipped = bytes.slice();
      flipped[i] = (flipped[i] ?? 0) ^ 0x01;
      expect(() => verify(parseEnrolment(flipped)), `byte ${i}`).toThrow(TwinlockError);
    }
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['another version', { v: 2 }],
    ['another kind', { kind: 'enrollment' }],
    ['an unknown member', { comment: '' }],
    ['a missing member', { signing: undefined }],
    ['a key epoch of 0', { keyEpoch: 0 }],
    ['a key epoch of 33 bits', { keyEpoch: 2 ** 32 }],
    ['no name', { name: '' }],
    ['a name of 65 characters', { name: 'a'.repeat(65) }],
    ['a name that passes for a remark', { name: 'blue” (retired)' }],
    ['a KEM key that is cut short', { kem: toBase64url(fromBase64url(document.kem).subarray(1)) }],
    ['padded base64', { credential: 'AA==' }],
    ['base64url with stray bits', { credential: 'AB' }],
    ['no credential', { credential: '' }],
    ['a credential of 1024 bytes', { credential: toBase64url(new Uint8Array(1024)) }],
    ['a digest in capitals', { vault: 'A'.repeat(64) }],
    ['a person of 32 bytes', { person: '0'.repeat(64) }],
    ['an RP ID that the network can answer for', { rpId: 'vault.example.com' }],
    ['a signing key without its algorithm', { signing: document.signing.slice(8) }],
    ['another member in the binding', { binding: { ...document.binding, prf: 'AA' } }],
    ['another member in the attestation', { attestation: { ...document.attestation, id: 'AA' } }],
  ])('refuses %s', (_, change) => {
    expect(() => parseEnrolment(canonicalBytes({ ...document, ...change }))).toThrow(code('malformed'));
  });

  test('refuses what is not canonical, and what is too large', () => {
    expect(() => parseEnrolment(utf8(JSON.stringify(document, null, 1)))).toThrow(code('not_canonical'));
    const twice = new TextDecoder().decode(bytes).replace('{', '{"attestation":{},');
    expect(() => parseEnrolment(utf8(twice))).toThrow(code('not_canonical'));
    expect(() => parseEnrolment(new Uint8Array(MAX_ENROLMENT_BYTES + 1))).toThrow(code('too_large'));
  });
});
