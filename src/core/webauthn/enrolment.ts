import * as z from 'zod/mini';
import { type Base64url, fromBase64url, type Hex } from '../bytes.ts';
import { parseCanonicalAs } from '../canonical.ts';
import { checkKemPublicKey, KEM_PUBLIC_KEY_BYTES } from '../envelope/xwing.ts';
import { thingName } from '../name/name.ts';
import { assertion, binary, credentialId, digest, ed25519Key, id, rpId } from '../schema.ts';
import type { SignatureClaim } from '../signature/claim.ts';
import type { CoseKey } from '../signature/cose.ts';
import { ed25519KeyBytes } from '../signature/key-text.ts';
import { requirePublicKey } from '../signature/precheck.ts';
import { assertionBytes, checkAssertion } from './assertion.ts';
import { checkRegistration, MAX_ATTESTATION_OBJECT_BYTES, type RegistrationRequirement } from './attestation.ts';
import { challengeOf, registerChallenge } from './challenge.ts';

/** An attestation object of the largest size in base64url, the other fields and room to spare. */
export const MAX_ENROLMENT_BYTES = 65_536;

const enrolment = z.strictObject({
  v: z.literal(1),
  kind: z.literal('enrolment'),
  person: id,
  rpId,
  /** What its person calls the authenticator, so that people know which one to take. */
  name: thingName,
  credential: credentialId,
  /** COSE_Key. */
  publicKey: binary(1, 77),
  attestation: z.strictObject({
    object: binary(1, MAX_ATTESTATION_OBJECT_BYTES),
    clientDataJSON: binary(1, 2048),
  }),
  /** A new epoch gives the same authenticator new keys. */
  keyEpoch: z.int().check(z.gte(1), z.lte(0xffff_ffff)),
  /** X-Wing. */
  kem: binary(KEM_PUBLIC_KEY_BYTES, KEM_PUBLIC_KEY_BYTES),
  /** Signs the envelopes that this authenticator's owner seals. */
  signing: ed25519Key,
  /** The vault fingerprint; zeros before genesis. */
  vault: digest,
  /** The digest of the invitation; zeros where there was none. */
  invitation: digest,
  /** The assertion over all of the above, challenge `enrol`. */
  binding: assertion,
});

/** One authenticator of one person, with the keys that its PRF gives. Drawn in FORMAT.md. */
export type Enrolment = z.infer<typeof enrolment>;

export interface CheckedEnrolment {
  /** To be discharged, every one, before the keys are used. */
  readonly claims: readonly SignatureClaim[];
  readonly credential: CoseKey & {
    readonly id: Base64url;
    /** Proven only under the requirement `attested`. */
    readonly aaguid: Hex;
  };
  /** The X-Wing public key, 1216 bytes. */
  readonly kem: Uint8Array;
  /** The Ed25519 share-signing key, 32 bytes. */
  readonly signing: Uint8Array;
}

/**
 * Parses an attacker-controlled enrolment document, at most 64 KiB of canonical JSON. Says nothing about
 * whether it is true: that is `checkEnrolment`. Throws `too_large`, `malformed` or `not_canonical`.
 */
export function parseEnrolment(bytes: Uint8Array): Enrolment {
  return parseCanonicalAs(enrolment, bytes, MAX_ENROLMENT_BYTES, 'enrolment');
}

/**
 * Checks that a parsed document is what its authenticator signed: the registration meets the requirement
 * and the binding assertion covers person, credential, name and keys, so that an attacker between the authenticator
 * and the client that seals a share cannot exchange a key. Both challenges are computed from the document itself.
 *
 * The caller has compared what the document alone cannot know: rpId, vault, invitation and person. Throws
 * as `checkRegistration` and `checkAssertion`, and `invalid_key` for a KEM or signing key that cannot be used.
 */
export function checkEnrolment(document: Enrolment, requirement: RegistrationRequirement): CheckedEnrolment {
  const { rpId, person, vault, invitation, keyEpoch, name } = document;
  const credential = fromBase64url(document.credential);
  const kem = checkKemPublicKey(fromBase64url(document.kem));
  const signing = ed25519KeyBytes(document.signing);
  requirePublicKey('Ed25519', signing);

  const registration = checkRegistration({
    attestationObject: fromBase64url(document.attestation.object),
    clientDataJSON: fromBase64url(document.attestation.clientDataJSON),
    challenge: registerChallenge({ vault, invitation, person }),
    rpId,
    credentialId: credential,
    publicKey: fromBase64url(document.publicKey),
    requirement,
  });
  const { key, aaguid } = registration;
  const { claim } = checkAssertion({
    assertion: assertionBytes(document.binding),
    challenge: challengeOf({ label: 'enrol', vault, invitation, person, credential, keyEpoch, kem, signing, name }),
    rpId,
    credential: key,
  });
  return {
    claims: [...registration.claims, claim],
    credential: { ...key, id: document.credential, aaguid },
    kem,
    signing,
  };
}
