import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Hex, u16 } from '../bytes.ts';
import { must } from '../errors.ts';
import { frame } from '../frame.ts';
import type { SignatureClaim } from '../signature/claim.ts';
import { digestField } from './fields.ts';

const SIGNING_SEED_BYTES = 32;
const SIGNING_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/**
 * HPKE's base mode has no sender, so a custodian signs what they seal: a bad share then names the custodian who sent it,
 * and never another (formats, "Envelopes").
 */
export interface SealedMessage {
  /** The vault fingerprint. */
  readonly vault: Hex;
  /** SHA-256 of the release statement, or of the transcript of a redistribution. */
  readonly subject: Hex;
  /** The recipient among the subject's, 16 bits: a host's place in the statement, or a custodian's index. */
  readonly recipient: number;
  /** The envelope, as sealed. */
  readonly envelope: Uint8Array;
}

/** frame("twinlock/v1/sealed", vault, subject, u16 recipient, SHA-256(envelope)). */
export function sealedSignatureMessage({ vault, subject, recipient, envelope }: SealedMessage): Uint8Array {
  return frame(
    'twinlock/v1/sealed',
    digestField('vault', vault),
    digestField('subject', subject),
    u16(recipient),
    sha256(envelope),
  );
}

/** Ed25519 with the custodian's share-signing seed, 32 bytes; 64 bytes. Throws `invalid_key` for another length. */
export function signSealed(sealed: SealedMessage, signingSeed: Uint8Array): Uint8Array {
  must(signingSeed.length === SIGNING_SEED_BYTES, 'invalid_key', `expected a seed of ${SIGNING_SEED_BYTES} bytes`);
  return ed25519.sign(sealedSignatureMessage(sealed), signingSeed);
}

/**
 * The claim that the custodian with this share-signing key (32 bytes, from their enrolment document) sealed the
 * envelope. The signature is attacker-controlled; the caller MUST discharge the claim before opening. Throws
 * `signature_invalid` unless it is 64 bytes, `invalid_key` unless the key is 32.
 */
export function sealedSignatureClaim(
  sealed: SealedMessage,
  publicKey: Uint8Array,
  signature: Uint8Array,
): SignatureClaim {
  must(publicKey.length === SIGNING_KEY_BYTES, 'invalid_key', `expected a key of ${SIGNING_KEY_BYTES} bytes`);
  must(signature.length === SIGNATURE_BYTES, 'signature_invalid', `expected a signature of ${SIGNATURE_BYTES} bytes`);
  return {
    kind: 'signature',
    algorithm: 'Ed25519',
    publicKey,
    message: sealedSignatureMessage(sealed),
    signature,
    what: `envelope to recipient ${sealed.recipient} of ${sealed.subject}`,
  };
}
