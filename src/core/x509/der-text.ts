import { fromBase64, fromHex, fromUtf8 } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import { orNull } from '../refusal.ts';
import { readWholeSequence } from '../signature/der.ts';
import { derOfPem } from './pem.ts';

const PEM_BEGIN = '-----BEGIN ';
const HEX = /^(?:[0-9a-fA-F]{2})+$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
/** As a form encodes PEM_BEGIN. */
const FORM_BEGIN = '-----BEGIN+';
/** Base64 of more than one line of PEM, and each of its lines. */
const PEM_BASE64 = /^[A-Za-z0-9+/]{77,}={0,2}$/;
const PEM_LINE = /.{64}(?=.)/g;
/** A boundary whose line end is written out. */
const WRITTEN_END = /-----(?:\\r)?\\n/;
const PERCENT = /%([0-9a-fA-F]{2})/g;

/**
 * The DER structures of an attacker-controlled file: the one that it is, or those of its text, as `derOfText` reads it.
 * Throws `malformed`, or as `derOfPem`.
 */
export function derOfFile(bytes: Uint8Array, label: string): Uint8Array[] {
  return isDer(bytes) ? [bytes] : derOfText(fromUtf8(bytes), label);
}

/** As `derOfFile`, of a file that has one structure. Throws `malformed` for several too. */
export function oneDerOfFile(bytes: Uint8Array, label: string): Uint8Array {
  const [der, ...more] = derOfFile(bytes, label);
  must(der !== undefined && more.length === 0, 'malformed', `expected one ${label}, got ${more.length + 1}`);
  return der;
}

/**
 * Whether bytes are one DER SEQUENCE, by its tag and its length. Text may begin with the same byte, the
 * digit 0, but is not as long as its second one would say.
 */
export function isDer(bytes: Uint8Array): boolean {
  return orNull(TwinlockError, () => readWholeSequence(bytes)) !== null;
}

/**
 * The DER structures of an attacker-controlled text, in any of the forms that tools write: PEM blocks of this
 * label as `linesOf` reads it, or hexadecimal or base64 (of either alphabet, padded or not) of one DER structure or of
 * PEM. White space around and inside of the latter two, and zeros at the end, are passed over. Throws `malformed`, or as
 * `derOfPem`.
 */
export function derOfText(text: string, label: string): Uint8Array[] {
  const whole = withoutEnd(text);
  if (whole.includes(PEM_BEGIN)) return derOfPem(linesOf(whole), label);
  const digits = whole.replace(/\s+/g, '');
  const expected = `expected ${label} in PEM, or DER in hexadecimal or base64`;
  must(HEX.test(digits) || BASE64.test(digits), 'malformed', expected);
  const bytes = HEX.test(digits) ? fromHex(digits.toLowerCase()) : fromBase64(padded(digits));
  if (isDer(bytes)) return [bytes];
  const held = orNull(TwinlockError, () => fromUtf8(bytes));
  must(held?.includes(PEM_BEGIN) === true, 'malformed', expected);
  return derOfPem(linesOf(withoutEnd(held)), label);
}

/**
 * The certificates of an attacker-controlled chain in PEM, in order, as `linesOf` reads it; as an HTTP header carries it
 * too, with percent signs (RFC 3986 section 2.1), as a form does, with plus signs for spaces, and as a C string with its
 * zero at the end. Throws as `derOfPem`.
 */
export function derOfChainText(text: string): Uint8Array[] {
  const byteOf = (_: string, digits: string) => String.fromCharCode(Number.parseInt(digits, 16));
  // A PEM boundary has spaces: where there is none, they may be written as %20.
  const spaced = text.includes(FORM_BEGIN) ? text.replaceAll('+', ' ') : text;
  const pem = text.includes(PEM_BEGIN) ? text : spaced.replace(PERCENT, byteOf);
  return derOfPem(linesOf(withoutEnd(pem)), 'CERTIFICATE');
}

/**
 * PEM in lines as `derOfPem` wants them, from what programs make of it: line ends written as \n (environment variables,
 * JSON that was quoted twice), spaces at the end of lines (terminals), a block's base64 in one line (`openssl enc -A`).
 */
function linesOf(pem: string): string {
  const text = WRITTEN_END.test(pem) ? pem.replaceAll('\\r', '').replaceAll('\\n', '\n') : pem;
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.map((line) => (PEM_BASE64.test(line) ? line.replace(PEM_LINE, '$&\n') : line)).join('\n');
}

/** Without the zeros that C programs write after a text. */
export function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
}

function padded(text: string): string {
  const standard = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  return standard.padEnd(4 * Math.ceil(standard.length / 4), '=');
}
