import { counted } from '../counted.ts';
import { must } from '../errors.ts';
import { readElement } from '../signature/der.ts';
import { BIT_STRING, BOOLEAN, OBJECT_IDENTIFIER } from '../signature/der-form.ts';

/** More DER tags (ITU-T X.690) that certificates use; CONTEXT is a constructed context-specific tag. */
export const OCTET_STRING = 0x04;
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

  readBoolean(): boolean {
    return this.read(BOOLEAN)[0] === 0xff;
  }

  /** A BOOLEAN DEFAULT FALSE: absent where it is false, as DER leaves out every default (X.690 section 11.5). */
  readFlag(): boolean {
    if (!this.nextIs(BOOLEAN)) return false;
    must(this.readBoolean(), 'malformed', 'expected a default value to be left out');
    return true;
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
    must(
      this.done,
      'malformed',
      `expected the end, got ${counted(this.#rest.length, 'byte')} after the last DER element`,
    );
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
  for (const byte of body) {
    must(value < 1 << 24, 'malformed', 'expected an object identifier of arcs below 2^31');
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(value);
    value = 0;
  }
  const [first = 0] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...arcs.slice(1)].join('.');
}
