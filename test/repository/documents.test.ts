import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type * as z from 'zod/mini';
import { toHex } from '../../src/core/bytes.ts';
import { CODES, type CodeGroup } from '../../src/core/errors.ts';
import { exitCodeOf } from '../../src/core/exit-codes.ts';
import { frame } from '../../src/core/frame.ts';
import { STATE_RULES } from '../../src/core/state/snapshot.ts';
import { policySchema } from '../../src/core/statement/policy.ts';
import { KINDS } from '../../src/core/statement/statement.ts';
import { statusOf } from '../../src/http/problem.ts';
import { maxBodyBytes, type Route } from '../../src/wire/route.ts';
import { ROUTES } from '../../src/wire/routes.ts';

const root = join(import.meta.dirname, '../..');
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');

/** The cells of the rows of all tables in a document, without their heads. */
function rowsOf(path: string): string[][] {
  const lines = textOf(path).split('\n');
  return lines
    .filter((line, i) => line.startsWith('| ') && !lines[i + 1]?.startsWith('|---'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

test('core/FORMAT.md lists every code, its group, its HTTP status and its exit code', () => {
  const groups = Object.keys(CODES) as CodeGroup[];
  const listed = rowsOf('src/core/FORMAT.md').map(([group, , codes]) => [group, codes]);
  const expected = groups.map((group) => [
    group,
    CODES[group].map((code) => `\`${code}\` (${statusOf({ code, group })}, ${exitCodeOf({ code, group })})`).join(', '),
  ]);
  expect(listed).toEqual(expected);
});

test('the example of a frame in core/FORMAT.md is what the code writes', () => {
  const example = /^000f [0-9a-f]+/m.exec(textOf('src/core/FORMAT.md'))?.[0] ?? '';
  expect(`${example.replace(' ', '')}0000`).toBe(toHex(frame('twinlock/v1/kcv')));
});

test('wire/FORMAT.md lists every route, the bytes of its body, and what it answers with', () => {
  const listed = rowsOf('src/wire/FORMAT.md').map(([route, , bytes, says]) => [route, bytes, says]);
  const expected = Object.values<Route>(ROUTES).map((route) => [
    `\`${route.method} ${route.path}\``,
    route.body === undefined ? '' : maxBodyBytes(route, null).toLocaleString('en'),
    route.says,
  ]);
  expect(listed).toEqual(expected);
});

test('store/FORMAT.md lists every table of the database', () => {
  const migrations = readdirSync(join(root, 'migrations')).map((name) => textOf(`migrations/${name}`));
  const tables = migrations.flatMap((sql) =>
    [...sql.matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name as string),
  );
  const listed = rowsOf('src/store/FORMAT.md').flatMap(([names]) => (names ?? '').replaceAll('`', '').split(', '));
  expect(listed).toEqual(expect.arrayContaining(tables));
  expect(tables.length).toBeGreaterThan(10);
});

test.each(['src/core/state/FORMAT.md', 'src/store/FORMAT.md'])('%s names the number of the rules', (path) => {
  expect(textOf(path)).toContain(`"rules":${STATE_RULES},`);
});

describe('the bounds of lists', () => {
  test('statement/FORMAT.md and attest/FORMAT.md say how many members each list has', () => {
    const kinds = Object.entries(KINDS).flatMap(([kind, { schema }]) => boundsOf(schema, kind));
    const ofPolicy = boundsOf(policySchema, 'policy document');
    const statements = [...kinds, ...ofPolicy].filter((line) => !line.includes('referenceValues.'));
    const values = ofPolicy.filter((line) => line.includes('referenceValues.'));
    expect(blockOf('src/core/statement/FORMAT.md', '## Bounds\n')).toEqual(statements);
    expect(blockOf('src/core/attest/FORMAT.md', '## Bounds of reference values\n')).toEqual(
      values.map((line) => line.replace('policy document.referenceValues.', '')),
    );
  });
});

/** The lines of the code block after a heading, with one space between words. */
function blockOf(path: string, heading: string): string[] {
  const [, after = ''] = textOf(path).split(heading);
  const block = after.split('```')[1] ?? '';
  return block
    .trim()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));
}

/** `members[] 1 to 32` of every list in a schema. */
function boundsOf(schema: z.ZodMiniType, path: string): string[] {
  const { def } = schema._zod as unknown as { readonly def: Definition };
  if (def.type === 'object')
    return Object.entries(def.shape).flatMap(([name, member]) => boundsOf(member, `${path}.${name}`));
  if (def.type === 'union') return def.options.flatMap((option) => boundsOf(option, path));
  if (def.type === 'nullable' || def.type === 'optional') return boundsOf(def.innerType, path);
  if (def.type !== 'array') return [];
  const limits = (def.checks ?? []).map(({ _zod }) => _zod.def);
  const least = limits.find(({ check }) => check === 'min_length')?.minimum ?? 0;
  const most = limits.find(({ check }) => check === 'max_length')?.maximum;
  return [`${path}[] ${least} to ${most}`, ...boundsOf(def.element, `${path}[]`)];
}

type Definition =
  | { readonly type: 'object'; readonly shape: Readonly<Record<string, z.ZodMiniType>> }
  | { readonly type: 'union'; readonly options: readonly z.ZodMiniType[] }
  | { readonly type: 'nullable' | 'optional'; readonly innerType: z.ZodMiniType }
  | {
      readonly type: 'array';
      readonly element: z.ZodMiniType;
      readonly checks?: readonly { readonly _zod: { readonly def: Limit } }[];
    }
  | { readonly type: 'string' };
interface Limit {
  readonly check: string;
  readonly minimum?: number;
  readonly maximum?: number;
}
