import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex } from '../../src/core/bytes.ts';
import type { Aead } from '../../src/core/weights/bulk-crypto.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import { referenceBulkCrypto } from '../core/weights/reference-bulk-crypto.ts';
import { vectorPath, vectorTest } from '../vectors.ts';

const KEY = new Uint8Array(32).fill(1);
const IV = new Uint8Array(12).fill(2);
const AAD = Uint8Array.of(3, 3, 3);
const PLAINTEXT = Uint8Array.from({ length: 21 }, (_, i) => i);
const INVALID = expect.objectContaining({ code: 'ciphertext_invalid' });
const MALFORMED = expect.objectContaining({ code: 'malformed' });

const IMPLEMENTATIONS: [string, Aead][] = [
  ['reference', referenceBulkCrypto.aead],
  ['platform', platformBulkCrypto.aead],
];

function seal(
  aead: Aead,
  plaintext: Uint8Array = PLAINTEXT,
  ...context: [Uint8Array, Uint8Array, Uint8Array] | []
): Uint8Array {
  const [key = KEY, iv = IV, aad = AAD] = context;
  const output = new Uint8Array(plaintext.length + 16);
  aead.seal(key, iv, aad, plaintext, output);
  return output;
}

interface GcmGroup {
  readonly ivSize: number;
  readonly keySize: number;
  readonly tests: readonly {
    readonly tcId: number;
    readonly key: string;
    readonly iv: string;
    readonly aad: string;
    readonly msg: string;
    readonly ct: string;
    readonly tag: string;
    readonly result: string;
  }[];
}

describe.each(IMPLEMENTATIONS)('AES-256-GCM (%s)', (_, aead) => {
  vectorTest('passes every Wycheproof vector with a 32-byte key and a 12-byte IV, and refuses the others', () => {
    const text = readFileSync(vectorPath('crypto', 'wycheproof', 'aes_gcm_test.json'), 'utf8');
    let ours = 0;
    for (const { ivSize, keySize, tests } of JSON.parse(text).testGroups as readonly GcmGroup[]) {
      const isOurs = ivSize === 96 && keySize === 256;
      for (const { tcId, result, ...hex } of tests) {
        const [key, iv, aad, msg] = [fromHex(hex.key), fromHex(hex.iv), fromHex(hex.aad), fromHex(hex.msg)];
        const sealed = fromHex(hex.ct + hex.tag);
        if (isOurs && result === 'valid') {
          expect(seal(aead, msg, key, iv, aad), `tcId ${tcId}`).toEqual(sealed);
          expect(aead.open(key, iv, aad, sealed), `tcId ${tcId}`).toEqual(msg);
        } else {
          expect(() => aead.open(key, iv, aad, sealed), `tcId ${tcId}`).toThrow(isOurs ? INVALID : MALFORMED);
        }
        ours += isOurs ? 1 : 0;
      }
    }
    expect(ours).toBeGreaterThan(60);
  });

  test('refuses every truncation', () => {
    const sealed = seal(aead);
    for (let length = 0; length < sealed.length; length++) {
      expect(() => aead.open(KEY, IV, AAD, sealed.slice(0, length)), `${length} bytes`).toThrow(INVALID);
    }
  });

  test('refuses a ciphertext that ends after four bytes of its tag', () => {
    const empty = seal(aead, new Uint8Array(0));
    expect(() => aead.open(KEY, IV, AAD, empty.slice(0, 4))).toThrow(INVALID);
  });

  test('refuses every flipped byte, of key, IV and AAD too', () => {
    const sealed = seal(aead);
    const inputs: [Uint8Array, Uint8Array, Uint8Array, Uint8Array] = [KEY, IV, AAD, sealed];
    for (const [which, input] of inputs.entries()) {
      for (let at = 0; at < input.length; at++) {
        const changed: typeof inputs = [...inputs];
        changed[which] = input.map((byte, i) => (i === at ? byte ^ 0x80 : byte));
        expect(() => aead.open(...changed), `input ${which}, byte ${at}`).toThrow(INVALID);
      }
    }
  });

  test('refuses a trailing byte', () => {
    expect(() => aead.open(KEY, IV, AAD, concat(seal(aead), Uint8Array.of(0)))).toThrow(INVALID);
  });

  test.each([
    ['a key of 16 bytes', KEY.slice(16), IV, 37],
    ['an IV of 16 bytes', KEY, new Uint8Array(16), 37],
    ['an IV of 8 bytes', KEY, IV.slice(4), 37],
    ['an output without room for the tag', KEY, IV, 36],
    ['an output that is too long', KEY, IV, 38],
  ])('refuses %s', (_name, key, iv, outputBytes) => {
    expect(() => aead.seal(key, iv, AAD, PLAINTEXT, new Uint8Array(outputBytes))).toThrow(MALFORMED);
  });

  test('reads and writes within views of larger buffers', () => {
    const around = new Uint8Array(100).fill(9);
    aead.seal(KEY, IV, AAD, around.subarray(3, 24), around.subarray(50, 87));
    expect(around.subarray(87)).toEqual(new Uint8Array(13).fill(9));
    expect(around.subarray(24, 50)).toEqual(new Uint8Array(26).fill(9));
    expect(aead.open(KEY, IV, AAD, around.subarray(50, 87))).toEqual(new Uint8Array(21).fill(9));
  });
});

describe('reference and platform agree', () => {
  test('on any input', () => {
    const property = fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 300 }),
      (key, iv, aad, plaintext) => {
        const sealed = seal(platformBulkCrypto.aead, plaintext, key, iv, aad);
        expect(sealed).toEqual(seal(referenceBulkCrypto.aead, plaintext, key, iv, aad));
        expect(platformBulkCrypto.aead.open(key, iv, aad, sealed)).toEqual(plaintext);
        expect(platformBulkCrypto.leafHash(plaintext)).toEqual(referenceBulkCrypto.leafHash(plaintext));
      },
    );
    fc.assert(property, { numRuns: 50 });
  });

  test.each([131_071, 131_072, 131_073, 262_145])('on %i bytes, at the edges of the pieces', (length) => {
    const plaintext = Uint8Array.from({ length }, (_, i) => (i * 31) >>> 4);
    const sealed = seal(platformBulkCrypto.aead, plaintext);
    expect(Buffer.compare(sealed, seal(referenceBulkCrypto.aead, plaintext))).toBe(0);
    expect(Buffer.compare(platformBulkCrypto.aead.open(KEY, IV, AAD, sealed), plaintext)).toBe(0);
  });
});
