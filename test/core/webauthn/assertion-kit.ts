import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, toBase64url, u8, u32, utf8 } from '../../../src/core/bytes.ts';
import type { CoseKey } from '../../../src/core/signature/cose.ts';
import { ecdsaToDer } from '../../../src/core/signature/der.ts';
import type { Assertion } from '../../../src/core/webauthn/assertion.ts';

export const RP_ID = 'tl-0123456789abcdef.localhost';
const PRIVATE_KEY: Uint8Array = new Uint8Array(32).fill(7);
export const ES256_KEY: CoseKey = { algorithm: 'ES256', publicKey: p256.getPublicKey(PRIVATE_KEY, false) };
export const ED25519_KEY: CoseKey = { algorithm: 'Ed25519', publicKey: ed25519.getPublicKey(PRIVATE_KEY) };

/** What an authenticator and its browser would say, each part replaceable, and truly signed. */
export interface AssertionParts {
  readonly challenge: Uint8Array;
  readonly rpId?: string;
  readonly flags?: number;
  /** After the counter. */
  readonly rest?: Uint8Array;
  /** Members to replace; `undefined` leaves one out. */
  readonly clientData?: Readonly<Record<string, unknown>>;
  readonly clientDataJSON?: Uint8Array;
  readonly algorithm?: CoseKey['algorithm'];
}

export function makeAssertion(parts: AssertionParts): Assertion {
  const { challenge, rpId = RP_ID, flags = 0x05, rest = new Uint8Array(), algorithm = 'ES256' } = parts;
  const authenticatorData = concat(sha256(utf8(rpId)), u8(flags), u32(9), rest);
  const clientDataJSON = parts.clientDataJSON ?? clientData(challenge, parts.clientData);
  const message = concat(authenticatorData, sha256(clientDataJSON));
  const signature =
    algorithm === 'ES256' ? ecdsaToDer(p256.sign(message, PRIVATE_KEY), 'ES256') : ed25519.sign(message, PRIVATE_KEY);
  return { authenticatorData, clientDataJSON, signature };
}

export function clientData(challenge: Uint8Array, members: Readonly<Record<string, unknown>> = {}): Uint8Array {
  const usual = {
    type: 'webauthn.get',
    challenge: toBase64url(challenge),
    origin: `http://${RP_ID}`,
    crossOrigin: false,
  };
  return utf8(JSON.stringify({ ...usual, ...members }));
}
