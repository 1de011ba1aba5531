import { createCipheriv, createDecipheriv, createHash, createSecretKey } from 'node:crypto';
import { TwinlockError } from '../core/errors.ts';
import { unlessRefused } from '../core/refusal.ts';
import {
  AEAD_TAG_BYTES,
  type Aead,
  type BulkCrypto,
  requireOpenLengths,
  requireSealLengths,
} from '../core/weights/bulk-crypto.ts';

const CIPHER = 'aes-256-gcm';
/** Without it the platform accepts a tag of four bytes. */
const OPTIONS = { authTagLength: AEAD_TAG_BYTES };
/** Bytes for one call of the cipher. Each call allocates its output, and large outputs cost page faults. */
const PIECE_BYTES = 128 * 1024;
const LEAF_PREFIX = Uint8Array.of(0);

// The platform takes several times longer to look at a key that is plain bytes than to encrypt a small file.
const aead: Aead = {
  seal(key, iv, aad, plaintext, output) {
    requireSealLengths(key, iv, plaintext, output);
    const cipher = createCipheriv(CIPHER, createSecretKey(key), iv, OPTIONS);
    cipher.setAAD(aad);
    for (let at = 0; at < plaintext.length; at += PIECE_BYTES) {
      output.set(cipher.update(plaintext.subarray(at, at + PIECE_BYTES)), at);
    }
    cipher.final();
    output.set(cipher.getAuthTag(), plaintext.length);
  },

  open(key, iv, aad, sealed) {
    requireOpenLengths(key, iv, sealed);
    const ciphertext = sealed.subarray(0, sealed.length - AEAD_TAG_BYTES);
    const plaintext = new Uint8Array(ciphertext.length);
    const decipher = createDecipheriv(CIPHER, createSecretKey(key), iv, OPTIONS);
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(ciphertext.length));
    for (let at = 0; at < ciphertext.length; at += PIECE_BYTES) {
      plaintext.set(decipher.update(ciphertext.subarray(at, at + PIECE_BYTES)), at);
    }
    const check = () => decipher.final();
    unlessRefused(Error, check, (cause) => {
      // Until here nothing has been checked: what was deciphered must not outlive the failure.
      plaintext.fill(0);
      throw new TwinlockError('ciphertext_invalid', 'the tag does not match', {}, { cause });
    });
    return plaintext;
  },
};

/** AES-256-GCM and SHA-256 of node:crypto: the one place where these ciphers are called. */
export const platformBulkCrypto: BulkCrypto = {
  aead,
  leafHash: (segment) => new Uint8Array(createHash('sha256').update(LEAF_PREFIX).update(segment).digest()),
};
