import { expect, test } from 'vitest';
import { NVIDIA_VENDOR_ROOTS } from '../../../src/core/attest/nvidia/roots.ts';
import { requireHardwareValues } from '../../../src/core/attest/production.ts';
import { NO_REFERENCE_VALUES } from '../../../src/core/attest/reference-values.ts';
import { SNP_VENDOR_ROOTS } from '../../../src/core/attest/snp/roots.ts';
import { TDX_VENDOR_ROOTS } from '../../../src/core/attest/tdx/roots.ts';
import { tpmReferenceValues } from '../../platforms/tpm.ts';
import { MEASUREMENT } from '../../world/founding.ts';
import { gpuUnder, snpUnder, tdxUnder } from '../../world/reference-values.ts';

const code = (name: string) => expect.objectContaining({ code: name });
/** A root of no vendor's: what a forger would have pinned. */
const MADE_UP = Uint8Array.of(0x30, 0x00);

test('a production vault may have no reference values, and refuse everybody', () => {
  expect(() => requireHardwareValues(NO_REFERENCE_VALUES)).not.toThrow();
});

test('a production vault refuses reference values for simulated evidence, an empty list too', () => {
  for (const measurements of [[], [MEASUREMENT]]) {
    const values = { ...NO_REFERENCE_VALUES, simulated: { platform: 'simulated' as const, measurements } };
    expect(() => requireHardwareValues(values)).toThrow(code('evidence_simulated'));
  }
});

test('a production vault pins the vendors’ own roots', () => {
  const amd = Object.values(SNP_VENDOR_ROOTS);
  const processors = { snp: snpUnder(...amd), tdx: tdxUnder(...TDX_VENDOR_ROOTS) };
  const tpm = tpmReferenceValues({ paravisor: processors });
  const vendors = { ...processors, tpm, gpu: gpuUnder(...NVIDIA_VENDOR_ROOTS) };
  expect(() => requireHardwareValues({ ...NO_REFERENCE_VALUES, ...vendors })).not.toThrow();
});

test('a production vault refuses a root that somebody made up, beside the vendor’s too', () => {
  const [amd] = Object.values(SNP_VENDOR_ROOTS);
  const [intel] = TDX_VENDOR_ROOTS;
  for (const values of [
    { snp: snpUnder(MADE_UP) },
    { snp: snpUnder(amd as Uint8Array, MADE_UP) },
    { snp: snpUnder(intel as Uint8Array) },
    { tdx: tdxUnder(MADE_UP) },
    { tdx: tdxUnder(intel as Uint8Array, MADE_UP) },
    { tdx: tdxUnder(amd as Uint8Array) },
    { tpm: tpmReferenceValues({ paravisor: { snp: snpUnder(MADE_UP) } }) },
    { tpm: tpmReferenceValues({ paravisor: { tdx: tdxUnder(MADE_UP) } }) },
    { gpu: gpuUnder(MADE_UP) },
    { gpu: gpuUnder(...NVIDIA_VENDOR_ROOTS, MADE_UP) },
    { gpu: gpuUnder(intel as Uint8Array) },
  ]) {
    expect(() => requireHardwareValues({ ...NO_REFERENCE_VALUES, ...values })).toThrow(code('root_unknown'));
  }
});
