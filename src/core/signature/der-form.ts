import { fromUtf8 } from '../bytes.ts';
import { must } from '../errors.ts';

/** Universal tags (ITU-T X.690) whose contents DER writes in one form. */
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
const NULL = 0x05;
export const OBJECT_IDENTIFIER = 0x06;
export const ENUMERATED = 0x0a;
export const UTF8_STRING = 0x0c;
export const PRINTABLE_STRING = 0x13;
export const IA5_STRING = 0x16;

/**
 * Checks that the attacker-controlled contents of an element with this tag are in the only form that DER has for
 * them (X.690 sections 8 and 11): true is FF, integers and arcs are in their shortest form, unused bits are zero,
 * text is UTF-8 or ASCII. Of other tags it says nothing. Throws `malformed`.
 */
export function requireDerForm(tag: number, body: Uint8Array): void {
  if (tag === UTF8_STRING) fromUtf8(body);
  const form = FORMS.get(tag);
  if (form !== undefined) must(form.has(body), 'malformed', `expected ${form.expected}`);
}

/**
 * Whether a universal tag of an element without others inside is one that certificates have. Others have a second form
 * or none: a SEQUENCE or SET that is not marked as holding elements, an end of contents, reserved numbers, real numbers.
 */
export function isPlainTag(tag: number): boolean {
  return FORMS.has(tag) || OTHER_PLAIN_TAGS.includes(tag);
}

interface Form {
  readonly has: (body: Uint8Array) => boolean;
  readonly expected: string;
}

/**
 * OCTET STRING, UTF8String (checked by itself), the other strings that a name may be of (RFC 5280, DirectoryString), and
 * UTCTime and GeneralizedTime, whose text their reader checks.
 */
const OTHER_PLAIN_TAGS: readonly number[] = [0x04, UTF8_STRING, 0x14, 0x1c, 0x1e, 0x17, 0x18];

const SHORTEST: Form = { has: isShortest, expected: 'a DER integer in its shortest form' };
const ASCII: Form = { has: (body) => !body.some((byte) => byte > 0x7f), expected: 'a DER string of ASCII' };
const FORMS: ReadonlyMap<number, Form> = new Map([
  [BOOLEAN, { has: isBoolean, expected: 'a DER boolean' }],
  [INTEGER, SHORTEST],
  [ENUMERATED, SHORTEST],
  [BIT_STRING, { has: hasZeroPadding, expected: 'a DER BIT STRING whose unused bits are zero' }],
  [NULL, { has: (body) => body.length === 0, expected: 'a DER NULL without contents' }],
  [OBJECT_IDENTIFIER, { has: isOid, expected: 'a whole object identifier in its shortest form' }],
  [PRINTABLE_STRING, ASCII],
  [IA5_STRING, ASCII],
]);

function isBoolean(body: Uint8Array): boolean {
  return body.length === 1 && (body[0] === 0x00 || body[0] === 0xff);
}

/** Two's complement without a first byte that says only what the next bit says. */
function isShortest([first, second]: Uint8Array): boolean {
  if (first === undefined || second === undefined) return first !== undefined;
  return first === 0x00 ? second >= 0x80 : first !== 0xff || second < 0x80;
}

function hasZeroPadding(body: Uint8Array): boolean {
  const [unused = 0xff] = body;
  if (body.length < 2) return unused === 0;
  return unused < 8 && ((body.at(-1) ?? 0) & ((1 << unused) - 1)) === 0;
}

/** The last byte of an arc has the high bit clear; no arc begins with seven zero bits. */
function isOid(body: Uint8Array): boolean {
  const isOpen = (i: number) => i >= 0 && (body[i] ?? 0) >= 0x80;
  return body.length > 0 && !isOpen(body.length - 1) && !body.some((byte, i) => byte === 0x80 && !isOpen(i - 1));
}
