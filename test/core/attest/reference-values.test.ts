import { expect, test } from 'vitest';
import { NO_REFERENCE_VALUES, parseReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { tpmReferenceValues } from '../../platforms/tpm.ts';
import { MEASUREMENT } from '../../world/founding.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const VALUES = {
  ...NO_REFERENCE_VALUES,
  simulated: { platform: 'simulated', measurements: [MEASUREMENT] },
  gpu: { gpus: [8], switches: [0, 4] },
  revoked: [{ claim: 'simulated.chip', value: 'aa'.repeat(32) }],
};

test('reference values are read as they were written', () => {
  expect(parseReferenceValues(VALUES)).toEqual(VALUES);
  expect(parseReferenceValues(NO_REFERENCE_VALUES)).toEqual(NO_REFERENCE_VALUES);
});

test.each(['gpu', 'revoked'])(
  'reference values without %s are refused: nothing is lax because it was forgotten',
  (field) => {
    expect(() => parseReferenceValues({ ...VALUES, [field]: undefined })).toThrow(code('malformed'));
  },
);

test.each([
  ['a platform that is not known (lesson: claim names drift)', { ...VALUES, cca: {} }],
  ['nothing in place of a platform that is left out', { ...VALUES, snp: null }],
  ['values under the name of another platform', { ...VALUES, tdx: VALUES.simulated }],
  ['a measurement of another length', { ...VALUES, simulated: { platform: 'simulated', measurements: ['a5'] } }],
  [
    'the revocation of a claim that no evidence makes',
    { ...VALUES, revoked: [{ claim: 'simulated.chips', value: 'aa' }] },
  ],
  ['the revocation of nothing', { ...VALUES, revoked: [{ claim: 'simulated.chip', value: '' }] }],
  ['a revocation of one device alone', { ...VALUES, revoked: [{ claim: 'nvidia.gpu-0.driver', value: '1' }] }],
  ['less than no GPU', { ...VALUES, gpu: { ...VALUES.gpu, gpus: [-1] } }],
  ['half a GPU', { ...VALUES, gpu: { ...VALUES.gpu, gpus: [0.5] } }],
  ['a number of GPUs that no machine has', { ...VALUES, gpu: { ...VALUES.gpu, gpus: [25] } }],
  ['nothing in place of a kind of GPU evidence that is left out', { ...VALUES, gpu: { ...VALUES.gpu, spdm: null } }],
])('reference values with %s are refused', (_what, values) => {
  expect(() => parseReferenceValues(values)).toThrow(code('malformed'));
});

test('a document of TPMs without the purposes of AK certificates is told what to write', () => {
  const { akPurposes: _, ...tpm } = tpmReferenceValues();
  const message =
    'reference values.tpm.akPurposes: expected a list of the purposes that an AK certificate may have, such as ' +
    '["2.23.133.8.3"], or ["none"] for none';
  for (const akPurposes of [undefined, 'unchecked']) {
    const document = { ...NO_REFERENCE_VALUES, tpm: { ...tpm, akPurposes } };
    expect(() => parseReferenceValues(document)).toThrow(expect.objectContaining({ code: 'malformed', message }));
  }
});
