import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromBase64url } from '../bytes.ts';
import type { ArchivedAssertion } from '../schema.ts';
import type { SignatureClaim } from '../signature/claim.ts';
import type { CoseKey } from '../signature/cose.ts';
import { claimedSignature } from '../x509/signed.ts';
import { checkAssertionData } from './authenticator-data.ts';
import { requireClientData } from './client-data.ts';

/** The answer of an authenticator, byte for byte. */
export interface Assertion {
  readonly authenticatorData: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  readonly signature: Uint8Array;
}

export interface AssertionToCheck {
  readonly assertion: Assertion;
  /** 32 bytes, from webauthn/challenge: never from the sender of the assertion. */
  readonly challenge: Uint8Array;
  /** The vault's, from its genesis. */
  readonly rpId: string;
  /** The enrolled key; that it is current and whose it is, the caller knows. */
  readonly credential: CoseKey;
}

export interface CheckedAssertion {
  /** To be discharged before anything rests on the assertion. */
  readonly claim: SignatureClaim;
  readonly signCount: number;
  /** The flags byte of the authenticator data. */
  readonly flags: number;
}

/** The bytes of an assertion as the log and the enrolment document carry it. Throws `malformed`. */
export function assertionBytes(archived: ArchivedAssertion): Assertion {
  return {
    authenticatorData: fromBase64url(archived.authenticatorData),
    clientDataJSON: fromBase64url(archived.clientDataJSON),
    signature: fromBase64url(archived.signature),
  };
}

/**
 * Checks an attacker-controlled assertion (WebAuthn section 7.2) offline, from its bytes alone, all but the
 * signature, which is returned as a claim over authenticatorData ‖ SHA-256(clientDataJSON).
 *
 * Throws as `requireClientData` and `checkAssertionData`, and `malformed` for an ECDSA signature that is
 * not strict DER. The signature counter is returned and not judged: authenticators may always say 0.
 */
export function checkAssertion({ assertion, challenge, rpId, credential }: AssertionToCheck): CheckedAssertion {
  requireClientData(assertion.clientDataJSON, { type: 'webauthn.get', challenge, rpId });
  const { flags, signCount } = checkAssertionData(assertion.authenticatorData, rpId);
  const { algorithm, publicKey } = credential;
  const claim: SignatureClaim = {
    kind: 'signature',
    algorithm,
    publicKey,
    message: concat(assertion.authenticatorData, sha256(assertion.clientDataJSON)),
    signature: claimedSignature(algorithm, assertion.signature),
    what: 'assertion of the enrolled credential',
  };
  return { claim, signCount, flags };
}
