import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { fromHex, toHex, utf8 } from '../../src/core/bytes.ts';
import {
  canonicalBytes,
  digestOf,
  digestOfObject,
  parseCanonical,
  parseCanonicalAs,
} from '../../src/core/canonical.ts';
import { vectorPath, vectorTest } from '../vectors.ts';

const MAX = 10_000;
const parse = (text: string) => parseCanonical(utf8(text), MAX);
const code = (name: string) => expect.objectContaining({ code: name });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('canonical JSON', () => {
  vectorTest('is that of every vector of RFC 8785', () => {
    const names = readdirSync(vectorPath('crypto', 'jcs', 'input'));
    expect(names.length).toBe(6);
    for (const name of names) {
      const input = JSON.parse(readFileSync(vectorPath('crypto', 'jcs', 'input', name), 'utf8'));
      const hex = readFileSync(vectorPath('crypto', 'jcs', 'outhex', name.replace('.json', '.txt')), 'utf8');
      const output = fromHex(hex.replace(/\s/g, ''));
      // We sign objects only, so what is an array in the vectors is a member here.
      const expected = Array.isArray(input) ? utf8(`{"a":${text(output)}}`) : output;
      const object = Array.isArray(input) ? { a: input } : input;
      expect(text(canonicalBytes(object))).toBe(text(expected));
      expect(parseCanonical(expected, MAX)).toEqual(object);
    }
  });

  test('sorts by UTF-16 code units, at every depth', () => {
    const value = { '\u{1f600}': 1, '\ufb33': 2, b: { z: 1, a: 2 }, a: 3, '': 4 };
    expect(text(canonicalBytes(value))).toBe('{"":4,"a":3,"b":{"a":2,"z":1},"\u{1f600}":1,"\ufb33":2}');
  });

  test('leaves out a member that is undefined', () => {
    expect(text(canonicalBytes({ a: undefined, b: null }))).toBe('{"b":null}');
  });

  test.each([
    ['a lone surrogate', { a: '\ud800' }],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['a number that is not finite', { a: Number.POSITIVE_INFINITY }],
    ['no number', { a: Number.NaN }],
    ['an array', [1]],
  ])('does not write %s', (_what, value) => {
    expect(() => canonicalBytes(value)).toThrow(code('not_canonical'));
  });

  test('comes back, for every JSON value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        // What JSON has no word for (-0), or what the object literal swallows, is not in question.
        const object = JSON.parse(JSON.stringify(value));
        const bytes = canonicalBytes(object);
        expect(parseCanonical(bytes, bytes.length)).toEqual(object);
        expect(digestOfObject(object)).toBe(digestOf(bytes));
      }),
    );
  });
});

describe('parsing', () => {
  test.each([
    ['a repeated member', '{"a":1,"a":2}'],
    ['a repeated member at depth', '{"a":{"b":1,"b":1}}'],
    ['members out of order', '{"b":1,"a":2}'],
    ['white space', '{"a": 1}'],
    ['a line end', '{"a":1}\n'],
    ['2^53 + 1', '{"a":9007199254740993}'],
    ['minus zero', '{"a":-0}'],
    ['an exponent', '{"a":1e3}'],
    ['a fraction of zero', '{"a":1.0}'],
    ['a number too large for any', '{"a":1e400}'],
    ['an escape that is not needed', '{"a":"\\u0061"}'],
    ['an upper-case escape', '{"a":"\\u001F"}'],
    ['an escaped slash', '{"a":"\\/"}'],
    ['an escaped lone surrogate', '{"a":"\\ud800"}'],
  ])('refuses %s', (_what, json) => {
    expect(() => parse(json)).toThrow(code('not_canonical'));
  });

  test.each([
    ['nothing', ''],
    ['a string', '"a"'],
    ['an array', '[]'],
    ['null', 'null'],
    ['bytes after it', '{}{}'],
    ['a byte after it', '{}\0'],
    ['a comment', '{}//'],
    ['a trailing comma', '{"a":1,}'],
    ['a control character in a string', '{"a":"\n"}'],
    ['a byte order mark', '\ufeff{}'],
  ])('refuses %s', (_what, json) => {
    expect(() => parse(json)).toThrow(code('malformed'));
  });

  test('refuses bytes that are no UTF-8', () => {
    expect(() => parseCanonical(fromHex('7b2261223a22ff227d'), MAX)).toThrow(code('malformed'));
  });

  test('refuses more bytes than allowed before it reads them', () => {
    expect(() => parseCanonical(utf8('{"a":1}'), 6)).toThrow(code('too_large'));
    expect(parseCanonical(utf8('{"a":1}'), 7)).toEqual({ a: 1 });
  });

  test('reads 64 levels, and refuses more before a parser sees them', () => {
    const nested = (depth: number) => utf8(`{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`);
    expect(Object.keys(parseCanonical(nested(64), MAX))).toEqual(['a']);
    expect(() => parseCanonical(nested(65), MAX)).toThrow(code('malformed'));
    expect(() => parseCanonical(nested(200_000), 1 << 20)).toThrow(code('malformed'));
    expect(parseCanonical(utf8('{"a":"[[[[{{{{"}'), MAX)).toEqual({ a: '[[[[{{{{' });
  });

  test('refuses every truncation and every flipped byte of a small case, or reads another value', () => {
    const value = { a: [1, 'é'], b: { c: null } };
    const bytes = canonicalBytes(value);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseCanonical(bytes.subarray(0, length), MAX)).toThrow(code('malformed'));
    }
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const flipped = bytes.map((byte, i) => (i === at ? byte ^ bit : byte));
        let parsed: object;
        try {
          parsed = parseCanonical(flipped, MAX);
        } catch (error) {
          expect(['malformed', 'not_canonical']).toContain((error as { code: string }).code);
          continue;
        }
        expect(toHex(canonicalBytes(parsed))).toBe(toHex(flipped));
        expect(parsed).not.toEqual(value);
      }
    }
  });
});

describe('parsing a document', () => {
  const schema = z.strictObject({ a: z.array(z.int()).check(z.maxLength(3)), b: z.string() });
  const parseDocument = (text: string) => parseCanonicalAs(schema, utf8(text), MAX, 'document');

  test('returns what is of the schema and in canonical form', () => {
    expect(parseDocument('{"a":[1,2],"b":"c"}')).toEqual({ a: [1, 2], b: 'c' });
  });

  test.each([
    ['members out of order', '{"b":"c","a":[1,2]}'],
    ['white space', '{"a":[1,2], "b":"c"}'],
    ['a repeated member', '{"a":[1],"a":[1,2],"b":"c"}'],
    ['an exponent', '{"a":[1e0,2],"b":"c"}'],
    ['an escape that is not needed', '{"a":[1,2],"b":"\\u0063"}'],
    ['a lone surrogate', '{"a":[1,2],"b":"\\ud800"}'],
  ])('refuses a valid document with %s', (_what, json) => {
    expect(() => parseDocument(json)).toThrow(code('not_canonical'));
  });

  test.each([
    ['another shape', '{"a":[1,2],"b":3}'],
    ['another shape, in another spelling', '{"b":3, "a":[1,2]}'],
    ['a member more', '{"a":[1,2],"b":"c","c":0}'],
    ['a member that JSON.parse makes no prototype of', '{"__proto__":{},"a":[1,2],"b":"c"}'],
    ['no object', '[]'],
    ['no JSON', '{'],
  ])('refuses %s', (_what, json) => {
    expect(() => parseDocument(json)).toThrow(code('malformed'));
  });

  test('refuses a document of which its schema drops a member', () => {
    const record = z.strictObject({ a: z.record(z.string(), z.string()) });
    const read = (json: string) => parseCanonicalAs(record, utf8(json), MAX, 'document');
    expect(read('{"a":{"constructor":"b"}}')).toEqual({ a: { constructor: 'b' } });
    expect(() => read('{"a":{"__proto__":"b"}}')).toThrow(code('not_canonical'));
  });

  test('refuses more bytes than allowed before it reads them', () => {
    expect(() => parseCanonicalAs(schema, utf8('{'), 0, 'document')).toThrow(code('too_large'));
  });

  test('does not write again what is too long for its schema', () => {
    const long = `{"a":[${'[],'.repeat(2000)}1e400],"b":"c"}`;
    expect(() => parse(long)).toThrow(code('not_canonical'));
    expect(() => parseDocument(long)).toThrow(/^document\.a: expected at most 3 elements$/);
  });
});
