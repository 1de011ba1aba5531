import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { policyDifferences, policyFields } from '../../../client/custodian/policy-diff.ts';
import { digestOfObject } from '../../../src/core/canonical.ts';
import type { Policy } from '../../../src/core/statement/policy.ts';
import { referenceValuesFor } from '../../platforms/nvidia.ts';
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

  test('are the items that came into a list and went out of it, at every place in it', () => {
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
    const [without, having] = [withValues({}), withValues({ snp: SNP })];
    const fields = policyFields(having).filter(({ path }) => path.startsWith('referenceValues.snp.'));
    expect(fields.length).toBeGreaterThan(10);
    const added = fields.map(({ path, value }) => ({ path, before: null, after: value }));
    expect(policyDifferences(without, having)).toEqual(added);
    const removed = fields.map(({ path, value }) => ({ path, before: value, after: null }));
    expect(policyDifferences(having, without)).toEqual(removed);
  });

  test('name a certificate by its SHA-256, and another by another', () => {
    const root = policyFields(withValues({ snp: SNP })).find(({ path }) => path.endsWith('.root'));
    expect(root?.value).toMatch(/^certificate, SHA-256 [0-9a-f]{64}$/);
  });

  test('show long texts, records and lists whole', () => {
    const text = (middle: string) => ({ text: `${'x'.repeat(200)}${middle}${'x'.repeat(200)}` });
    expect(policyDifferences(text('a'), text('b'))).toEqual([
      { path: 'text', before: JSON.stringify(text('a').text), after: JSON.stringify(text('b').text) },
    ]);
    const items = Array.from({ length: 99 }, (_, i) => `item ${i}`);
    expect(policyDifferences({ items }, { items: items.toReversed() })).toEqual([
      { path: 'items', before: JSON.stringify(items), after: JSON.stringify(items.toReversed()) },
    ]);
  });

  test('show all of an image that has the name of another', () => {
    const [image] = SNP.images;
    if (image === undefined) throw new Error('the kit has one');
    const measurement = 'ee'.repeat(48);
    const withImages = (...images: (typeof image)[]) => withValues({ snp: { ...SNP, images } });
    const path = 'referenceValues.snp.images[#2].measurement';
    const both = withImages(image, { ...image, measurement });
    expect(policyDifferences(withImages(image), both)).toContainEqual({
      path,
      before: null,
      after: `"${measurement}"`,
    });
    expect(policyFields(both)).toContainEqual({ path, value: `"${measurement}"` });
  });

  test('tell VBIOSes of one chip and version apart by their project, which may be null', () => {
    const [vbios] = referenceValuesFor().vbioses;
    if (vbios === undefined) throw new Error('the kit has one');
    const named = { ...vbios, project: 'G520', projectSku: '0200', chipSku: '882' };
    const unnamed = { ...vbios, project: null, projectSku: null, chipSku: null };
    const vbioses = (...list: object[]) => ({ vbioses: list });
    const changed = vbioses(named, { ...unnamed, golden: null });
    const [first, ...rest] = policyDifferences(vbioses(named, unnamed), changed);
    const place = `vbioses[${vbios.chip} ${vbios.version} null null null].golden`;
    expect(first).toEqual({ path: place, before: '[…]', after: 'null' });
    expect(rest.length).toBeGreaterThan(0);
    for (const { path } of rest) expect(path.startsWith(place)).toBe(true);
  });

  test('show a list in another order, and an item that is there twice', () => {
    expect(policyDifferences({ a: [1, 2] }, { a: [2, 1] })).toEqual([{ path: 'a', before: '[1,2]', after: '[2,1]' }]);
    expect(policyDifferences({ a: [1] }, { a: [1, 1, 2] })).toEqual([
      { path: 'a[]', before: null, after: '1' },
      { path: 'a[]', before: null, after: '2' },
    ]);
    const named = [{ name: 'a' }, { name: 'b' }];
    expect(policyDifferences({ list: named }, { list: named.toReversed() })).toEqual([
      { path: 'list', before: '[a,b]', after: '[b,a]' },
    ]);
    const numbered = [{ index: 1 }, { index: 2 }];
    expect(policyDifferences({ list: numbered }, { list: numbered.toReversed() })).toEqual([
      { path: 'list', before: '[1,2]', after: '[2,1]' },
    ]);
    const unnamed = [{ x: 1 }, { x: 2 }];
    expect(policyDifferences({ list: unnamed }, { list: unnamed.toReversed() })).toEqual([
      { path: 'list[#1].x', before: '1', after: '2' },
      { path: 'list[#2].x', before: '2', after: '1' },
    ]);
    expect(policyDifferences({ list: [{ x: 1 }] }, { list: [{ x: 1 }, { x: 1 }] })).toEqual([
      { path: 'list[#2].x', before: null, after: '1' },
    ]);
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

/** A scalar, or what is empty, and where it is: members, and `[]` for any item of a list. */
function leavesOf(value: unknown, place = ''): readonly string[] {
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) {
    return [`${place}=${JSON.stringify(value)}`];
  }
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item, `${place}[]`));
  return Object.entries(value).flatMap(([name, member]) => leavesOf(member, `${place}.${name}`));
}

const textOf = (leaf: string) => leaf.slice(leaf.indexOf('=') + 1);

/** The scalars of `leaves` that the others have not, or not as often: an emptied list is told by what it had. */
function lacking(leaves: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return leaves.filter((leaf) => {
    const index = left.indexOf(leaf);
    if (index >= 0) left.splice(index, 1);
    return index < 0 && !['[]', '{}'].includes(textOf(leaf));
  });
}

/** Few names and few values, so that records share them; texts as long as a policy may have. */
const scalar = fc.constantFrom(null, true, 0, 1, 'a', 'b', '#1', 'a]', '', 'e'.repeat(96), 'f'.repeat(160));
const member = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
const record = fc.dictionary(
  fc.constantFrom('name', 'product', 'index', 'claim', 'value', 'chip', 'version', 'measurement'),
  fc.oneof(
    { weight: 4, arbitrary: member },
    { weight: 1, arbitrary: fc.array(fc.dictionary(fc.constant('x'), member)) },
  ),
  { noNullPrototype: true },
);
const vbios = fc.record({
  chip: fc.constantFrom('GH100', 'GB100'),
  version: fc.constantFrom('96.00', '97.00'),
  project: fc.constantFrom(null, 'G520'),
  projectSku: fc.constantFrom(null, '0200'),
  chipSku: fc.constantFrom(null, '882'),
  golden: fc.constantFrom(null, [], [{ index: 1, values: ['e'.repeat(96)] }]),
});
const image = fc.record({ name: fc.constantFrom('a', 'b', 'c'), measurement: scalar, hostData: scalar });
const policies = fc.record({
  limits: record,
  images: fc.array(image, { maxLength: 4 }),
  vbioses: fc.array(vbios, { maxLength: 4 }),
  records: fc.array(fc.oneof(record, scalar), { maxLength: 4 }),
  list: member,
});

test('every value that two policies do not share is in their differences', () => {
  fc.assert(
    fc.property(policies, policies, (before, after) => {
      const differences = policyDifferences(before, after);
      const [old, now] = [leavesOf(before), leavesOf(after)];
      const shownBefore = differences.map((difference) => difference.before);
      const shownAfter = differences.map((difference) => difference.after);
      for (const leaf of lacking(old, now)) expect(shownBefore).toContain(textOf(leaf));
      for (const leaf of lacking(now, old)) expect(shownAfter).toContain(textOf(leaf));
    }),
    { numRuns: 500 },
  );
});

test('every value of a policy is among its fields, as often as it is there', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      const values = policyFields(policy).map(({ value }) => value);
      expect(values.toSorted()).toEqual(leavesOf(policy).map(textOf).toSorted());
    }),
  );
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
