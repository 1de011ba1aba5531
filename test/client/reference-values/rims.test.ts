import { describe, expect, test } from 'vitest';
import { readRim } from '../../../client/reference-values/rim/rim.ts';
import { withRims } from '../../../client/reference-values/rims.ts';
import { NVIDIA_VENDOR_ROOTS } from '../../../src/core/attest/nvidia/roots.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { goldenAt, referenceValuesFor } from '../../platforms/nvidia.ts';
import { snpCase } from '../../platforms/snp.ts';
import { contentOf, hash, makeRim, RIM_TEST_ROOT, resource, signRim, textOf } from './rim/rim-kit.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const GOLDEN = [
  { index: 0, values: [hash(0)] },
  { index: 9, values: [hash(9), hash(9, 1)] },
];
const VBIOS = '96.00.5E.00.01';

async function rimFile(path: string, xml: Uint8Array) {
  return { path, rim: await readRim(xml, { roots: [RIM_TEST_ROOT], instantMs: Date.UTC(2026, 0, 1) }) };
}

/** Made once: its root is signed anew, and otherwise, every time. */
const SNP = snpCase().referenceValues;

const withGpu = (spdm: ReturnType<typeof referenceValuesFor>): ReferenceValues => ({
  ...NO_REFERENCE_VALUES,
  snp: SNP,
  gpu: { gpus: [8], switches: [0], spdm },
});

describe('the golden values of manifests', () => {
  test('make a document that no host passes under yet, with the vendor’s root', async () => {
    const files = [await rimFile('driver', makeRim()), await rimFile('vbios', makeRim({ version: VBIOS }))];
    const document = withRims(NO_REFERENCE_VALUES, files);
    expect(document.gpu).toEqual({
      gpus: [],
      switches: [],

      spdm: {
        ...{ platform: 'nvidia', roots: NVIDIA_VENDOR_ROOTS.map(toBase64url), devices: null },
        ...{ architectures: [], fwidOptional: [], ppcie: [], featureFlags: [] },
        drivers: [{ chip: 'GH100', version: '550.144.03', golden: GOLDEN }],
        vbioses: [{ chip: 'GH100', version: VBIOS, project: null, projectSku: null, chipSku: null, golden: GOLDEN }],
      },
    });
  });

  test('leave hosts without GPUs allowed, as they were', async () => {
    const before = { ...NO_REFERENCE_VALUES, snp: SNP };
    const { gpu } = withRims(before, [await rimFile('driver', makeRim())]);
    expect([gpu?.gpus, gpu?.switches]).toEqual([[0], [0]]);
  });

  test('stand in place of what the document had for the same driver, and touch nothing else', async () => {
    const other = { chip: 'GB100', version: '550.144.03', golden: null };
    const measured = { chip: 'GH100', version: '550.144.03', golden: goldenAt(1, 2, 3) };
    const before = withGpu(referenceValuesFor({ drivers: [other, measured] }));
    const document = withRims(before, [await rimFile('driver', makeRim())]);
    expect(document).toEqual(withGpu(referenceValuesFor({ drivers: [other, { ...measured, golden: GOLDEN }] })));
  });

  test('are those of a VBIOS for every project and SKU that the document has it for', async () => {
    const names = { project: '1010', projectSku: '0200' };
    const ofSku = (chipSku: string) => ({ chip: 'GH100', version: VBIOS, ...names, chipSku, golden: null });
    const before = withGpu(referenceValuesFor({ vbioses: [ofSku('882'), ofSku('883')] }));
    const { gpu } = withRims(before, [await rimFile('vbios', makeRim({ version: VBIOS }))]);
    expect(gpu?.spdm?.vbioses).toEqual([
      { ...ofSku('882'), golden: GOLDEN },
      { ...ofSku('883'), golden: GOLDEN },
    ]);
  });

  test('may be given twice, as long as they say the same', async () => {
    const [one, other] = [await rimFile('one', makeRim()), await rimFile('other', makeRim())];
    expect(withRims(NO_REFERENCE_VALUES, [one, other]).gpu?.spdm?.drivers).toHaveLength(1);
  });

  test('are refused where two manifests differ about one driver, naming both files', async () => {
    const content = contentOf({ resources: resource({ index: 0, hashes: ['ab'.repeat(48)] }) });
    const xml = new TextEncoder().encode(textOf(signRim({ content })));
    const files = [await rimFile('first.xml', makeRim()), await rimFile('second.xml', xml)];
    expect(() => withRims(NO_REFERENCE_VALUES, files)).toThrow(code('usage'));
    expect(() => withRims(NO_REFERENCE_VALUES, files)).toThrow(/first\.xml and second\.xml/);
  });
});
