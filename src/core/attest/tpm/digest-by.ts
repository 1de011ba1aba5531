import { sha256, sha384 } from '@noble/hashes/sha2.js';
import type { TpmHash } from './tpmt-signature.ts';

/** The digest of `bytes` by a hash of the TPM's: 32 or 48 bytes. */
export function digestBy(hash: TpmHash, bytes: Uint8Array): Uint8Array {
  return hash === 'sha256' ? sha256(bytes) : sha384(bytes);
}
