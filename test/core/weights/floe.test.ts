import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, utf8 } from '../../../src/core/bytes.ts';
import type { Aead } from '../../../src/core/weights/bulk-crypto.ts';
import {
  encryptedBytes,
  FLOE_WEIGHTS,
  type FloeParameters,
  plaintextSegmentBytes,
  segmentCount,
  segmentSpan,
  startDecryption,
  startEncryption,
} from '../../../src/core/weights/floe.ts';
import { platformBulkCrypto } from '../../../src/platform/aead.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';
import { referenceBulkCrypto } from './reference-bulk-crypto.ts';
import { seededRandom } from './seeded-random.ts';

const KEY = new Uint8Array(32).fill(7);
const AAD = utf8('of the test');
/** 8 bytes of plaintext a segment; the key changes every second one. */
const SMALL: FloeParameters = { encryptedSegmentBytes: 40, rotationMaskBits: 1, ivBytes: 32 };
const INVALID = expect.objectContaining({ code: 'ciphertext_invalid' });
const { aead } = referenceBulkCrypto;

interface Sealed {
  readonly header: Uint8Array;
  readonly segments: Uint8Array[];
}

/** `lengths` are those of the plaintext segments; the last is marked last unless `closed` is false. */
function seal(lengths: readonly number[], closed = true, seed = 'floe'): Sealed {
  const floe = startEncryption(KEY, AAD, seededRandom(seed), aead, SMALL);
  const segments = lengths.map((length, k) =>
    floe.segment(k, new Uint8Array(length).fill(k), closed && k === lengths.length - 1),
  );
  return { header: floe.header, segments };
}

/** Reads as the size says that was authenticated elsewhere; the bytes are attacker-controlled. */
function open(stored: Uint8Array, plainBytes: number, key = KEY, aad = AAD): Uint8Array {
  const floe = startDecryption(key, aad, stored.slice(0, 74), aead, SMALL);
  const segments = Array.from({ length: segmentCount(plainBytes, SMALL) }, (_, k) => {
    const span = segmentSpan(k, plainBytes, SMALL);
    const end = span.last ? stored.length : span.offset + span.bytes;
    return floe.segment(k, stored.slice(span.offset, end), span.last);
  });
  return concat(...segments);
}

const join = ({ header, segments }: Sealed): Uint8Array => concat(header, ...segments);

describe('vectors', () => {
  const names = () =>
    readdirSync(vectorPath('crypto', 'floe'))
      .filter((name) => name.endsWith('_ct.txt'))
      .map((name) => name.slice(0, -'_ct.txt'.length));
  const read = (name: string) =>
    fromHex(
      readFileSync(vectorPath('crypto', 'floe', `${name}.txt`), 'utf8')
        .trim()
        .toLowerCase(),
    );

  const implementations = [
    ['reference', referenceBulkCrypto.aead],
    ['platform', platformBulkCrypto.aead],
  ] as const;
  /** What the vectors of the specification are encrypted under. */
  function openVector(name: string, implementation: Aead) {
    const ciphertext = read(`${name}_ct`);
    const plaintext = read(`${name}_pt`);
    const parameters: FloeParameters = {
      encryptedSegmentBytes: new DataView(ciphertext.buffer).getUint32(2),
      rotationMaskBits: name.includes('rotation') ? 2 : 20,
      ivBytes: 32,
    };
    const header = ciphertext.slice(0, 74);
    const floe = startDecryption(new Uint8Array(32), utf8('This is AAD'), header, implementation, parameters);
    return { ciphertext, plaintext, parameters, floe };
  }

  vectorTest.each(implementations)('every vector of the specification decrypts (%s)', (_, implementation) => {
    const shortest = names().filter((name) => !name.includes('lastSegEmpty'));
    for (const name of shortest) {
      const { ciphertext, plaintext, parameters, floe } = openVector(name, implementation);
      const segmentBytes = plaintextSegmentBytes(parameters);
      for (let k = 0; k < segmentCount(plaintext.length, parameters); k++) {
        const { offset, bytes, last } = segmentSpan(k, plaintext.length, parameters);
        const segment = floe.segment(k, ciphertext.slice(offset, offset + bytes), last);
        expect(segment, name).toEqual(plaintext.slice(k * segmentBytes, (k + 1) * segmentBytes));
      }
      expect(ciphertext.length, name).toBe(encryptedBytes(plaintext.length, parameters));
    }
    expect(shortest.length).toBeGreaterThanOrEqual(12);
  });

  // The specification allows a writer to end a full segment with an empty one. FORMAT.md does not: a size has one length.
  vectorTest.each(implementations)(
    'an empty last segment, which the specification takes, is refused (%s)',
    (_, aead) => {
      const empty = names().filter((name) => name.includes('lastSegEmpty'));
      for (const name of empty) {
        const { ciphertext, plaintext, parameters, floe } = openVector(name, aead);
        const { encryptedSegmentBytes } = parameters;
        const full = Math.floor((ciphertext.length - 74) / encryptedSegmentBytes);
        const at = (k: number) =>
          ciphertext.slice(74 + k * encryptedSegmentBytes, 74 + (k + 1) * encryptedSegmentBytes);
        const segments = Array.from({ length: full }, (_, k) => floe.segment(k, at(k), false));
        expect(concat(...segments), name).toEqual(plaintext);
        expect(at(full), name).toHaveLength(32);
        const refused = { code: 'ciphertext_invalid', message: `segment ${full}: unexpected length of 32 bytes` };
        expect(() => floe.segment(full, at(full), true), name).toThrow(expect.objectContaining(refused));
      }
      expect(empty.length).toBeGreaterThanOrEqual(1);
    },
  );
});

describe('lengths', () => {
  const MIB = 2 ** 20;

  test('weights are cut into segments of exactly 1 MiB', () => {
    expect(plaintextSegmentBytes()).toBe(MIB);
    expect(FLOE_WEIGHTS).toEqual({ encryptedSegmentBytes: 1_048_608, rotationMaskBits: 20, ivBytes: 32 });
    expect(startEncryption(KEY, AAD, seededRandom('header'), aead).header).toHaveLength(74);
  });

  test.each([
    [0, 1, 74 + 32],
    [1, 1, 74 + 33],
    [MIB, 1, 74 + 32 + MIB],
    [MIB + 1, 2, 74 + 64 + MIB + 1],
    [5 * MIB, 5, 74 + 5 * (32 + MIB)],
    [2 ** 44, 2 ** 24, 74 + 2 ** 29 + 2 ** 44],
  ])('%i bytes have one valid length', (plainBytes, count, bytes) => {
    expect(segmentCount(plainBytes)).toBe(count);
    expect(encryptedBytes(plainBytes)).toBe(bytes);
    const { offset, bytes: lastBytes, last } = segmentSpan(count - 1, plainBytes);
    expect({ end: offset + lastBytes, last }).toEqual({ end: bytes, last: true });
  });

  test.each([-1, 0.5, 2, Number.NaN])('refuses segment %d of a file of two', (k) => {
    expect(() => segmentSpan(k, MIB + 1)).toThrow(expect.objectContaining({ code: 'range_not_satisfiable' }));
  });

  test.each([-1, 0.5, 2 ** 53, Number.NaN])('refuses %d as a length', (plainBytes) => {
    expect(() => segmentCount(plainBytes)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  test.each([-1, 2 ** 40, 1.5])('refuses segment %d, which FLOE does not have', (k) => {
    const floe = startEncryption(KEY, AAD, seededRandom('k'), aead, SMALL);
    expect(() => floe.segment(k, new Uint8Array(8), false)).toThrow(
      expect.objectContaining({ code: 'range_not_satisfiable' }),
    );
  });

  test.each([
    ['a short segment that is not the last', 0, 7, false],
    ['a segment that is too long', 0, 9, false],
    ['a last segment that is too long', 0, 9, true],
    ['an empty last segment after a full one', 1, 0, true],
  ])('does not encrypt %s', (_, k, length, last) => {
    const floe = startEncryption(KEY, AAD, seededRandom('length'), aead, SMALL);
    expect(() => floe.segment(k, new Uint8Array(length), last)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  test('refuses a key of another length', () => {
    expect(() => startEncryption(KEY.slice(1), AAD, seededRandom('key'), aead, SMALL)).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
  });

  test('refuses a generator that returns too little', () => {
    expect(() => startEncryption(KEY, AAD, () => new Uint8Array(31), aead, SMALL)).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });
});

describe('round trips', () => {
  test('any text comes back, in every order of its segments', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 70 }),
      fc.integer({ min: 0, max: 3 }),
      fc.infiniteStream(fc.nat()),
      (plaintext, rotationMaskBits, order) => {
        const parameters = { ...SMALL, rotationMaskBits };
        const spans = Array.from({ length: segmentCount(plaintext.length, parameters) }, (_, k) => ({
          k,
          rank: order.next().value,
        }));
        const encryption = startEncryption(KEY, AAD, seededRandom('round'), platformBulkCrypto.aead, parameters);
        const decryption = startDecryption(KEY, AAD, encryption.header, aead, parameters);
        for (const { k } of spans.sort((a, b) => a.rank - b.rank)) {
          const { bytes, last } = segmentSpan(k, plaintext.length, parameters);
          const part = plaintext.slice(8 * k, 8 * (k + 1));
          const encrypted = encryption.segment(k, part, last);
          expect(encrypted).toHaveLength(bytes);
          expect(decryption.segment(k, encrypted, last)).toEqual(part);
        }
      },
    );
    fc.assert(property, { numRuns: 50 });
  });

  test('a segment encrypted again has another IV and another ciphertext', () => {
    const floe = startEncryption(KEY, AAD, seededRandom('again'), aead, SMALL);
    const [first, second] = [floe.segment(0, new Uint8Array(8), true), floe.segment(0, new Uint8Array(8), true)];
    expect(first.slice(4, 16)).not.toEqual(second.slice(4, 16));
    expect(first.slice(16)).not.toEqual(second.slice(16));
  });
});

describe('a stored file that was changed', () => {
  const stored = join(seal([8, 8, 3]));

  test('opens as long as it is whole', () => {
    expect(open(stored, 19)).toEqual(concat(new Uint8Array(8), new Uint8Array(8).fill(1), new Uint8Array(3).fill(2)));
  });

  test('every truncation is refused', () => {
    for (let length = 0; length < stored.length; length++) {
      expect(() => open(stored.slice(0, length), 19), `${length} bytes`).toThrow(INVALID);
    }
  });

  test('every flipped byte is refused', () => {
    for (let at = 0; at < stored.length; at++) {
      const flipped = stored.slice();
      flipped[at] = (flipped[at] as number) ^ 0x40;
      expect(() => open(flipped, 19), `byte ${at}`).toThrow(INVALID);
    }
  });

  test('is refused under another key and under another AAD', () => {
    expect(() => open(stored, 19, new Uint8Array(32))).toThrow(INVALID);
    expect(() => open(stored, 19, KEY, utf8('of another test'))).toThrow(INVALID);
  });

  test('is refused with the header of another encryption of the same text', () => {
    const other = seal([8, 8, 3], true, 'other');
    expect(() => open(join({ ...seal([8, 8, 3]), header: other.header }), 19)).toThrow(INVALID);
  });

  test('is refused by other parameters', () => {
    const { header } = seal([8]);
    const larger = { ...SMALL, encryptedSegmentBytes: 41 };
    expect(() => startDecryption(KEY, AAD, header, aead, larger)).toThrow(INVALID);
    expect(() => startDecryption(KEY, AAD, header, aead)).toThrow(INVALID);
  });

  // The catalogue of the age test suite (stream_*), case by case. The size is the one that was signed.
  const A = seal([8, 8, 3]);
  const [a0, a1, a2] = A.segments as [Uint8Array, Uint8Array, Uint8Array];
  const openEnded = seal([8, 8], false);
  const other = seal([8, 8, 3], true, 'other').segments as [Uint8Array, Uint8Array, Uint8Array];
  const twoLast = (length: number) => {
    const floe = startEncryption(KEY, AAD, seededRandom('two'), aead, SMALL);
    return {
      header: floe.header,
      segments: [floe.segment(0, new Uint8Array(length), true), floe.segment(1, new Uint8Array(length), true)],
    };
  };
  const cases: readonly (readonly [string, Sealed, number])[] = [
    ['no header (no_nonce)', { header: new Uint8Array(0), segments: [] }, 0],
    ['a short header (short_nonce)', { header: A.header.slice(0, 73), segments: [] }, 0],
    ['no segment (no_chunks)', { ...A, segments: [] }, 0],
    ['a segment of no length (missing_tag)', { ...A, segments: [a0, a1, a2.slice(0, 19)] }, 19],
    ['a short segment (short_chunk)', { ...A, segments: [a0.slice(1), a1, a2] }, 19],
    ['a short second segment (short_second_chunk)', { ...A, segments: [a0, a1.slice(1), a2] }, 19],
    ['no last segment (no_final)', { ...A, segments: [a0] }, 19],
    ['no last segment after two (no_final_two_chunks)', { ...A, segments: [a0, a1] }, 19],
    ['a last segment that is not marked (no_final_full)', openEnded, 16],
    ['a file cut at a segment, with the size cut too', { ...A, segments: [a0, a1] }, 16],
    ['a last segment in front (two_final_chunks)', twoLast(8), 16],
    ['two last segments read as one', twoLast(3), 3],
    ['two last segments, short (two_final_chunks_short)', twoLast(3), 11],
    ['an empty last segment (last_chunk_empty)', { ...A, segments: [a0, a1, seal([0]).segments[0] as Uint8Array] }, 16],
    ['one byte more (trailing_garbage_short)', { ...A, segments: [a0, a1, a2, Uint8Array.of(0)] }, 19],
    ['a segment more (trailing_garbage_long)', { ...A, segments: [a0, a1, a2, a1] }, 19],
    ['a segment inserted twice', { ...A, segments: [a0, a0, a1, a2] }, 27],
    ['a segment left out', { ...A, segments: [a0, a2] }, 11],
    ['the first two swapped', { ...A, segments: [a1, a0, a2] }, 19],
    ['the last one in front', { ...A, segments: [a2, a0, a1] }, 19],
    ['a segment of another file', { ...A, segments: [a0, other[1], a2] }, 19],
    ['the last segment of another file', { ...A, segments: [a0, a1, other[2]] }, 19],
    ['a flipped tag in the second (bad_tag_second_chunk)', { ...A, segments: [a0, flipLast(a1), a2] }, 19],
  ];

  test.each(cases)('refuses %s', (_, sealed, plainBytes) => {
    expect(() => open(join(sealed), plainBytes)).toThrow(INVALID);
  });

  test('refuses an empty last segment after a full one even where its tag is right', () => {
    const { header, segments } = seal([8], false);
    const decryption = startDecryption(KEY, AAD, header, { ...aead, open: () => new Uint8Array(0) }, SMALL);
    const empty = Uint8Array.from({ length: 32 }, (_, at) => (at === 3 ? 32 : 0));
    expect(decryption.segment(0, segments[0] as Uint8Array, false)).toHaveLength(0);
    expect(() => decryption.segment(1, empty, true)).toThrow(INVALID);
    expect(decryption.segment(0, empty, true)).toHaveLength(0);
  });

  test.each([
    [0, 'a whole empty file (empty_payload)'],
    [8, 'a full last segment (last_chunk_full)'],
    [16, 'a full second segment (last_chunk_full_second)'],
    [257 * 8 + 3, 'many segments (257_chunks)'],
    [257 * 8, 'many full segments (257_chunks_full)'],
  ])('accepts %i bytes: %s', (plainBytes) => {
    const lengths = Array.from(
      { length: segmentCount(plainBytes, SMALL) },
      (_, k) => segmentSpan(k, plainBytes, SMALL).plainBytes,
    );
    expect(open(join(seal(lengths)), plainBytes)).toHaveLength(plainBytes);
  });
});

function flipLast(segment: Uint8Array): Uint8Array {
  const flipped = segment.slice();
  flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
  return flipped;
}
