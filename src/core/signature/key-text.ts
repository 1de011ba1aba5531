import { fromBase64url, toBase64url } from '../bytes.ts';
import { must } from '../errors.ts';

const PREFIX = 'ed25519:';

/** `ed25519:` and the 32 bytes of a public key in base64url. */
export function ed25519KeyText(publicKey: Uint8Array): string {
  must(publicKey.length === 32, 'invalid_key', `expected an Ed25519 public key of 32 bytes, got ${publicKey.length}`);
  return PREFIX + toBase64url(publicKey);
}

/** The 32 bytes of `ed25519:…`. Throws `invalid_key` or `malformed`. */
export function ed25519KeyBytes(text: string): Uint8Array {
  must(text.startsWith(PREFIX), 'invalid_key', 'expected a key that begins with ed25519:');
  const bytes = fromBase64url(text.slice(PREFIX.length));
  must(bytes.length === 32, 'invalid_key', `expected an Ed25519 public key of 32 bytes, got ${bytes.length}`);
  return bytes;
}
