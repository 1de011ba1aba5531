import { sha256 } from '@noble/hashes/sha2.js';
import { concat, u16, u32, utf8 } from './bytes.ts';

/** Labels are frozen once released: a new meaning gets a new label. */
export type Label = `twinlock/v1/${string}`;

/**
 * `u16 |label| ‖ label ‖ u16 k ‖ (u32 |f| ‖ f) for each of the k fields`, integers big-endian.
 *
 * Injective: no two lists of fields have the same frame, and no frame of one label is a frame of another.
 * Every KDF info, HPKE info, AAD, challenge and digest that is not of JSON is taken over a frame
 * (design: formats, "frame"). Throws `malformed` when a length does not fit.
 */
export function frame(label: Label, ...fields: readonly Uint8Array[]): Uint8Array {
  const name = utf8(label);
  return concat(u16(name.length), name, u16(fields.length), ...fields.flatMap((field) => [u32(field.length), field]));
}

/** SHA-256 of a frame, 32 bytes. */
export function frameDigest(label: Label, ...fields: readonly Uint8Array[]): Uint8Array {
  return sha256(frame(label, ...fields));
}
