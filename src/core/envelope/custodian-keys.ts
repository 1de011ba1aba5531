import { ed25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, u8, u32, utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { frame, type Label } from '../frame.ts';
import { KEM_SEED_BYTES, type KemKeyPair, kemKeyPairFromSeed } from './xwing.ts';

/** The output of WebAuthn's PRF extension for one input. */
const PRF_OUTPUT_BYTES = 32;
const SIGNING_SEED_BYTES = 32;

/** The keys that one touch gives: those of one authenticator for one vault and key epoch. No client stores them. */
export interface CustodianKeys {
  readonly kem: KemKeyPair;
  /** Ed25519: seed and public key, 32 bytes each. Signs envelopes and nothing else. */
  readonly signing: { readonly seed: Uint8Array; readonly publicKey: Uint8Array };
}

/** The PRF's first input: frame("twinlock/v1/prf", rpId, u32 key epoch). */
export function prfInput(rpId: string, keyEpoch: number): Uint8Array {
  return frame('twinlock/v1/prf', utf8(rpId), u32(keyEpoch));
}

/**
 * Derives an authenticator's KEM and share-signing keys from the PRF's first result, 32 secret bytes that the
 * caller wipes afterwards (formats, "Custodian keys"). The same arguments give the same keys, which enrolment
 * checks. Throws `malformed` for another length, an RP ID with a zero byte, or an epoch above 32 bits.
 */
export function deriveCustodianKeys({
  prfFirst,
  rpId,
  credentialId,
  keyEpoch,
}: {
  readonly prfFirst: Uint8Array;
  readonly rpId: string;
  readonly credentialId: Uint8Array;
  readonly keyEpoch: number;
}): CustodianKeys {
  must(prfFirst.length === PRF_OUTPUT_BYTES, 'malformed', `expected ${PRF_OUTPUT_BYTES} bytes of PRF output`);
  must(!rpId.includes('\0'), 'malformed', 'expected an RP ID without a zero byte');
  const salt = sha256(concat(utf8(rpId), u8(0), credentialId));
  const derive = (label: Label, length: number) => hkdf(sha256, prfFirst, salt, frame(label, u32(keyEpoch)), length);
  const signingSeed = derive('twinlock/v1/sign-seed', SIGNING_SEED_BYTES);
  return {
    kem: kemKeyPairFromSeed(derive('twinlock/v1/kem-seed', KEM_SEED_BYTES)),
    signing: { seed: signingSeed, publicKey: ed25519.getPublicKey(signingSeed) },
  };
}
