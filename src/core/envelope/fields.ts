import { sha256 } from '@noble/hashes/sha2.js';
import { fromHex, type Hex } from '../bytes.ts';
import { must } from '../errors.ts';

const DIGEST_BYTES = 32;

/** A SHA-256 digest as a field of a frame; throws `malformed` unless it is 64 lower-case hexadecimal digits. */
export function digestField(name: string, digest: Hex): Uint8Array {
  const bytes = fromHex(digest);
  must(bytes.length === DIGEST_BYTES, 'malformed', `${name}: expected ${DIGEST_BYTES} bytes, got ${bytes.length}`);
  return bytes;
}

/** A recipient's KEM key as a field of a frame: bound to the key that was meant, not only to one that opens. */
export function keyField(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey);
}
