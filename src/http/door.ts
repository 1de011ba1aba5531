import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { fromBase64url, fromUtf8, toBase64url } from '../core/bytes.ts';
import { TwinlockError } from '../core/errors.ts';
import { encodeCoseKey } from '../core/signature/cose.ts';
import type { WebauthnDoor } from '../vault/context.ts';

/**
 * The library's opinion, beside the core's. It needs the origin's port, which only the client data says; that
 * the origin's host is the vault's RP ID, the core has checked before it is asked.
 */
export const webauthnDoor: WebauthnDoor = {
  async login({ credential, key, challenge, rpId, assertion }) {
    await agrees(() =>
      verifyAuthenticationResponse({
        response: {
          id: credential,
          rawId: credential,
          type: 'public-key',
          clientExtensionResults: {},
          response: assertion,
        },
        expectedChallenge: toBase64url(challenge),
        expectedOrigin: originOf(assertion.clientDataJSON),
        expectedRPID: rpId,
        requireUserVerification: true,
        credential: { id: credential, publicKey: Uint8Array.from(encodeCoseKey(key)), counter: 0 },
      }),
    );
  },
  async registration(document, challenge) {
    const { object, clientDataJSON } = document.attestation;
    await agrees(() =>
      verifyRegistrationResponse({
        response: {
          id: document.credential,
          rawId: document.credential,
          type: 'public-key',
          clientExtensionResults: {},
          response: { attestationObject: object, clientDataJSON },
        },
        expectedChallenge: toBase64url(challenge),
        expectedOrigin: originOf(clientDataJSON),
        expectedRPID: document.rpId,
        requireUserVerification: true,
        supportedAlgorithmIDs: [-7, -8],
      }),
    );
  },
};

async function agrees(ask: () => Promise<{ verified: boolean }>): Promise<void> {
  try {
    if ((await ask()).verified) return;
  } catch {
    // the same answer: the library's message may quote what the other side sent
  }
  throw new TwinlockError('unauthenticated', 'the authenticator’s answer was not accepted at the door');
}

function originOf(clientDataJSON: string): string {
  const { origin } = JSON.parse(fromUtf8(fromBase64url(clientDataJSON))) as { origin?: unknown };
  return typeof origin === 'string' ? origin : '';
}
