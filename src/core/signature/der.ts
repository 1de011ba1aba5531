import { concat, u8 } from '../bytes.ts';
import { counted } from '../counted.ts';
import { must } from '../errors.ts';
import { INTEGER, isPlainTag, requireDerForm } from './der-form.ts';

const SEQUENCE = 0x30;
const SET = 0x31;
/** Elements inside one another; those of a certificate, with the policies that it has, are seven. */
const DEPTH_MAX = 16;
/** Bits of a tag: its class, whether it holds elements, and (all ones) that its number follows. */
const CLASS = 0xc0;
const CONSTRUCTED = 0x20;
const LONG_TAG = 0x1f;

/** Bytes of r, and of s. */
const FIELD_BYTES = { ES256: 32, ES384: 48 } as const;

export interface DerElement {
  readonly body: Uint8Array;
  /** The bytes after the element. */
  readonly rest: Uint8Array;
}

/**
 * Reads one DER element of this tag (ITU-T X.690, definite lengths in their only form, below
 * 16 MiB, contents as `requireDerForm`) from attacker-controlled bytes. Throws `malformed`.
 */
export function readElement(der: Uint8Array, tag: number): DerElement {
  must(der[0] === tag, 'malformed', `expected DER tag ${tag}, got ${der[0] ?? 'nothing'}`);
  const { length, start } = readLength(der);
  must(start + length <= der.length, 'malformed', 'the DER element is longer than what holds it');
  const body = der.subarray(start, start + length);
  requireDerForm(tag, body);
  return { body, rest: der.subarray(start + length) };
}

/**
 * Checks that attacker-controlled bytes are DER elements one after the other, to the last one inside them, whether
 * or not anything reads them: at most 16 inside one another, and those of a SET in the order of their encodings.
 * What an OCTET STRING or a BIT STRING holds is for its reader. Throws `malformed`.
 */
export function requireDer(der: Uint8Array): void {
  requireHeldDer(der, SEQUENCE, DEPTH_MAX);
}

/** `levels`: how many elements may still open, which bounds the recursion. */
function requireHeldDer(der: Uint8Array, holder: number, levels: number): void {
  must(levels > 0, 'malformed', `expected DER of at most ${DEPTH_MAX} levels`);
  let before: Uint8Array | null = null;
  for (let left = der; left.length > 0; ) {
    const [tag = 0] = left;
    must((tag & LONG_TAG) !== LONG_TAG, 'malformed', 'expected DER tags of one byte');
    const isPlain = (tag & CONSTRUCTED) === 0;
    const isHolder = (tag & CLASS) !== 0 || tag === SEQUENCE || tag === SET;
    must(isPlain || isHolder, 'malformed', 'expected DER strings in one piece');
    const isKnown = (tag & CLASS) !== 0 || !isPlain || isPlainTag(tag);
    must(isKnown, 'malformed', `expected a DER tag that certificates have, got ${tag.toString(16).padStart(2, '0')}`);
    const { body, rest } = readElement(left, tag);
    const element = left.subarray(0, left.length - rest.length);
    must(holder !== SET || before === null || !isAfter(before, element), 'malformed', 'expected a DER SET in order');
    if (!isPlain) requireHeldDer(body, tag, levels - 1);
    before = element;
    left = rest;
  }
}

/** Whether one encoding sorts after another: as if zeros followed the shorter one (X.690 section 11.6). */
function isAfter(one: Uint8Array, other: Uint8Array): boolean {
  const at = one.findIndex((byte, i) => byte !== (other[i] ?? 0));
  return at >= 0 && (one[at] ?? 0) > (other[at] ?? 0);
}

function readLength(der: Uint8Array): { length: number; start: number } {
  const [, first = 0xff] = der;
  if (first < 0x80) return { length: first, start: 2 };
  must(first > 0x80 && first <= 0x83, 'malformed', 'the DER length is indefinite, missing or too large');
  const start = 2 + (first & 0x7f);
  must(start <= der.length, 'malformed', 'the DER length is cut short');
  const length = der.subarray(2, start).reduce((value, byte) => value * 256 + byte, 0);
  must(length >= 0x80 && length >= 256 ** (start - 3), 'malformed', 'the DER length is not the shortest');
  return { length, start };
}

/** Reads a non-negative DER INTEGER as its big-endian bytes without leading zeros (none for 0). */
export function readUnsigned(der: Uint8Array): DerElement {
  const { body, rest } = readElement(der, INTEGER);
  const [first = 0] = body;
  must(first < 0x80, 'malformed', 'the DER integer is negative');
  return { body: first === 0 ? body.subarray(1) : body, rest };
}

/** Reads a SEQUENCE that is all there is; its body. Throws `malformed`. */
export function readWholeSequence(der: Uint8Array): Uint8Array {
  const { body, rest } = readElement(der, SEQUENCE);
  must(rest.length === 0, 'malformed', `expected the end, got ${counted(rest.length, 'byte')} after the DER sequence`);
  return body;
}

/**
 * An ECDSA-Sig-Value (RFC 3279 section 2.2.3) as r ‖ s, each 32 bytes (ES256) or 48 (ES384): how a claim
 * carries it. Strict, so that one signature has one encoding. Throws `malformed`; the range of r and s is
 * for `precheck`.
 */
export function ecdsaFromDer(der: Uint8Array, algorithm: keyof typeof FIELD_BYTES): Uint8Array {
  const r = readUnsigned(readWholeSequence(der));
  const s = readUnsigned(r.rest);
  must(s.rest.length === 0, 'malformed', `expected the end, got ${counted(s.rest.length, 'byte')} after r and s`);
  const fieldBytes = FIELD_BYTES[algorithm];
  const signature = new Uint8Array(2 * fieldBytes);
  for (const [i, { body }] of [r, s].entries()) {
    must(body.length <= fieldBytes, 'malformed', `expected r and s of at most ${fieldBytes} bytes`);
    signature.set(body, (i + 1) * fieldBytes - body.length);
  }
  return signature;
}

/** The inverse of `ecdsaFromDer`: the ECDSA-Sig-Value of r ‖ s (64 or 96 bytes). Throws `malformed`. */
export function ecdsaToDer(signature: Uint8Array, algorithm: keyof typeof FIELD_BYTES): Uint8Array {
  const fieldBytes = FIELD_BYTES[algorithm];
  must(signature.length === 2 * fieldBytes, 'malformed', `expected r and s of ${fieldBytes} bytes each`);
  const r = unsignedElement(signature.subarray(0, fieldBytes));
  const s = unsignedElement(signature.subarray(fieldBytes));
  // At most 2·(2 + 49) bytes, so every length is in the short form.
  return concat(u8(SEQUENCE), u8(r.length + s.length), r, s);
}

function unsignedElement(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? new Uint8Array(1) : bytes.subarray(start);
  const sign = (digits[0] ?? 0) >= 0x80 ? new Uint8Array(1) : new Uint8Array(0);
  return concat(u8(INTEGER), u8(sign.length + digits.length), sign, digits);
}
