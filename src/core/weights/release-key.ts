import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { equal, fromHex, type Hex, u32, utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { frame, frameDigest } from '../frame.ts';
import { decodeScalar } from '../share/group.ts';

const RELEASE_KEY_BYTES = 64;
const KEY_CHECK_BYTES = 32;
const FILE_KEY_BYTES = 32;
const MARK_KEY_BYTES = 32;

/**
 * What ties a release key to one version of one model in one vault: SHA-256(frame("twinlock/v1/ctx", vault,
 * model, version)), 32 bytes. `vault` is the fingerprint, 32 bytes in hex.
 */
export function manifestContext(vault: Hex, model: string, version: string): Uint8Array {
  return frameDigest('twinlock/v1/ctx', fromHex(vault), utf8(model), utf8(version));
}

/**
 * The release key, 64 bytes: HKDF-Extract-SHA-512(salt = `context`, ikm = `scalar`) (design: formats, "Key tree").
 *
 * `scalar` is the shared secret, 32 bytes little-endian, below the group order; `context` is of
 * `manifestContext`. Throws `invalid_scalar`.
 */
export function releaseKey(scalar: Uint8Array, context: Uint8Array): Uint8Array {
  decodeScalar(scalar);
  return extract(sha512, scalar, context);
}

/** The key-check value, 32 bytes, public in the signed manifest. It tells nothing of the file keys. */
export function keyCheckValue(key: Uint8Array): Uint8Array {
  return derive(key, frame('twinlock/v1/kcv'), KEY_CHECK_BYTES);
}

/**
 * The final word on whether shares combined to the key that encrypted the weights. Returns the release key;
 * throws `key_check_failed`. `keyCheck` is that of a manifest whose signature has been checked.
 */
export function checkReleaseKey(key: Uint8Array, keyCheck: Uint8Array): Uint8Array {
  must(equal(keyCheckValue(key), keyCheck), 'key_check_failed', 'the release key is not the one of this manifest');
  return key;
}

/**
 * The key of the marks by which a depositor who goes on with an unfinished deposit knows what they have read before,
 * 32 bytes (client/FORMAT.md). It tells nothing of the file keys.
 */
export function depositMarkKey(key: Uint8Array): Uint8Array {
  return derive(key, frame('twinlock/v1/deposit-mark'), MARK_KEY_BYTES);
}

/** The FLOE key of file `index`, 32 bytes; file 0 is the inner manifest. */
export function fileKey(key: Uint8Array, index: number): Uint8Array {
  return derive(key, frame('twinlock/v1/file-key', u32(index)), FILE_KEY_BYTES);
}

function derive(key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  must(key.length === RELEASE_KEY_BYTES, 'malformed', `expected a release key of ${RELEASE_KEY_BYTES} bytes`);
  return expand(sha512, key, info, length);
}
