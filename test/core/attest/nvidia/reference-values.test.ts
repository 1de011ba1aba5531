import { describe, expect, test } from 'vitest';
import { NVIDIA_CLAIMS } from '../../../../src/core/attest/nvidia/claims.ts';
import { nvidiaReferenceValues } from '../../../../src/core/attest/nvidia/reference-values.ts';
import { parseAs } from '../../../../src/core/schema.ts';
import { goldenAt, referenceValuesFor, TEST_DRIVER, TEST_VBIOS } from '../../../platforms/nvidia.ts';

const parse = (value: unknown) => parseAs(nvidiaReferenceValues, value, 'nvidia');
const malformed = (message: RegExp) =>
  expect.objectContaining({ code: 'malformed', message: expect.stringMatching(message) });
const driver = (changes: object = {}) => ({ chip: 'GH100', version: TEST_DRIVER, golden: null, ...changes });
const vbios = (changes: object = {}) => ({
  chip: 'GH100',
  version: TEST_VBIOS,
  project: null,
  projectSku: null,
  chipSku: null,
  golden: null,
  ...changes,
});
const HASH = 'ab'.repeat(48);

describe('reference values', () => {
  test('come back as they were', () => {
    expect(parse(referenceValuesFor())).toEqual(referenceValuesFor());
    const open = referenceValuesFor({ ppcie: null, featureFlags: null, devices: ['41e23d711e1c4fbfac'] });
    expect(parse(open)).toEqual(open);
  });

  test.each(Object.keys(referenceValuesFor()))('without %s are refused', (field) => {
    const { [field]: _, ...rest } = { ...referenceValuesFor() } as Record<string, unknown>;
    expect(() => parse(rest)).toThrow(malformed(new RegExp(`^nvidia\\.${field}`)));
  });

  test('with a field that no rule knows are refused', () => {
    expect(() => parse({ ...referenceValuesFor(), minimumDriver: '550' })).toThrow(malformed(/nvidia/));
  });

  test.each([
    ['an architecture that is not known', { architectures: ['ampere'] }],
    ['a driver version that is none', { drivers: [driver({ version: '550.144.03-open' })] }],
    ['a driver of an unnamed chip', { drivers: [driver({ chip: '' })] }],
    ['a driver of a chip in a spelling of leaves', { drivers: [driver({ chip: 'LS_10' })] }],
    ['a VBIOS of a chip in a spelling of leaves', { vbioses: [vbios({ chip: 'LS_10' })] }],
    ['a VBIOS version in lower case', { vbioses: [vbios({ version: '96.00.5e.00.01' })] }],
    ['an empty project', { vbioses: [vbios({ project: '' })] }],
    ['a golden value of another length', { drivers: [driver({ golden: [{ index: 0, values: ['ab'.repeat(32)] }] })] }],
    ['a golden value in upper case', { drivers: [driver({ golden: [{ index: 0, values: ['AB'.repeat(48)] }] })] }],
    ['an index twice', { drivers: [driver({ golden: [...goldenAt(3), ...goldenAt(3)] })] }],
    ['indices out of order', { drivers: [driver({ golden: goldenAt(4, 3) })] }],
    ['an index that is no block', { drivers: [driver({ golden: [{ index: 255, values: [HASH] }] })] }],
    ['more alternatives than 16', { drivers: [driver({ golden: [{ index: 0, values: Array(17).fill(HASH) }] })] }],
    ['a device in upper case', { devices: ['41E23D711E1C4FBFAC'] }],
    ['a protected-PCIe state of two bytes', { ppcie: ['55aa'] }],
    ['a feature flag of one byte', { featureFlags: ['00'] }],
  ])('with %s are refused', (_, changes) => {
    expect(() => parse({ ...referenceValuesFor(), ...changes })).toThrow(malformed(/^nvidia\./));
  });

  test('with two records that fit one device are refused', () => {
    const twice = (changes: object) => () => parse({ ...referenceValuesFor(), ...changes });
    expect(twice({ drivers: [driver(), driver({ golden: goldenAt(1) })] })).toThrow(malformed(/a driver once/));
    expect(twice({ vbioses: [vbios(), vbios({ project: '1010' })] })).toThrow(malformed(/a VBIOS once/));
    const crossed = [vbios({ project: '1010' }), vbios({ chipSku: '882' })];
    expect(twice({ vbioses: crossed })).toThrow(malformed(/a VBIOS once/));
  });

  test('may have one version for several projects and chips', () => {
    const vbioses = [vbios({ project: '1010' }), vbios({ project: 'G520' }), vbios({ chip: 'GB100' })];
    const drivers = [driver(), driver({ chip: 'GB100' }), driver({ version: '550.144.03' })];
    expect(parse(referenceValuesFor({ vbioses, drivers }))).toMatchObject({ vbioses, drivers });
  });
});

test('the claims that may be revoked are of the devices', () => {
  expect(Object.keys(NVIDIA_CLAIMS)).toContain('nvidia.driver');
  expect(Object.keys(NVIDIA_CLAIMS).every((name) => /^nvidia\.[a-z0-9-]+$/.test(name))).toBe(true);
});
