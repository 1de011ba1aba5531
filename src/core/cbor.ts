import { fromUtf8 } from './bytes.ts';
import { must, TwinlockError } from './errors.ts';

export type CborValue = number | boolean | null | string | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<string | number, CborValue>;

/** Maps and arrays inside one another (CTAP 2.1 section 8); an attestation object has three. */
const DEPTH_MAX = 4;

// Major types (RFC 8949 section 3.1), and the arguments that are not the number itself.
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const SIMPLE = 7;
const ONE_BYTE = 24;
const EIGHT_BYTES = 27;
const SIMPLE_VALUES: ReadonlyMap<number, boolean | null> = new Map([
  [20, false],
  [21, true],
  [22, null],
]);

/**
 * Reads the CBOR map at the start of attacker-controlled bytes and says how many of them it takes.
 *
 * One accepted encoding (CTAP2 canonical CBOR without its order of keys, which some authenticators ignore):
 * integers below 2^53, byte and text strings, arrays, maps under text and integers, true, false and null, at most
 * four levels deep; the shortest form of every length and integer; no indefinite lengths, no tags, no floats, no
 * duplicate keys. Throws `malformed`. The caller bounds the length.
 */
export function readCborMap(bytes: Uint8Array): { map: CborMap; length: number } {
  const reader = new CborReader(bytes, DEFINITE);
  const map = reader.value(DEPTH_MAX);
  must(map instanceof Map, 'malformed', 'expected a CBOR map');
  return { map, length: reader.offset };
}

/** Reads a CBOR map that is all of the bytes. Throws `malformed`. */
export function readWholeCborMap(bytes: Uint8Array, what: string, form: CborForm = DEFINITE): CborMap {
  const map = readWholeCbor(bytes, what, form);
  must(map instanceof Map, 'malformed', `${what}: expected a CBOR map`);
  return map;
}

/** Reads a CBOR value that is all of the bytes, in the encoding that `readCborMap` names. Throws `malformed`. */
export function readWholeCbor(bytes: Uint8Array, what: string, form: CborForm = DEFINITE): CborValue {
  const reader = new CborReader(bytes, form);
  const value = reader.value(DEPTH_MAX);
  must(reader.offset === bytes.length, 'malformed', `${what}: bytes follow the CBOR value`);
  return value;
}

/** The encodings that a reader takes beyond the accepted one. */
export interface CborForm {
  /** Whether maps may also have an indefinite length and end with a break (RFC 8949 section 3.2.2). */
  readonly indefiniteMaps: boolean;
}
const DEFINITE: CborForm = { indefiniteMaps: false };
const INDEFINITE_MAP = 0xbf;
const BREAK = 0xff;

class CborReader {
  readonly #bytes: Uint8Array;
  readonly #form: CborForm;
  offset = 0;

  constructor(bytes: Uint8Array, form: CborForm) {
    this.#bytes = bytes;
    this.#form = form;
  }

  /** `levels`: how many maps and arrays may still open, which bounds the recursion. */
  value(levels: number): CborValue {
    if (this.#form.indefiniteMaps && this.#skips(INDEFINITE_MAP)) return this.#membersUntilBreak(this.#below(levels));
    const { type, argument } = this.#head();
    switch (type) {
      case UNSIGNED:
        return argument;
      case NEGATIVE:
        return -1 - argument;
      case BYTES:
        return new Uint8Array(this.#take(argument));
      case TEXT:
        return fromUtf8(this.#take(argument));
      case ARRAY:
        return this.#items(argument, this.#below(levels));
      case MAP:
        return this.#members(argument, this.#below(levels));
      default:
        return simple(type, argument);
    }
  }

  #below(levels: number): number {
    must(levels > 0, 'malformed', `expected CBOR of at most ${DEPTH_MAX} levels`);
    return levels - 1;
  }

  #items(count: number, levels: number): CborValue[] {
    const items: CborValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.value(levels));
    return items;
  }

  #members(count: number, levels: number): CborMap {
    const members = new Map<string | number, CborValue>();
    for (let i = 0; i < count; i++) this.#member(members, levels);
    return members;
  }

  #membersUntilBreak(levels: number): CborMap {
    const members = new Map<string | number, CborValue>();
    while (!this.#skips(BREAK)) this.#member(members, levels);
    return members;
  }

  #member(members: Map<string | number, CborValue>, levels: number): void {
    const key = this.value(0);
    must(typeof key === 'string' || typeof key === 'number', 'malformed', 'expected CBOR keys of text or integers');
    must(!members.has(key), 'malformed', 'expected no key of a CBOR map to be repeated');
    members.set(key, this.value(levels));
  }

  /** Whether this byte is next. If it is, the reader moves past it. */
  #skips(byte: number): boolean {
    const isNext = this.#bytes[this.offset] === byte;
    if (isNext) this.offset += 1;
    return isNext;
  }

  /** The major type and the argument, in its only form. */
  #head(): { type: number; argument: number } {
    const [initial = 0] = this.#take(1);
    const type = initial >> 5;
    const short = initial & 0x1f;
    if (short < ONE_BYTE) return { type, argument: short };
    must(short <= EIGHT_BYTES, 'malformed', 'expected CBOR of definite lengths');
    const length = 2 ** (short - ONE_BYTE);
    const argument = this.#take(length).reduce((value, byte) => value * 256 + byte, 0);
    const least = length === 1 ? ONE_BYTE : 256 ** (length / 2);
    must(argument >= least, 'malformed', 'expected CBOR in its shortest form');
    must(argument < Number.MAX_SAFE_INTEGER, 'malformed', 'expected CBOR integers below 2^53');
    return { type, argument };
  }

  #take(length: number): Uint8Array {
    const start = this.offset;
    must(length <= this.#bytes.length - start, 'malformed', 'the CBOR is cut short');
    this.offset = start + length;
    return this.#bytes.subarray(start, this.offset);
  }
}

function simple(type: number, argument: number): boolean | null {
  const value = type === SIMPLE ? SIMPLE_VALUES.get(argument) : undefined;
  if (value === undefined) throw new TwinlockError('malformed', 'expected CBOR without tags, floats and undefined');
  return value;
}
