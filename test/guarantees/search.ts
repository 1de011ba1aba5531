import { fromHex, toHex } from '../../src/core/bytes.ts';

export interface Sought {
  /** What is told where it is found; many may have the same. */
  readonly what: string;
  /** 12 at least: fewer turn up by chance. */
  readonly bytes: Uint8Array;
}

/** What a text in an encoding is, and how its bytes are read from one of its characters on. */
interface Encoding {
  readonly text: RegExp;
  readonly alignments: number;
  readonly decode: (text: string) => Uint8Array;
}

const MIN_BYTES = 12;
/** PEM and its like break their lines. */
const ENCODINGS: readonly Encoding[] = [
  {
    text: /[0-9a-f\r\n]{24,}|[0-9A-F\r\n]{24,}/g,
    alignments: 2,
    decode: (text) => fromHex(text.slice(0, text.length - (text.length % 2)).toLowerCase()),
  },
  {
    text: /[A-Za-z0-9+/_\r\n-]{16,}/g,
    alignments: 4,
    // Both alphabets.
    decode: (text) => Buffer.from(text, 'base64'),
  },
  {
    // A byte array as JSON, or as a logger writes one: {"0":12,"1":34}.
    text: /(?:(?:"\d+":)?\d{1,3},){11,}(?:"\d+":)?\d{1,3}/g,
    alignments: 1,
    decode: (text) => Uint8Array.from(text.replaceAll(/"\d+":/g, '').split(','), Number),
  },
];

/** Looks for many secrets at once: raw, and in texts of hex, base64, base64url or decimal bytes at any alignment. */
export class Search {
  /** Which first three bytes anything begins with. */
  readonly #begins = new Uint8Array(1 << 24);
  /** By their first six bytes. */
  readonly #sought = new Map<number, Sought[]>();

  constructor(sought: readonly Sought[]) {
    for (const one of sought) {
      const bytes = Buffer.from(one.bytes);
      if (bytes.length < MIN_BYTES) throw new Error(`${one.what}: too short to be sought`);
      this.#begins[bytes.readUIntBE(0, 3)] = 1;
      const key = bytes.readUIntBE(0, 6);
      this.#sought.set(key, [...(this.#sought.get(key) ?? []), one]);
    }
  }

  /** What of it is in `bytes`. */
  in(bytes: Uint8Array): ReadonlySet<string> {
    const found = new Set<string>();
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#raw(buffer, found);
    const text = buffer.toString('latin1');
    for (const encoding of ENCODINGS) {
      for (const [run] of text.matchAll(encoding.text)) {
        const characters = run.replaceAll(/[\r\n]/g, '');
        for (let from = 0; from < encoding.alignments; from++) {
          this.#raw(Buffer.from(encoding.decode(characters.slice(from))), found);
        }
      }
    }
    return found;
  }

  #raw(bytes: Buffer, found: Set<string>): void {
    let first = 0;
    for (let i = 0; i < bytes.length; i++) {
      first = ((first << 8) | (bytes[i] as number)) & 0xff_ffff;
      const start = i - 2;
      if (this.#begins[first] === 0 || start < 0 || start + MIN_BYTES > bytes.length) continue;
      for (const { what, bytes: wanted } of this.#sought.get(bytes.readUIntBE(start, 6)) ?? []) {
        if (bytes.subarray(start, start + wanted.length).equals(wanted)) found.add(what);
      }
    }
  }
}

/** Every encoding in which the search is to find it, for a control of the search itself. */
export function encodingsOf(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes);
  return [
    buffer.toString('latin1'),
    toHex(bytes),
    toHex(bytes).toUpperCase(),
    buffer.toString('base64'),
    buffer.toString('base64url'),
    buffer.toString('base64').replaceAll(/.{16}/g, '$&\r\n'),
    JSON.stringify([...bytes]),
    JSON.stringify(bytes),
  ];
}
