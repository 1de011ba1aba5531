import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { nitroReferenceValues } from '../../../../src/core/attest/nitro/reference-values.ts';
import { isNitroVendorRoot, NITRO_VENDOR_ROOTS } from '../../../../src/core/attest/nitro/roots.ts';
import { parseCertificate } from '../../../../src/core/x509/certificate.ts';
import { commonName } from '../../../../src/core/x509/name.ts';
import { NITRO_ROOT, nitroPcrs, nitroValues } from '../../../platforms/nitro.ts';

const accepted = (values: unknown) => nitroReferenceValues.safeParse(values).success;

test('are what a document of the platform has', () => {
  expect(accepted(nitroValues())).toBe(true);
  expect(accepted(nitroValues({ modules: ['i-0123456789abcdef0-tpm0000000000000000'] }))).toBe(true);
});

test.each([
  ['another platform', { ...nitroValues(), platform: 'tpm' }],
  ['a field that no rule knows', { ...nitroValues(), alone: true }],
  [
    'PCRs of the SHA-256 bank',
    nitroValues({ images: [{ name: 'one', pcrs: [{ index: 4, value: 'ab'.repeat(32) }] }] }),
  ],
  ['an image of no PCR', nitroValues({ images: [{ name: 'one', pcrs: [] }] })],
  ['PCRs in another order', nitroValues({ images: [{ name: 'one', pcrs: nitroPcrs().toReversed() }] })],
  ['two images of one name', nitroValues({ images: [...nitroValues().images, ...nitroValues().images] })],
  ['a module id in capitals', nitroValues({ modules: ['I-0'] })],
  ['an empty root', nitroValues({ roots: [''] })],
])('refuse %s', (_, values) => {
  expect(accepted(values)).toBe(false);
});

test('the pinned root is the one whose digest AWS publishes, and a root of ours is none', () => {
  const [root] = NITRO_VENDOR_ROOTS as [Uint8Array];
  const digest = createHash('sha256').update(root).digest('hex');
  expect(digest).toBe('641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b');
  expect(commonName(parseCertificate(root))).toBe('aws.nitro-enclaves');
  expect(isNitroVendorRoot(root)).toBe(true);
  expect(isNitroVendorRoot(NITRO_ROOT)).toBe(false);
});
