import { decodeCBOR, encodeCBOR } from '@levischuck/tiny-cbor';
import { describe, expect, test } from 'vitest';
import {
  type SoftwareAttestation,
  SoftwareAuthenticator,
  type SoftwareAuthenticatorOptions,
} from '../../../client/custodian/software-authenticator.ts';
import { concat, toHex, u8, ZERO_32 } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { verifyReference } from '../../../src/core/signature/reference.ts';
import { checkRegistration, type RegistrationToCheck } from '../../../src/core/webauthn/attestation.ts';
import { registerChallenge } from '../../../src/core/webauthn/challenge.ts';
import { seededRandom } from '../seeded-random.ts';
import { basicConstraints, extension, keyUsage, name, testKey, utcTime } from '../x509/certificate-kit.ts';
import { RP_ID } from './assertion-kit.ts';
import {
  AT_MS,
  aaguidExtension,
  BATCH,
  BATCH_KEY,
  ISSUER,
  MODEL,
  makeBatch,
  makeIssuer,
  makeRoot,
  ROOT,
  ROOT_KEY,
} from './attestation-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const zeros = toHex(ZERO_32);
const fields = { vault: zeros, invitation: zeros, person: zeros.slice(32) };
const attested = { kind: 'attested', aaguids: [MODEL], roots: [ROOT], atMs: AT_MS } as const;

async function register(options: Partial<SoftwareAuthenticatorOptions> = {}): Promise<RegistrationToCheck> {
  const authenticator = new SoftwareAuthenticator({ rpId: RP_ID, random: seededRandom('attestation'), ...options });
  const made = await authenticator.enrol({ ...fields, name: 'Ada', keyEpoch: 1, exclude: [] });
  return {
    attestationObject: made.attestation.object,
    clientDataJSON: made.attestation.clientDataJSON,
    challenge: registerChallenge(fields),
    rpId: RP_ID,
    credentialId: made.credential,
    publicKey: made.publicKey,
    requirement: { kind: 'any' },
  };
}

const x5c = (...certificates: Uint8Array[]) =>
  ({ kind: 'x5c', privateKey: BATCH_KEY.privateKey, certificates }) as const;
const production = async (options: Partial<SoftwareAuthenticatorOptions> = {}) => ({
  ...(await register({ aaguid: MODEL, attestation: x5c(BATCH, ISSUER), ...options })),
  requirement: attested,
});

/** Down to the signatures. */
function verify(registration: RegistrationToCheck) {
  const checked = checkRegistration(registration);
  for (const claim of checked.claims) verifyReference(claim);
  return checked;
}

/** With members of the attestation object or its statement replaced. */
function altered(
  registration: RegistrationToCheck,
  change: (object: Map<string, unknown>, statement: Map<string, unknown>) => void,
) {
  const object = decodeCBOR(registration.attestationObject) as Map<string, unknown>;
  change(object, object.get('attStmt') as Map<string, unknown>);
  return { ...registration, attestationObject: encodeCBOR(object as Map<string, string>) };
}

describe('a registration in a simulation vault', () => {
  test.each(['ES256', 'Ed25519'] as const)(
    'is accepted unattested, self-attested and certified: %s',
    async (algorithm) => {
      expect(verify(await register({ algorithm, attestation: { kind: 'none' } })).claims).toHaveLength(0);
      expect(verify(await register({ algorithm, attestation: { kind: 'self' } })).claims).toHaveLength(1);
      const certified = verify(await register({ algorithm, aaguid: MODEL, attestation: x5c(BATCH) }));
      expect(certified).toMatchObject({ aaguid: MODEL, signCount: 0, key: { algorithm } });
      expect(certified.claims).toHaveLength(1);
    },
  );

  test('is refused by its signature when signed with another key', async () => {
    const other = { kind: 'x5c', privateKey: new Uint8Array(32).fill(1), certificates: [BATCH] } as const;
    const registration = await register({ aaguid: MODEL, attestation: other });
    expect(() => verify(registration)).toThrow(code('signature_invalid'));
  });

  test.each<[string, Partial<SoftwareAuthenticatorOptions>, string]>([
    ['from another origin', { origin: 'http://localhost' }, 'wrong_origin'],
    ['for another RP ID', { rpId: 'tl-fedcba9876543210.localhost', origin: `http://${RP_ID}` }, 'wrong_rp_id'],
    ['of an absent user', { flags: { userPresent: false } }, 'user_absent'],
    ['of an unverified user', { flags: { userVerified: false } }, 'user_unverified'],
    ['of a key that may be backed up', { flags: { backupEligible: true } }, 'backup_eligible'],
    ['of a key that is backed up', { flags: { backupEligible: true, backedUp: true } }, 'backup_eligible'],
  ])('is refused %s', async (_, options, expected) => {
    const registration = await register(options);
    expect(() => checkRegistration(registration)).toThrow(code(expected));
  });

  test.each<[string, (registration: RegistrationToCheck) => RegistrationToCheck, string]>([
    ['another challenge', (r) => ({ ...r, challenge: ZERO_32 }), 'wrong_challenge'],
    ['another credential id', (r) => ({ ...r, credentialId: u8(1) }), 'binding_mismatch'],
    ['another public key', (r) => ({ ...r, publicKey: concat(r.publicKey, u8(0)) }), 'binding_mismatch'],
    ['format fido-u2f', (r) => altered(r, (o) => o.set('fmt', 'fido-u2f')), 'authenticator_unattested'],
    ['format none with a statement', (r) => altered(r, (o) => o.set('fmt', 'none')), 'malformed'],
    ['another member', (r) => altered(r, (o) => o.set('x', 1)), 'malformed'],
    ['a statement of another member', (r) => altered(r, (_, s) => s.set('ver', '2.0')), 'malformed'],
    ['another algorithm than the key', (r) => altered(r, (_, s) => s.set('alg', -257)), 'authenticator_unattested'],
    ['an empty chain', (r) => altered(r, (_, s) => s.set('x5c', [])), 'malformed'],
    ['a chain of five', (r) => altered(r, (_, s) => s.set('x5c', Array(5).fill(BATCH))), 'malformed'],
    ['a chain of text', (r) => altered(r, (_, s) => s.set('x5c', ['x'])), 'malformed'],
    ['bytes after the object', (r) => ({ ...r, attestationObject: concat(r.attestationObject, u8(0)) }), 'malformed'],
    ['more than 32 KiB', (r) => ({ ...r, attestationObject: new Uint8Array(32_769) }), 'too_large'],
  ])('is refused with %s', async (_, change, expected) => {
    const registration = change(await register());
    expect(() => checkRegistration(registration)).toThrow(code(expected));
  });

  test('is certified by an RSA key with RS256 and with no other algorithm of RSA', async () => {
    const key = testKey('RS256', 14);
    const registration = await register({ aaguid: MODEL, attestation: x5c(makeBatch({ key })) });
    const named = (alg: number) => altered(registration, (_, statement) => statement.set('alg', alg));
    const [claim] = checkRegistration(named(-257)).claims;
    expect(claim).toMatchObject({ algorithm: 'RS256' });
    for (const alg of [-258, -259, -37, -38, -39, -65535, -7]) {
      expect(() => checkRegistration(named(alg)), String(alg)).toThrow(code('authenticator_unattested'));
    }
  });

  test('is refused at every truncation', async () => {
    const registration = await register({ attestation: x5c(BATCH), aaguid: MODEL });
    for (let length = 0; length < registration.attestationObject.length; length++) {
      const attestationObject = registration.attestationObject.subarray(0, length);
      expect(() => checkRegistration({ ...registration, attestationObject }), `${length} bytes`).toThrow(TwinlockError);
    }
  });
});

describe('a registration in a production vault', () => {
  test('is accepted from a listed model under a pinned root, with or without the root in its chain', async () => {
    expect(verify(await production()).claims).toHaveLength(3);
    expect(verify(await production({ attestation: x5c(BATCH, ISSUER, ROOT) })).claims).toHaveLength(3);
    const direct = makeRoot({ subject: makeName('Direct'), issuer: makeName('Direct') });
    const batch = makeBatch({ issuer: makeName('Direct'), signer: ROOT_KEY });
    const registration = await production({ attestation: x5c(batch) });
    expect(verify({ ...registration, requirement: { ...attested, roots: [ROOT, direct] } }).claims).toHaveLength(2);
  });

  test('is accepted from a certificate that names no model', async () => {
    const batch = makeBatch({ extensions: [basicConstraints(false)] });
    expect(verify(await production({ attestation: x5c(batch, ISSUER) })).claims).toHaveLength(3);
  });

  test.each([
    ['not stated', '00000000000000000000000000000000'],
    ["of Chromium's virtual authenticator", '01020304050607080102030405060708'],
    ["of twinlock's software authenticator", '7477696e6c6f636b2d736f66746b6579'],
    ['not listed', 'ffffffffffffffffffffffffffffffff'],
  ])('is refused with an AAGUID %s', async (what, aaguid) => {
    const batch = makeBatch({ extensions: [basicConstraints(false)] });
    const registration = await production({ aaguid, attestation: x5c(batch, ISSUER) });
    const aaguids = what === 'not listed' ? [MODEL] : [MODEL, aaguid];
    const requirement = { ...attested, aaguids };
    expect(() => checkRegistration({ ...registration, requirement })).toThrow(code('authenticator_unattested'));
  });

  const later = utcTime('300101000000Z');
  const before = utcTime('251231235959Z');
  const unknownCritical = extension('1.2.840.1', u8(0), true);
  test.each<[string, SoftwareAttestation, RegExp]>([
    ['unattested', { kind: 'none' }, /of format packed with certificates/],
    ['self-attested', { kind: 'self' }, /of format packed with certificates/],
    ['without its issuer', x5c(BATCH), /does not end at a pinned root/],
    ['with the chain in another order', x5c(BATCH, ROOT, ISSUER), /does not name the next one/],
    ['with a certificate too many', x5c(BATCH, BATCH, ISSUER), /does not name the next one/],
    ['of another unit', x5c(makeBatch({ subject: makeName('Batch') }), ISSUER), /organizational unit/],
    ['whose certificate is an authority', x5c(batchWith(basicConstraints(true)), ISSUER), /that is not an authority/],
    ['whose certificate does not say what it is', x5c(batchWith(), ISSUER), /that is not an authority/],
    ['of another model', x5c(batchOf(aaguidExtension('00'.repeat(16))), ISSUER), /is of AAGUID 00/],
    ['of a model named critically', x5c(batchOf(aaguidExtension(MODEL, true)), ISSUER), /not to be critical/],
    ['with a critical extension not known', x5c(batchOf(unknownCritical), ISSUER), /1\.2\.840\.1/],
    ['before its certificate is valid', x5c(makeBatch({ notBefore: later }), ISSUER), /not valid at that time/],
    ['after its certificate was valid', x5c(makeBatch({ notAfter: before }), ISSUER), /not valid at that time/],
    ['before its issuer is valid', x5c(BATCH, makeIssuer({ notBefore: later })), /not valid at that time/],
    ['under an issuer that is no authority', x5c(BATCH, issuerWith(basicConstraints(false))), /certificate authority/],
    ['under an issuer that does not say what it is', x5c(BATCH, issuerWith()), /certificate authority/],
    [
      'under an issuer that may not sign certificates',
      x5c(BATCH, issuerWith(basicConstraints(true), keyUsage(0))),
      /certificate authority/,
    ],
  ])('is refused %s', async (_, attestation, message) => {
    const registration = await production({ attestation });
    expect(() => checkRegistration(registration)).toThrow(
      expect.objectContaining({ code: 'authenticator_unattested', message: expect.stringMatching(message) }),
    );
  });

  test.each<[string, readonly Uint8Array[], RegExp]>([
    ['no root', [], /does not end at a pinned root/],
    ['a root of another name', [makeRoot({ subject: makeName('Other') })], /does not end at a pinned root/],
    ['a root that is not valid', [makeRoot({ notAfter: before })], /not valid at that time/],
    ['a root that is no authority', [makeRoot({ extensions: [] })], /certificate authority/],
    ['a root that allows no issuer between', [makeRoot({ extensions: [basicConstraints(true, 0)] })], /that far above/],
    ['two roots of one name', [ROOT, makeRoot({ key: testKey('ES384', 99) })], /have the same name/],
  ])('is refused under %s', async (_, roots, message) => {
    const registration = { ...(await production()), requirement: { ...attested, roots } };
    expect(() => checkRegistration(registration)).toThrow(
      expect.objectContaining({ code: 'authenticator_unattested', message: expect.stringMatching(message) }),
    );
  });

  test.each<[string, readonly Uint8Array[], Uint8Array]>([
    ['a root of the same name and another key', [BATCH, ISSUER], makeRoot({ key: testKey('ES384', 99) })],
    ['an issuer that its root did not sign', [BATCH, makeIssuer({ signer: testKey('ES384', 99) })], ROOT],
    ['a certificate that its issuer did not sign', [makeBatch({ signer: testKey('ES256', 99) }), ISSUER], ROOT],
    ['an issuer of another key', [BATCH, makeIssuer({ key: BATCH_KEY })], ROOT],
  ])('is refused by its signatures under %s', async (_, certificates, root) => {
    const registration = await production({ attestation: x5c(...certificates) });
    const requirement = { ...attested, roots: [root] };
    expect(() => verify({ ...registration, requirement })).toThrow(code('signature_invalid'));
  });

  test('is refused with a certificate that is not one', async () => {
    const registration = await production({ attestation: x5c(BATCH.subarray(0, -1), ISSUER) });
    expect(() => checkRegistration(registration)).toThrow(code('malformed'));
  });
});

function makeName(commonName: string): Uint8Array {
  return name({ '2.5.4.3': commonName });
}

function batchWith(...extensions: Uint8Array[]): Uint8Array {
  return makeBatch({ extensions });
}

/** An attestation certificate that is otherwise as it should be. */
function batchOf(...extensions: Uint8Array[]): Uint8Array {
  return batchWith(basicConstraints(false), ...extensions);
}

function issuerWith(...extensions: Uint8Array[]): Uint8Array {
  return makeIssuer({ extensions });
}
