import { bytesToUtf8 } from '@noble/ciphers/utils.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { base64, base64urlnopad } from '@scure/base';
import { must } from './errors.ts';
import { orNull } from './refusal.ts';

/** Lower-case hexadecimal; how digests and random ids are written. */
export type Hex = string;
/** Base64url without padding (RFC 4648 section 5); how every other byte string is written. */
export type Base64url = string;

export const concat: (...parts: Uint8Array[]) => Uint8Array = concatBytes;
export const toHex: (bytes: Uint8Array) => Hex = bytesToHex;
export const utf8: (text: string) => Uint8Array = utf8ToBytes;

/** 32 zero bytes: stands for a digest that is not there. */
export const ZERO_32: Uint8Array = new Uint8Array(32);

/** Decodes lower-case hexadecimal of even length; throws `malformed` for anything else. */
export function fromHex(text: Hex): Uint8Array {
  const isHex = text.length % 2 === 0 && !/[^0-9a-f]/.test(text);
  must(isHex, 'malformed', 'expected lower-case hexadecimal of even length');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export const toBase64url: (bytes: Uint8Array) => Base64url = (bytes) => base64urlnopad.encode(bytes);
export const toBase64: (bytes: Uint8Array) => string = (bytes) => base64.encode(bytes);

/** Decodes unpadded base64url with zero trailing bits; throws `malformed` for anything else. */
export function fromBase64url(text: Base64url): Uint8Array {
  return strictly(text, base64urlnopad, 'base64url without padding');
}

/** Decodes padded base64 with zero trailing bits; throws `malformed` for anything else. */
export function fromBase64(text: string): Uint8Array {
  return strictly(text, base64, 'padded base64');
}

/** One accepted spelling: what does not encode back to the same text is refused. */
function strictly(text: string, coder: typeof base64, expected: string): Uint8Array {
  // The library refuses by Error; where the engine has a decoder of its own, that one does, by SyntaxError.
  const bytes = orNull(SyntaxError, () => orNull(Error, () => coder.decode(text)));
  must(bytes !== null && coder.encode(bytes) === text, 'malformed', `expected ${expected}`);
  return bytes;
}

/** Decodes UTF-8; throws `malformed` for invalid sequences and for a byte order mark. */
export function fromUtf8(bytes: Uint8Array): string {
  const text = bytesToUtf8(bytes);
  must(equal(utf8(text), bytes), 'malformed', 'expected valid UTF-8 without a byte order mark');
  return text;
}

/** Compares in time that depends on the lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Big-endian unsigned integers. Throws `malformed` when `value` does not fit. */
export const u8 = (value: number): Uint8Array => unsigned(whole(value), 1);
export const u16 = (value: number): Uint8Array => unsigned(whole(value), 2);
export const u32 = (value: number): Uint8Array => unsigned(whole(value), 4);
export const u64 = (value: number | bigint): Uint8Array => unsigned(whole(value), 8);

function whole(value: number | bigint): bigint {
  must(typeof value === 'bigint' || Number.isSafeInteger(value), 'malformed', 'expected an integer below 2^53');
  return BigInt(value);
}

function unsigned(value: bigint, length: number): Uint8Array {
  must(value >= 0n && value < 1n << BigInt(8 * length), 'malformed', `expected an unsigned ${8 * length}-bit integer`);
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Overwrites short-lived secrets. Best effort: the engine may have made copies. */
export function wipe(...secrets: Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
