import { must } from '../errors.ts';

export const AEAD_KEY_BYTES = 32;
export const AEAD_IV_BYTES = 12;
export const AEAD_TAG_BYTES = 16;

/** AES-256-GCM with a 12-byte IV and a 16-byte tag; nothing else is accepted. Synchronous and without state. */
export interface Aead {
  /**
   * Encrypts into `output`, which is exactly 16 bytes longer than `plaintext` and does not overlap it:
   * ciphertext ‖ tag. Throws `malformed` for a wrong length.
   */
  seal(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, output: Uint8Array): void;
  /**
   * Decrypts ciphertext ‖ tag (attacker-controlled) to a fresh array. No byte of it leaves before the tag has
   * been checked. Throws `ciphertext_invalid`; `malformed` for a key or an IV of a wrong length.
   */
  open(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/**
 * The two primitives that see every byte of the weights. The caller passes in the platform's. The tests hold it
 * against a reference in JavaScript, which is 30 to 150 times slower and gives the same answer to every input.
 */
export interface BulkCrypto {
  readonly aead: Aead;
  /** SHA-256(00 ‖ `segment`), 32 bytes. */
  leafHash(segment: Uint8Array): Uint8Array;
}

/**
 * Refuses, with `malformed`, arguments that no implementation of `Aead.seal` may accept. Called before any primitive.
 */
export function requireSealLengths(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array, output: Uint8Array): void {
  requireKeyAndIv(key, iv);
  const expected = plaintext.length + AEAD_TAG_BYTES;
  must(output.length === expected, 'malformed', `expected an output of ${expected} bytes, got ${output.length}`);
}

/** The same of `Aead.open`: `malformed`, or `ciphertext_invalid` where there is no room for a tag. */
export function requireOpenLengths(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): void {
  requireKeyAndIv(key, iv);
  must(sealed.length >= AEAD_TAG_BYTES, 'ciphertext_invalid', `expected at least ${AEAD_TAG_BYTES} bytes`);
}

function requireKeyAndIv(key: Uint8Array, iv: Uint8Array): void {
  must(key.length === AEAD_KEY_BYTES, 'malformed', `expected a key of ${AEAD_KEY_BYTES} bytes, got ${key.length}`);
  must(iv.length === AEAD_IV_BYTES, 'malformed', `expected an IV of ${AEAD_IV_BYTES} bytes, got ${iv.length}`);
}
