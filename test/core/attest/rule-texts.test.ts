import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RuleResult } from '../../../src/core/attest/kit/rule-result.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { appraiseCase } from '../../platforms/carried-case.ts';
import { platformCases } from '../../platforms/cases.ts';

const FORMAT = readFileSync(join(import.meta.dirname, '../../../src/core/attest/FORMAT.md'), 'utf8');
const [, SECTION = ''] = FORMAT.split('## Texts of rules\n');
const ROWS = [...(SECTION.split('\n## ')[0] ?? '').matchAll(/^\| ([^|`]+) \| `([^`]+)` \| `([^`]+)` \|$/gm)].map(
  ([, names = '', expected = '', got = '']) => ({
    names: names.split(', ').map((name) => patternOf(name.replace('*', '<platform>'))),
    expected: patternOf(expected),
    got: patternOf(got),
  }),
);

/** What stands in angle brackets is some text. */
function patternOf(text: string): RegExp {
  const parts = text.split(/<[^>]*>/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}

function isSaid({ rule, expected, got }: RuleResult): boolean {
  const isOfList = expected === got || ` ${expected} `.includes(` ${got} `) || /^at least [0-9]+$/.test(expected);
  const name = rule.replace(/\.(?:gpu|switch)-[0-9]+\./, '.gpu-0.');
  const ofRule = ROWS.filter(({ names }) => names.some((pattern) => pattern.test(name)));
  return isOfList || ofRule.some((row) => row.expected.test(expected) && row.got.test(got));
}

test('FORMAT.md says what each rule that passes shows', async () => {
  expect(ROWS.length).toBeGreaterThan(60);
  for (const carried of platformCases()) {
    const { rules } = await appraiseCase(carried, verifyNode);
    expect(rules.filter((rule) => !isSaid(rule))).toEqual([]);
  }
});
