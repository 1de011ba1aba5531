import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_TOKEN_CHARACTERS, parseCompactJws } from '../../../../src/core/attest/token/jws.ts';
import { toBase64url, utf8 } from '../../../../src/core/bytes.ts';
import { signText } from '../../../platforms/token.ts';
import { testKey } from '../../x509/certificate-kit.ts';

const KEY = testKey('ES384', 21);
const HEADER = '{"alg":"ES384","kid":"one"}';
const malformed = expect.objectContaining({ code: 'malformed' });
const parse = (text: string) => parseCompactJws(text, 'token');
const TOKEN = signText(HEADER, '{"iss":"me"}', KEY);

test('a token is read as it was signed', () => {
  const [header, payload] = TOKEN.split('.');
  expect(parse(TOKEN)).toEqual({
    algorithm: 'ES384',
    kid: 'one',
    payload: { iss: 'me' },
    message: utf8(`${header}.${payload}`),
    signature: expect.objectContaining({ length: 96 }),
  });
});

test('any object that JSON carries comes back', () => {
  const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 2 }), {
    noNullPrototype: true,
    maxKeys: 5,
  });
  fc.assert(
    fc.property(object, (payload) => {
      const text = JSON.stringify(payload);
      const token = [HEADER, text].map((part) => toBase64url(utf8(part))).join('.');
      expect(JSON.stringify(parse(`${token}.AA`).payload)).toBe(text);
    }),
    { numRuns: 50 },
  );
});

test('every truncation of a token is refused or is another token', () => {
  for (let length = 0; length < TOKEN.length; length++) {
    const cut = TOKEN.slice(0, length);
    if (cut.split('.').length === 3 && !cut.endsWith('.')) continue; // a shorter signature, which is not true
    expect(() => parse(cut), `${length}`).toThrow(malformed);
  }
});

test.each([
  ['a part too few', TOKEN.split('.').slice(0, 2).join('.')],
  ['a part too many', `${TOKEN}.AA`],
  ['padding', `${TOKEN}=`],
  ['white space', `${TOKEN}\n`],
  ['the other alphabet', TOKEN.replace('.', '+.')],
  ['a member called __proto__', signText(HEADER, '{"__proto__":{"iss":"me"}}', KEY)],
  ['a member called __proto__ at depth', signText(HEADER, '{"a":[{"__proto__":1}]}', KEY)],
  ['a token that is too long', `${TOKEN}${'A'.repeat(MAX_TOKEN_CHARACTERS)}`],
])('refuses %s', (_, text) => {
  expect(() => parse(text)).toThrow(malformed);
});

test('refuses trailing bits that are not zero: another spelling of the same bytes', () => {
  const text = `${toBase64url(utf8(HEADER))}.e30.AA`;
  expect(parse(text).signature).toEqual(Uint8Array.of(0));
  expect(() => parse(`${text.slice(0, -1)}B`)).toThrow(malformed);
});

describe('refuses a header', () => {
  test.each([
    ['that names an extension', '{"alg":"ES384","kid":"one","crit":["exp"],"exp":1}'],
    ['whose payload is not in base64url', '{"alg":"ES384","kid":"one","b64":false}'],
    ['that says its algorithm twice', '{"alg":"ES384","alg":"none","kid":"one"}'],
    ['without an algorithm', '{"kid":"one"}'],
    ['without a key', '{"alg":"ES384"}'],
    ['with an empty key id', '{"alg":"ES384","kid":""}'],
    ['of another type', '{"alg":"ES384","kid":"one","typ":"at+jwt"}'],
    ['that a terminal would obey', '{"alg":"ES384","kid":"\\u001b[2J"}'],
    ['that is no object', '["ES384"]'],
    ['that is no JSON', '{'],
  ])('%s', (_, header) => {
    expect(() => parse(signText(header, '{}', KEY))).toThrow(malformed);
  });
});

test.each([
  ['no object', '[]'],
  ['null', 'null'],
  ['no JSON', '{"a":}'],
  ['a member twice', '{"a":1,"a":2}'],
  ['a byte order mark', '\ufeff{}'],
])('refuses a payload that is %s', (_, payload) => {
  expect(() => parse(signText(HEADER, payload, KEY))).toThrow(malformed);
});
