import { gcm } from '@noble/ciphers/aes.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type AEADFactory, type KDFFactory, type KEM, type Key, NotSupportedError } from 'hpke';
import type { RandomBytes } from '../random.ts';
import {
  decapsulate,
  ENCAPSULATION_BYTES,
  encapsulate,
  KEM_PUBLIC_KEY_BYTES,
  KEM_SEED_BYTES,
  SHARED_SECRET_BYTES,
} from './xwing.ts';

/**
 * The three algorithms of our HPKE suite (formats, "Envelopes"), written over pure libraries: what the HPKE
 * library brings itself needs the platform's cryptography and draws its own randomness.
 */

/** A key as the HPKE library carries it; only this module and the caller's seed see inside. */
export interface XWingKey extends Key {
  readonly bytes: Uint8Array;
}

export const xwingPublicKey = (bytes: Uint8Array): XWingKey => ({
  algorithm: { name: 'X-Wing' },
  extractable: true,
  type: 'public',
  bytes,
});
export const xwingPrivateKey = (seed: Uint8Array): XWingKey => ({
  algorithm: { name: 'X-Wing' },
  extractable: false,
  type: 'private',
  bytes: seed,
});

/** A seed is a private key as it is: deriving one from other material is not part of our formats. */
const unsupported = async (): Promise<never> => {
  throw new NotSupportedError('keys come from seeds');
};

/** X-Wing, 0x647a, encapsulating with the given randomness. */
export const xwingKem = (random: RandomBytes): KEM<XWingKey> => ({
  id: 0x647a,
  type: 'KEM',
  name: 'X-Wing',
  Nsecret: SHARED_SECRET_BYTES,
  Nenc: ENCAPSULATION_BYTES,
  Npk: KEM_PUBLIC_KEY_BYTES,
  Nsk: KEM_SEED_BYTES,
  Encap: async (publicKey) => {
    const { sharedSecret, encapsulation } = encapsulate(publicKey.bytes, random);
    return { shared_secret: sharedSecret, enc: encapsulation };
  },
  Decap: async (encapsulation, privateKey) => decapsulate(privateKey.bytes, encapsulation),
  DeriveKeyPair: unsupported,
  GenerateKeyPair: unsupported,
  SerializePublicKey: unsupported,
  DeserializePublicKey: unsupported,
  SerializePrivateKey: unsupported,
  DeserializePrivateKey: unsupported,
});

/** HKDF-SHA256, 0x0001. */
export const hkdfSha256: KDFFactory = () => ({
  id: 0x0001,
  type: 'KDF',
  name: 'HKDF-SHA256',
  Nh: 32,
  stages: 2,
  Extract: async (salt, ikm) => extract(sha256, ikm, salt),
  Expand: async (prk, info, length) => expand(sha256, prk, info, length),
  Derive: unsupported,
});

/** AES-256-GCM, 0x0002. */
export const aes256Gcm: AEADFactory = () => ({
  id: 0x0002,
  type: 'AEAD',
  name: 'AES-256-GCM',
  Nk: 32,
  Nn: 12,
  Nt: 16,
  Seal: async (key, nonce, aad, plaintext) => gcm(key, nonce, aad).encrypt(plaintext),
  Open: async (key, nonce, aad, ciphertext) => gcm(key, nonce, aad).decrypt(ciphertext),
});
