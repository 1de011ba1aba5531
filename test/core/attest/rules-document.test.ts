import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMPOSITE_RULES } from '../../../src/core/attest/compose.ts';
import type { RuleResult } from '../../../src/core/attest/kit/rule-result.ts';
import { NITRO_RULES } from '../../../src/core/attest/nitro/appraise.ts';
import { DEVICE_RULES, MACHINE_RULES } from '../../../src/core/attest/nvidia/appraise.ts';
import { SIMULATED_RULES } from '../../../src/core/attest/simulated/appraise.ts';
import { SNP_RULES } from '../../../src/core/attest/snp/rules.ts';
import { TDX_RULES } from '../../../src/core/attest/tdx/rules.ts';
import { NRAS_DEVICE_RULES, NRAS_RULES } from '../../../src/core/attest/token/nras.ts';
import { TRUST_AUTHORITY_RULES } from '../../../src/core/attest/token/trust-authority.ts';
import { TPM_RULES } from '../../../src/core/attest/tpm/rules.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { appraiseCase } from '../../platforms/carried-case.ts';
import { platformCases } from '../../platforms/cases.ts';

const DOCUMENT = new URL('../../../src/core/attest/RULES.md', import.meta.url);

interface Row {
  readonly rule: string;
  readonly expected: string;
  readonly got: string;
}

const ROWS: readonly Row[] = readFileSync(DOCUMENT, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, rule = '', , expected = '', got = ''] = line.split('|').map((cell) => cell.trim());
    return rule.includes('.') ? [{ rule, expected: unquoted(expected), got: unquoted(got) }] : [];
  });
const ORDER: readonly string[] = [...new Set(ROWS.map(({ rule }) => rule))];

function unquoted(cell: string): string {
  expect(cell).toMatch(/^`.+`$/);
  return cell.slice(1, -1);
}

/** Whether a text has the form of the document: all of it but what stands between < and >. */
function fits(form: string, text: string): boolean {
  const parts = form.split(/<[^>]*>/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`, 's').test(text);
}

const PLACE = /(?<=\.)(?:gpu|switch)-[0-9]+(?=\.)/;

function isOf(row: Row, { rule, expected, got }: RuleResult): boolean {
  const isSame = row.got !== '<same>' || expected === got;
  return row.rule === rule.replace(PLACE, '<device>') && fits(row.expected, expected) && fits(row.got, got) && isSame;
}

test('the document lists exactly the rules of the code', () => {
  const rules = [
    ...[...SIMULATED_RULES, ...TPM_RULES, ...SNP_RULES, ...TDX_RULES, ...NITRO_RULES],
    ...TRUST_AUTHORITY_RULES.map((rule) => `ita.${rule}`),
    ...[...DEVICE_RULES.map((rule) => `nvidia.<device>.${rule}`), ...MACHINE_RULES],
    ...[...NRAS_RULES.map((rule) => `nras.${rule}`), ...NRAS_DEVICE_RULES.map((rule) => `nras.<device>.${rule}`)],
    ...COMPOSITE_RULES,
  ];
  expect(ORDER.toSorted()).toEqual(rules.toSorted());
});

describe.each(platformCases().map((one) => [one.name, one] as const))('an appraisal of %s', (_, one) => {
  test('words its rules as the document does, in its order', async () => {
    const { rules, verdict } = await appraiseCase(one, verifyNode);
    expect(verdict).toBe('pass');
    expect(rules.filter((rule) => !ROWS.some((row) => isOf(row, rule)))).toEqual([]);
    for (const group of Map.groupBy(rules, ({ rule }) => PLACE.exec(rule)?.[0] ?? '').values()) {
      const places = group.map(({ rule }) => ORDER.indexOf(rule.replace(PLACE, '<device>')));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  });
});
