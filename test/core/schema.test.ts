import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import {
  binary,
  credentialId,
  digest,
  durationMs,
  ed25519Key,
  ed25519Signature,
  groupName,
  humanText,
  id,
  instantMs,
  modelName,
  modelScope,
  parseAs,
  rpId,
  u64Text,
  versionName,
} from '../../src/core/schema.ts';

const HEX = 'ab'.repeat(32);
const B64 = 'A'.repeat(43);

/** Each field type: what it accepts, and the other spellings and neighbours that it must refuse. */
const TYPES: readonly [string, z.ZodMiniType, readonly unknown[], readonly unknown[]][] = [
  ['a digest', digest, [HEX], ['', HEX.slice(2), `${HEX}ab`, HEX.toUpperCase(), `${HEX}\n`, `0x${HEX}`, 1, null]],
  ['an id', id, [HEX.slice(32)], [HEX, HEX.slice(34), HEX.slice(32).toUpperCase()]],
  ['an instant', instantMs, [0, 2 ** 53 - 1], [-1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '0', null]],
  ['a duration', durationMs, [1, 31_622_400_000], [0, -1, 0.5, '1', 31_622_400_001]],
  [
    'an unsigned 64-bit integer',
    u64Text,
    ['0', '18446744073709551615'],
    ['', '00', '01', '-1', '+1', '1.0', '1e3', ' 1', '1\n', '18446744073709551616', '99999999999999999999', 1],
  ],
  ['bytes', binary(1, 2), ['AA', 'AAA'], ['', 'A', 'AB', 'AAAA', 'AA==', 'A+', 'AA\n', null]],
  ['a credential id', credentialId, ['AA'], ['', 'A'.repeat(1366)]],
  [
    'an Ed25519 key',
    ed25519Key,
    [`ed25519:${B64}`],
    [B64, `Ed25519:${B64}`, `ed25519:${B64}A`, `ed25519:${B64.slice(1)}`, `ed25519:${B64}=`, `ed25519:${B64}\n`],
  ],
  ['a signature', ed25519Signature, ['A'.repeat(86)], ['A'.repeat(84), 'A'.repeat(88), `${'A'.repeat(85)}B`]],
  [
    'a model',
    modelName,
    ['acme/ocr', 'a/b', '0.x_y-z/0', `${'a'.repeat(64)}/${'b'.repeat(64)}`],
    [
      'acme',
      'acme/',
      '/ocr',
      'a/b/c',
      'Acme/ocr',
      '../ocr',
      'a/..',
      './a',
      'a/.b',
      'a/ b',
      'a/b\n',
      'é/a',
      `${'a'.repeat(65)}/b`,
    ],
  ],
  ['a version', versionName, ['1', '1.0.0-rc_1'], ['', '.1', '-1', 'V1', '1/2', '1 ', '..']],
  ['a scope', modelScope, ['*', 'acme/*', 'acme/ocr'], ['', '**', '*/*', '*/ocr', 'acme*', 'acme/o*', 'acme']],
  ['a group', groupName, ['security'], ['', 'Security', 'a b', 'a/b']],
  [
    'an RP ID',
    rpId,
    ['tl-abcdefgh01234567.localhost'],
    [
      'localhost',
      'tl-abcdefgh0123456.localhost',
      'tl-abcdefgh01234567.localhost.example',
      'tl-abcdefgh01234567_localhost',
      'TL-abcdefgh01234567.localhost',
    ],
  ],
];

describe.each(TYPES)('%s', (_name, schema, accepted, refused) => {
  test.each(accepted)('may be %j', (value) => {
    expect(parseAs(schema, value, 'it')).toBe(value);
  });
  test.each(refused)('may not be %j', (value) => {
    expect(() => parseAs(schema, value, 'it')).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

describe('a text for human beings', () => {
  const text = humanText(10);
  test.each(['a', 'Ana Alves', '安娜', 'Zoë', 'ü'.normalize('NFD'), 'x'.repeat(10), '🙂'])('may be %j', (value) => {
    expect(parseAs(text, value, 'it')).toBe(value);
  });
  test.each([
    ['nothing', ''],
    ['too long', 'x'.repeat(11)],
    ['a space before it', ' a'],
    ['a space after it', 'a '],
    ['a line end', 'a\nb'],
    ['a tabulator', 'a\tb'],
    ['a control character of Latin-1', 'a\u0085b'],
    ['a line separator', 'a\u2028b'],
    ['an override of direction', 'a\u202eb'],
    ['an isolate', 'a\u2066b'],
    ['an Arabic letter mark', 'a\u061cb'],
    ['a zero-width space', 'a\u200bb'],
    ['a zero-width joiner', 'a\u200db'],
    ['a word joiner', 'a\u2060b'],
    ['a byte order mark', 'a\ufeffb'],
    ['a soft hyphen', 'a\u00adb'],
    ['a grapheme joiner', 'a\u034fb'],
    ['a Hangul filler, which looks like a space', 'a\u3164b'],
    ['a blank Braille pattern, which is no space and looks like none', 'a\u2800'],
    ['a half-width Hangul filler', 'a\uffa0b'],
    ['a variation selector', 'a\ufe0fb'],
    ['a tag', 'a\u{e0041}b'],
    ['a variation selector of the supplement', 'a\u{e0100}b'],
    ['an annotation', 'a\ufff9b'],
    ['a lone surrogate', 'a\ud800b'],
  ])('may not have: %s (deceptive text)', (_what, value) => {
    expect(() => parseAs(text, value, 'it')).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

test.each([modelScope, modelName, versionName, groupName])(
  'a name with a capital is told that it must have none',
  (schema) => {
    expect(() => parseAs(schema, 'Acme/Ocr', '--models')).toThrow(/^--models: expected .*, in lower case/);
  },
);

test('an error names the document and the field', () => {
  const schema = z.strictObject({ list: z.array(z.strictObject({ a: digest })) });
  expect(() => parseAs(schema, { list: [{ a: HEX }, { a: 1 }] }, 'policy')).toThrow(
    expect.objectContaining({ code: 'malformed', detail: { path: 'policy.list.1.a' } }),
  );
});

test('a schema is walked, and no code is made of it: a page may not, and one rule is one program', () => {
  expect(z.config().jitless).toBe(true);
});
