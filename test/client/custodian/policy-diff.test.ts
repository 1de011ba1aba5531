import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { policyDifferences, policyFields } from '../../../client/custodian/policy-diff.ts';
import { digestOfObject } from '../../../src/core/canonical.ts';
import type { Policy } from '../../../src/core/statement/policy.ts';
import { snpCase } from '../../platforms/snp.ts';
import { MEASUREMENT, POLICY } from '../../world/founding.ts';

const OTHER = '77'.repeat(32);
const { referenceValues: SNP } = snpCase();
const withValues = (changes: Partial<Policy['referenceValues']>): Policy => ({
  ...POLICY,
  referenceValues: { ...POLICY.referenceValues, ...changes },
});
const simulated = (...measurements: string[]) => withValues({ simulated: { platform: 'simulated', measurements } });

describe('the differences between two policies', () => {
  test('are none where nothing differs', () => {
    expect(policyDifferences(POLICY, structuredClone(POLICY))).toEqual([]);
  });

  test('are the members that changed, by their place', () => {
    const changed = { ...POLICY, veto: true, limits: { ...POLICY.limits, hosts: 9 } };
    expect(policyDifferences(POLICY, changed)).toEqual([
      { path: 'limits.hosts', before: '8', after: '9' },
      { path: 'veto', before: 'false', after: 'true' },
    ]);
  });

  test('are the items that came into a list and went out of it, wherever in it they are', () => {
    const before = simulated(MEASUREMENT);
    expect(policyDifferences(before, simulated(OTHER, MEASUREMENT))).toEqual([
      { path: 'referenceValues.simulated.measurements[]', before: null, after: `"${OTHER}"` },
    ]);
    expect(policyDifferences(before, simulated())).toEqual([
      { path: 'referenceValues.simulated.measurements[]', before: `"${MEASUREMENT}"`, after: null },
    ]);
  });

  test('are the fields of a record, found by its name', () => {
    const [image, product] = [SNP.images[0], SNP.products[0]];
    if (image === undefined || product === undefined) throw new Error('the kit has both');
    const raised = { ...product, floor: { ...product.floor, microcode: 255 } };
    const changed = { ...SNP, images: [{ ...image, name: 'second' }, image], products: [raised] };
    const differences = policyDifferences(withValues({ snp: SNP }), withValues({ snp: changed }));
    expect(differences.map(({ path }) => path)).toEqual([
      ...Object.keys(image)
        .sort()
        .map((field) => `referenceValues.snp.images[second].${field}`),
      'referenceValues.snp.products[Milan].floor.microcode',
    ]);
    expect(differences.at(-1)).toMatchObject({ before: String(product.floor.microcode), after: '255' });
  });

  test('of a platform that is allowed now, or no longer, are all of its fields', () => {
    const [without, having] = [withValues({ snp: null }), withValues({ snp: SNP })];
    const fields = policyFields(having).filter(({ path }) => path.startsWith('referenceValues.snp.'));
    expect(fields.length).toBeGreaterThan(10);
    expect(policyDifferences(without, having)).toEqual([
      { path: 'referenceValues.snp', before: 'null', after: '{…}' },
      ...fields.map(({ path, value }) => ({ path, before: null, after: value })),
    ]);
    expect(policyDifferences(having, without)).toEqual([
      { path: 'referenceValues.snp', before: '{…}', after: 'null' },
      ...fields.map(({ path, value }) => ({ path, before: value, after: null })),
    ]);
  });

  test('name a certificate by its SHA-256, and another by another', () => {
    const root = policyFields(withValues({ snp: SNP })).find(({ path }) => path.endsWith('.root'));
    expect(root?.value).toMatch(/^certificate, SHA-256 [0-9a-f]{64}$/);
  });

  test('tell long texts apart that begin and end alike', () => {
    const text = (middle: string) => ({ text: `${'x'.repeat(200)}${middle}${'x'.repeat(200)}` });
    const [difference] = policyDifferences(text('a'), text('b'));
    expect(difference?.before).toMatch(/^"x+… \(403 characters, SHA-256 [0-9a-f]{64}\)$/);
    expect(difference?.before).not.toBe(difference?.after);
  });

  test('show a list in another order, and an item that is there twice', () => {
    expect(policyDifferences({ a: [1, 2] }, { a: [2, 1] })).toEqual([{ path: 'a', before: '[1,2]', after: '[2,1]' }]);
    expect(policyDifferences({ a: [1] }, { a: [1, 1] })).toEqual([{ path: 'a', before: '[1]', after: '[1,1]' }]);
    const named = [{ name: 'a' }, { name: 'b' }];
    expect(policyDifferences({ list: named }, { list: named.toReversed() })).toHaveLength(1);
  });

  test('quote a name that could be taken for a part of the path', () => {
    const list = (name: string) => ({ images: [{ name, measurement: 'm' }] });
    const paths = policyDifferences({ images: [] }, list('a].measurement')).map(({ path }) => path);
    expect(paths).toEqual(['images["a].measurement"].measurement', 'images["a].measurement"].name']);
  });

  test('are empty for the same document only, and never say the same twice', () => {
    const json = fc.dictionary(fc.constantFrom('name', 'index', 'a', '__proto__'), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(json, json, fc.boolean(), (one, other, isSame) => {
        const [before, after] = [JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(isSame ? one : other))];
        const differences = policyDifferences(before, after);
        expect(differences.length === 0).toBe(digestOfObject(before) === digestOfObject(after));
        for (const difference of differences) expect(difference.before).not.toBe(difference.after);
      }),
    );
  });
});

test('the fields of a policy are all of it', () => {
  const leaves = (value: unknown): number =>
    value === null || typeof value !== 'object' || Object.keys(value).length === 0
      ? 1
      : Object.values(value).reduce<number>((sum, member) => sum + leaves(member), 0);
  const policy = withValues({ snp: SNP });
  const fields = policyFields(policy);
  expect(fields).toHaveLength(leaves(policy));
  expect(new Set(fields.map(({ path }) => path.split('.')[0]))).toEqual(new Set(Object.keys(policy)));
});
