import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { parseAs } from '../../src/core/schema.ts';

const schema = z.strictObject({
  v: z.literal(1),
  kind: z.enum(['a', 'b']),
  text: z.string().check(z.minLength(2), z.maxLength(4)),
  count: z.int().check(z.gte(0), z.lt(9)),
  list: z.array(z.discriminatedUnion('is', [z.strictObject({ is: z.literal('x') })])).check(z.maxLength(1)),
  form: z.string().check(z.regex(/^f+$/)),
  ours: z.string().check(z.regex(/^o+$/, 'expected our own words')),
  named: z.record(z.string().check(z.regex(/^[a-z]$/)), z.null()),
});
const VALID = { v: 1, kind: 'a', text: 'abc', count: 1, list: [{ is: 'x' }], form: 'f', ours: 'o', named: { a: null } };

function messageOf(changes: object): string {
  try {
    parseAs(schema, { ...VALID, ...changes }, 'it');
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

test.each<[object, string]>([
  [{}, 'accepted'],
  [{ v: 2 }, 'it.v: expected 1'],
  [{ kind: 'c' }, 'it.kind: expected a or b'],
  [{ kind: undefined }, 'it.kind: expected a or b'],
  [{ text: 7 }, 'it.text: expected string'],
  [{ text: 'a' }, 'it.text: expected at least 2 characters'],
  [{ text: 'abcde' }, 'it.text: expected at most 4 characters'],
  [{ count: -1 }, 'it.count: expected at least 0'],
  [{ count: 9 }, 'it.count: expected less than 9'],
  [{ count: 0.5 }, 'it.count: expected int'],
  [{ list: [{ is: 'x' }, { is: 'x' }] }, 'it.list: expected at most 1 elements'],
  [{ list: [{ is: 'y' }] }, 'it.list.0.is: expected x'],
  [{ list: [0] }, 'it.list.0: expected object'],
  [{ form: 'g' }, 'it.form: expected text of the form /^f+$/'],
  [{ ours: 'x' }, 'it.ours: expected our own words'],
  [{ named: { B: null } }, 'it.named.B: expected another name of a member'],
  [{ kund: 1 }, 'it: expected no member kund'],
  [{ '\u202e': 1 }, 'it: expected no member of another name'],
])('%j: %s', (changes, message) => {
  expect(messageOf(changes)).toBe(message);
});

/** The messages of a process that has imported `also`, and may or may not make code from text as libraries like to. */
function messagesWith(also: string, flags: readonly string[] = []): string {
  const at = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
  const script = `
    ${also}
    const { parseReferenceValues, NO_REFERENCE_VALUES } = await import(${at('src/core/attest/reference-values.ts')});
    const { parseEvidence } = await import(${at('src/core/attest/evidence.ts')});
    const report = { v: 1, kind: 'evidence', report: { platform: 'none' } };
    const attempts = [
      () => parseReferenceValues({ ...NO_REFERENCE_VALUES, tdx: 7 }),
      () => parseReferenceValues({ ...NO_REFERENCE_VALUES, simulated: { platform: 'x', measurements: ['a'] } }),
      () => parseReferenceValues({ ...NO_REFERENCE_VALUES, more: null }),
      () => parseEvidence(new TextEncoder().encode(JSON.stringify(report))),
    ];
    for (const attempt of attempts) try { attempt(); } catch (error) { console.log(error.code, error.message); }`;
  const options = ['--no-warnings', ...flags, '--input-type=module', '--eval', script];
  return execFileSync(process.execPath, options, { encoding: 'utf8', cwd: new URL('../..', import.meta.url) });
}

test('a document is refused in the same words, also where the process has loaded other modules', () => {
  const alone = messagesWith('');
  expect(alone.split('\n').slice(0, -1)).toEqual([
    'malformed reference values.tdx: expected object',
    'malformed reference values.simulated.platform: expected simulated',
    'malformed reference values: expected no member more',
    'malformed evidence.vault: expected string',
  ]);
  expect(messagesWith("await import('zod');")).toBe(alone);
  expect(messagesWith('', ['--disallow-code-generation-from-strings'])).toBe(alone);
});
