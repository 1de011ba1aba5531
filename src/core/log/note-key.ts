import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal, fromBase64, fromHex, toBase64, toHex, u8, utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { requirePublicKey } from '../signature/precheck.ts';

/** The signature type of a key (C2SP signed-note, "Signature types"). */
export const NoteKeyType = { ed25519: 0x01, ed25519Cosignature: 0x04 } as const;
export type NoteKeyType = (typeof NoteKeyType)[keyof typeof NoteKeyType];

/** A key that may verify notes: its name says whose it is, and is part of its id. */
export interface NoteKey {
  readonly name: string;
  readonly type: NoteKeyType;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 4 bytes; see `keyIdOf`. */
  readonly id: Uint8Array;
}

/** SHA-256(name ‖ 0A ‖ type ‖ public key), the first 4 bytes. */
export function keyIdOf(name: string, type: NoteKeyType, publicKey: Uint8Array): Uint8Array {
  return sha256(concat(utf8(`${name}\n`), u8(type), publicKey)).slice(0, 4);
}

// A list, not a property of Unicode: what it holds must never change with the engine.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const NOT_OF_NAMES = /[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;

/** Throws `invalid_name` unless a key may be called so: not empty, no white space, no `+`, no control characters. */
export function requireKeyName(name: string): void {
  const isName = name !== '' && !NOT_OF_NAMES.test(name) && name.isWellFormed();
  must(isName, 'invalid_name', 'expected a key name without white space, control characters and +');
}

/**
 * Parses `name+id+base64(type ‖ public key)`, the id in lower-case hexadecimal. Throws `malformed`,
 * `invalid_name`, `unsupported_algorithm` for another type than 01 and 04, and `invalid_key` for an id that is
 * not this key's or a key that `requirePublicKey` refuses.
 */
export function parseVkey(vkey: string): NoteKey {
  // Base64 may hold a + as well, so only the first two are borders.
  const [name = '', hex = ''] = vkey.split('+', 2);
  requireKeyName(name);
  const id = fromHex(hex);
  const typed = fromBase64(vkey.slice(name.length + hex.length + 2));
  const type = parseType(typed[0]);
  const publicKey = typed.slice(1);
  must(equal(id, keyIdOf(name, type, publicKey)), 'invalid_key', 'expected the key id of this name and key');
  requirePublicKey('Ed25519', publicKey);
  return { name, type, publicKey, id };
}

/** The vkey of an Ed25519 key (type 01, 32 bytes). Throws `invalid_name` or `invalid_key`. */
export function formatVkey(name: string, publicKey: Uint8Array): string {
  requireKeyName(name);
  requirePublicKey('Ed25519', publicKey);
  const type = NoteKeyType.ed25519;
  return `${name}+${toHex(keyIdOf(name, type, publicKey))}+${toBase64(concat(u8(type), publicKey))}`;
}

function parseType(byte: number | undefined): NoteKeyType {
  const type = Object.values(NoteKeyType).find((known) => known === byte);
  must(type !== undefined, 'unsupported_algorithm', `expected a key of type 1 or 4, got ${byte ?? 'nothing'}`);
  return type;
}
