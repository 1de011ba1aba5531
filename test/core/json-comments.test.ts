import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCommentedJson } from '../../src/core/json-comments.ts';

const malformed = expect.objectContaining({ code: 'malformed' });

test('JSON with comments is read as without them; what looks like one in a text is none', () => {
  const text = `// first
  { /* a, "b": 1 */ "a": "// \\" /* none */", // last
    "b//": [1, /* two
    lines */ 2] } // "end`;
  expect(parseCommentedJson(text)).toEqual({ a: '// " /* none */', 'b//': [1, 2] });
});

test('JSON without comments is read as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value, null, 1);
      fc.pre(!json.includes('"__proto__"'));
      expect(parseCommentedJson(json)).toEqual(JSON.parse(json));
      expect(parseCommentedJson(`/**/${json}//`)).toEqual(JSON.parse(json));
    }),
  );
});

test.each([
  '{"a": 1, /* }',
  '{"a": 1,}',
  '{"a" /: 1}',
  '{"a": "b // c',
  '1 " // x',
  "{'a': 1}",
  '{"a":1,/**/"a":1}',
  '1/**/2',
])('is refused: %s', (text) => {
  expect(() => parseCommentedJson(text)).toThrow(malformed);
});
