import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { describe, expect, test } from 'vitest';
import type { EnrolRequest, TouchRequest } from '../../../client/custodian/authenticator.ts';
import {
  type SoftwareAttestation,
  SoftwareAuthenticator,
  type SoftwareAuthenticatorOptions,
} from '../../../client/custodian/software-authenticator.ts';
import { concat, toBase64url, toHex, utf8, ZERO_32 } from '../../../src/core/bytes.ts';
import { prfInput } from '../../../src/core/envelope/custodian-keys.ts';
import { parseCoseKey } from '../../../src/core/signature/cose.ts';
import { verifyReference } from '../../../src/core/signature/reference.ts';
import { checkAssertion } from '../../../src/core/webauthn/assertion.ts';
import { SOFTWARE_AAGUID } from '../../../src/core/webauthn/attestation.ts';
import { challengeOf, registerChallenge, type Signable } from '../../../src/core/webauthn/challenge.ts';
import { seededRandom } from '../../core/seeded-random.ts';
import { RP_ID } from '../../core/webauthn/assertion-kit.ts';
import { BATCH, BATCH_KEY, ISSUER, MODEL } from '../../core/webauthn/attestation-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const zeros = toHex(ZERO_32);
const request: EnrolRequest = {
  vault: zeros,
  invitation: zeros,
  person: zeros.slice(32),
  name: 'Ada',
  keyEpoch: 1,
  exclude: [],
};
const session: Signable = { label: 'session', vault: zeros, nonce: zeros };

const make = (options: Partial<SoftwareAuthenticatorOptions> = {}) =>
  new SoftwareAuthenticator({ rpId: RP_ID, random: seededRandom('software authenticator'), ...options });
const touchRequest = (...ids: Uint8Array[]): TouchRequest => ({
  ...session,
  credentials: ids.map((id) => ({ id, keyEpoch: 1 })),
  prf: true,
});

describe('the software authenticator', () => {
  const x5c = { kind: 'x5c', privateKey: BATCH_KEY.privateKey, certificates: [BATCH, ISSUER] } as const;
  test.each<['ES256' | 'Ed25519', SoftwareAttestation, string]>([
    ['ES256', { kind: 'none' }, SOFTWARE_AAGUID],
    ['ES256', { kind: 'self' }, SOFTWARE_AAGUID],
    ['ES256', x5c, MODEL],
    ['Ed25519', { kind: 'none' }, SOFTWARE_AAGUID],
    ['Ed25519', { kind: 'self' }, SOFTWARE_AAGUID],
    ['Ed25519', x5c, MODEL],
  ])('satisfies another implementation: %s, attestation $kind', async (algorithm, attestation, aaguid) => {
    const authenticator = make({ algorithm, attestation, aaguid });
    const made = await authenticator.enrol(request);
    const id = toBase64url(made.credential);
    const common = { id, rawId: id, type: 'public-key' as const, clientExtensionResults: {} };
    const expected = { expectedOrigin: `http://${RP_ID}`, expectedRPID: RP_ID, requireUserVerification: true };
    const registered = await verifyRegistrationResponse({
      response: {
        ...common,
        response: {
          attestationObject: toBase64url(made.attestation.object),
          clientDataJSON: toBase64url(made.attestation.clientDataJSON),
        },
      },
      expectedChallenge: toBase64url(registerChallenge(request)),
      ...expected,
    });
    expect(registered.verified).toBe(true);
    expect(registered.registrationInfo?.aaguid.replaceAll('-', '')).toBe(aaguid);
    expect(registered.registrationInfo?.credential.publicKey).toEqual(made.publicKey);

    const { assertion } = await authenticator.touch(touchRequest(made.credential));
    const authenticated = await verifyAuthenticationResponse({
      response: {
        ...common,
        response: {
          authenticatorData: toBase64url(assertion.authenticatorData),
          clientDataJSON: toBase64url(assertion.clientDataJSON),
          signature: toBase64url(assertion.signature),
        },
      },
      expectedChallenge: toBase64url(challengeOf(session)),
      credential: { id, publicKey: new Uint8Array(made.publicKey), counter: 0 },
      ...expected,
    });
    expect(authenticated).toMatchObject({ verified: true, authenticationInfo: { newCounter: 1, userVerified: true } });
  });

  test('signs what the label and the fields say, and counts', async () => {
    const authenticator = make();
    const { credential, publicKey } = await authenticator.enrol(request);
    for (const signCount of [1, 2]) {
      const { assertion } = await authenticator.touch(touchRequest(credential));
      const challenge = challengeOf(session);
      const checked = checkAssertion({ assertion, challenge, rpId: RP_ID, credential: parseCoseKey(publicKey) });
      verifyReference(checked.claim);
      expect(checked.signCount).toBe(signCount);
    }
  });

  test('gives the same PRF output at creation and at every touch, another for each epoch and credential', async () => {
    const authenticator = make();
    const first = await authenticator.enrol(request);
    const second = await authenticator.enrol({ ...request, exclude: [] });
    const again = await authenticator.touch(touchRequest(first.credential));
    expect(again.prf).toEqual(first.prf);
    const later = await authenticator.touch({
      ...session,
      credentials: [{ id: first.credential, keyEpoch: 2 }],
      prf: true,
    });
    expect(new Set([first.prf, second.prf, later.prf].map((prf) => toHex(prf ?? ZERO_32))).size).toBe(3);
  });

  test('computes hmac-secret over the salt that a browser makes of the PRF input', async () => {
    const authenticator = make();
    const { prf } = await authenticator.enrol(request);
    const salt = sha256(concat(utf8('WebAuthn PRF\0'), prfInput(RP_ID, 1)));
    expect(prf).toEqual(hmac(sha256, authenticator.credentials[0]?.prfSecret ?? ZERO_32, salt));
  });

  test('gives no PRF output that was not asked for', async () => {
    const authenticator = make();
    const { credential } = await authenticator.enrol(request);
    expect((await authenticator.touch({ ...touchRequest(credential), prf: false })).prf).toBeNull();
  });

  test('answers with a credential that it holds, at every place in the list', async () => {
    const authenticator = make();
    const { credential } = await authenticator.enrol(request);
    const touch = await authenticator.touch(touchRequest(new Uint8Array(16), credential));
    expect(touch.credential).toEqual(credential);
  });

  test('refuses to enrol twice for one person', async () => {
    const authenticator = make();
    const { credential } = await authenticator.enrol(request);
    await expect(authenticator.enrol({ ...request, exclude: [credential] })).rejects.toThrow(code('credential_exists'));
  });

  test('refuses a touch for credentials that it does not hold, for none, and for too many', async () => {
    const authenticator = make();
    const { credential } = await authenticator.enrol(request);
    await expect(authenticator.touch(touchRequest(new Uint8Array(16)))).rejects.toThrow(code('credential_unknown'));
    await expect(authenticator.touch(touchRequest())).rejects.toThrow(code('limit_exceeded'));
    const many = Array<Uint8Array>(65).fill(credential);
    await expect(authenticator.touch(touchRequest(...many))).rejects.toThrow(code('limit_exceeded'));
  });
});
