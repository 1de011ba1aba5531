import { wordlist } from '@scure/bip39/wordlists/english.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { ed25519KeyBytes, ed25519KeyText } from '../../../src/core/signature/key-text.ts';
import { comparisonCode, GENESIS_WORDS, REQUEST_WORDS } from '../../../src/core/statement/comparison-code.ts';
import { inScope, possessionMessage } from '../../../src/core/statement/principal.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const digests = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);

describe('a comparison code', () => {
  test('is the first bits of the digest, eleven a word', () => {
    expect(comparisonCode('00'.repeat(32), REQUEST_WORDS)).toBe('abandon abandon abandon abandon');
    expect(comparisonCode('ff'.repeat(32), REQUEST_WORDS)).toBe('zoo zoo zoo zoo');
    // 00000000001 00000000010 00000000011 00000000100, then ones
    expect(comparisonCode(`00200801804${'f'.repeat(53)}`, REQUEST_WORDS)).toBe(
      [1, 2, 3, 4].map((index) => wordlist[index]).join(' '),
    );
  });

  test('of genesis is twelve words, of a request four of them', () => {
    fc.assert(
      fc.property(digests, (digest) => {
        const words = comparisonCode(digest, GENESIS_WORDS).split(' ');
        expect(words).toHaveLength(12);
        expect(words.slice(0, 4).join(' ')).toBe(comparisonCode(digest, REQUEST_WORDS));
        const bits = words.map((word) => wordlist.indexOf(word).toString(2).padStart(11, '0')).join('');
        expect(BigInt(`0b${bits}`)).toBe(BigInt(`0x${digest}`) >> (256n - 132n));
      }),
    );
  });

  test('differs where one of its bits does', () => {
    const digest = new Uint8Array(32);
    const all = new Set([comparisonCode(toHex(digest), GENESIS_WORDS)]);
    for (let bit = 0; bit < 132; bit++) {
      const flipped = digest.map((byte, i) => (i === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
      all.add(comparisonCode(toHex(flipped), GENESIS_WORDS));
    }
    expect(all.size).toBe(133);
  });

  test.each(['', 'ab', 'AB'.repeat(32), `${'00'.repeat(31)}0`, '00'.repeat(33)])('has no digest %j', (digest) => {
    expect(() => comparisonCode(digest, REQUEST_WORDS)).toThrow(code('malformed'));
  });
});

describe('a key as text', () => {
  test('names its algorithm, and comes back', () => {
    fc.assert(
      fc.property(digests, (hex) => {
        const text = ed25519KeyText(fromHex(hex));
        expect(text).toMatch(/^ed25519:[A-Za-z0-9_-]{43}$/);
        expect(toHex(ed25519KeyBytes(text))).toBe(hex);
      }),
    );
  });
  test('is refused under another algorithm, and with another length', () => {
    expect(() => ed25519KeyBytes(`ml-dsa:${'A'.repeat(43)}`)).toThrow(code('invalid_key'));
    expect(() => ed25519KeyBytes(`ed25519:${'A'.repeat(42)}`)).toThrow(code('invalid_key'));
    expect(() => ed25519KeyBytes(`ed25519:${'A'.repeat(42)}B`)).toThrow(code('malformed'));
    expect(() => ed25519KeyText(new Uint8Array(31))).toThrow(code('invalid_key'));
  });
});

describe('a scope', () => {
  test.each([
    ['*', 'acme/ocr', true],
    ['acme/*', 'acme/ocr', true],
    ['acme/ocr', 'acme/ocr', true],
    ['acme/*', 'acme-eu/ocr', false],
    ['acme/ocr', 'acme/ocr-2', false],
    ['acme/ocr-2', 'acme/ocr', false],
    ['other/ocr', 'acme/ocr', false],
  ])('%s covers %s: %s (lesson: no substrings)', (scope, model, covers) => {
    expect(inScope([scope], model)).toBe(covers);
  });
  test('of several covers what one of them does, of none nothing', () => {
    expect(inScope(['a/b', 'acme/*'], 'acme/ocr')).toBe(true);
    expect(inScope([], 'acme/ocr')).toBe(false);
  });
});

test('possession binds role, name and key', () => {
  const record = { role: 'requester', name: 'serving', key: ed25519KeyText(new Uint8Array(32)) } as const;
  const messages = [
    record,
    { ...record, role: 'depositor' as const },
    { ...record, name: 'other' },
    { ...record, key: ed25519KeyText(new Uint8Array(32).fill(1)) },
  ].map((one) => toHex(possessionMessage(one)));
  expect(new Set(messages).size).toBe(4);
});
