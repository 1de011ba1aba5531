import { must, TwinlockError } from '../errors.ts';
import { readElement } from '../signature/der.ts';

/** DER tags (ITU-T X.690) that certificates use; CONTEXT is a constructed context-specific tag. */
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
export const ENUMERATED = 0x0a;
export const UTF8_STRING = 0x0c;
export const PRINTABLE_STRING = 0x13;
export const IA5_STRING = 0x16;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;
export const CONTEXT = 0xa0;

/**
 * Walks the elements of attacker-controlled DER in order. Every `read` throws `malformed` for another tag, a
 * length that is not in its only form, or an element longer than what holds it; `end` for bytes left over.
 */
export class DerReader {
  #rest: Uint8Array;

  constructor(der: Uint8Array) {
    this.#rest = der;
  }

  get done(): boolean {
    return this.#rest.length === 0;
  }

  nextIs(tag: number): boolean {
    return this.#rest[0] === tag;
  }

  /** The body of the next element. */
  read(tag: number): Uint8Array {
    const { body, rest } = readElement(this.#rest, tag);
    this.#rest = rest;
    return body;
  }

  /** The next element with its tag and length. */
  readWhole(tag: number): Uint8Array {
    const before = this.#rest;
    this.read(tag);
    return before.subarray(0, before.length - this.#rest.length);
  }

  /** A reader of what the next element holds. */
  enter(tag: number): DerReader {
    return new DerReader(this.read(tag));
  }

  /** DER has one true and one false. */
  readBoolean(): boolean {
    const body = this.read(BOOLEAN);
    must(body.length === 1 && (body[0] === 0x00 || body[0] === 0xff), 'malformed', 'expected a DER boolean');
    return body[0] === 0xff;
  }

  /** The bytes of a BIT STRING that is made of whole ones. */
  readBitString(): Uint8Array {
    const body = this.read(BIT_STRING);
    must(body[0] === 0, 'malformed', 'expected a BIT STRING of whole bytes');
    return body.subarray(1);
  }

  /** An object identifier in dotted decimal. */
  readOid(): string {
    return oidText(this.read(OBJECT_IDENTIFIER));
  }

  end(): void {
    must(this.done, 'malformed', `${this.#rest.length} bytes follow the last DER element`);
  }
}

/** Reads an element that is all of the bytes. */
export function enterWhole(der: Uint8Array, tag: number): DerReader {
  const outer = new DerReader(der);
  const inner = outer.enter(tag);
  outer.end();
  return inner;
}

function oidText(body: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  let fresh = true;
  for (const byte of body) {
    must(
      !(fresh && byte === 0x80) && value < 1 << 24,
      'malformed',
      'the object identifier is not in its shortest form',
    );
    value = value * 128 + (byte & 0x7f);
    fresh = byte < 0x80;
    if (!fresh) continue;
    arcs.push(value);
    value = 0;
  }
  const [first] = arcs;
  if (first === undefined || !fresh) throw new TwinlockError('malformed', 'the object identifier is cut short');
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...arcs.slice(1)].join('.');
}
