import { gcm } from '@noble/ciphers/aes.js';
import { TwinlockError } from '../../../src/core/errors.ts';
import { leafHash } from '../../../src/core/log/merkle.ts';
import { unlessRefused } from '../../../src/core/refusal.ts';
import { type BulkCrypto, requireOpenLengths, requireSealLengths } from '../../../src/core/weights/bulk-crypto.ts';

/** The reference implementation, in JavaScript alone. */
export const referenceBulkCrypto: BulkCrypto = {
  aead: {
    seal(key, iv, aad, plaintext, output) {
      requireSealLengths(key, iv, plaintext, output);
      output.set(gcm(key, iv, aad).encrypt(plaintext));
    },
    open(key, iv, aad, sealed) {
      requireOpenLengths(key, iv, sealed);
      return unlessRefused(
        Error,
        () => gcm(key, iv, aad).decrypt(sealed),
        (cause) => {
          throw new TwinlockError('ciphertext_invalid', 'the tag does not match', {}, { cause });
        },
      );
    },
  },
  leafHash,
};
