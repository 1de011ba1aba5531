import { expect, test } from 'vitest';
import { requireInScope } from '../../../src/core/statement/principal.ts';

test('a model out of a key’s scope is refused with the scope, and with what to do', () => {
  const key = { name: 'serving', models: ['acme/*', 'other/ocr'] };
  for (const model of ['acme/ocr', 'other/ocr']) expect(() => requireInScope(key, model)).not.toThrow();
  const refused = (message: RegExp) =>
    expect.objectContaining({ code: 'out_of_scope', message: expect.stringMatching(message) });
  expect(() => requireInScope(key, 'other/asr')).toThrow(
    refused(
      /^the key “serving” may name acme\/\*, other\/ocr, got other\/asr: make a key for it \(twinlock key create --models\)/,
    ),
  );
  const many = { name: 'all', models: Array.from({ length: 60 }, (_, i) => `a${i}/*`) };
  expect(() => requireInScope(many, 'other/asr')).toThrow(refused(/a7\/\* and 52 more, got/));
});
