import { describe, expect, test } from 'vitest';
import { knownWeaknesses } from '../../../client/reference-values/beware.ts';
import type { NvidiaReferenceValues } from '../../../src/core/attest/nvidia/reference-values.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import type { SnpReferenceValues } from '../../../src/core/attest/snp/reference-values.ts';
import { azureCase } from '../../platforms/azure.ts';
import { goldenAt, referenceValuesFor } from '../../platforms/nvidia.ts';
import { type SnpOptions, snpCase } from '../../platforms/snp.ts';
import { TDX_REFERENCE_VALUES } from '../../platforms/tdx.ts';
import { nrasValues, trustAuthorityValues } from '../../platforms/token.ts';
import { tpmReferenceValues } from '../../platforms/tpm.ts';

/** What is said of a document, a line each. */
function said(given: Partial<ReferenceValues>): string {
  const remarks = knownWeaknesses({ ...NO_REFERENCE_VALUES, ...given });
  expect(remarks.every(({ kind }) => kind === 'beware')).toBe(true);
  return remarks.map(({ text }) => text).join('\n');
}

function gpus(changes: Partial<NvidiaReferenceValues> = {}, counts = { gpus: [8], switches: [4] }): string {
  return said({ gpu: { ...counts, spdm: referenceValuesFor(changes) } });
}

test('a document that accepts nothing lets no weakness in', () => {
  expect(said({})).toBe('');
  expect(gpus({}, { gpus: [0], switches: [0] })).toBe('');
});

describe('of GPUs', () => {
  const vbioses = (index: number) =>
    referenceValuesFor().vbioses.map((record) => ({ ...record, golden: goldenAt(0, index) }));
  const devTools = 'a GH100 in DevTools mode may pass';

  test('no signed field names the CC mode, and the measurement that shows it is named', () => {
    expect(gpus()).toContain("no signed field names a GPU's CC mode (on, off or DevTools)");
    expect(gpus()).toContain('golden value 9 of the VBIOS');
  });

  test('DevTools may pass where golden value 9 is not compared', () => {
    expect(gpus()).toContain(devTools);
    expect(gpus({ vbioses: vbioses(8) })).toContain(devTools);
    expect(gpus({ vbioses: referenceValuesFor().vbioses.map((one) => ({ ...one, golden: null })) })).toContain(
      devTools,
    );
    expect(gpus({ vbioses: vbioses(9) })).not.toContain(devTools);
    expect(gpus({ vbioses: vbioses(8).filter(({ chip }) => chip === 'GB100') })).not.toContain(devTools);
  });

  test('DevTools may not pass where every driver’s record compares value 9, or every VBIOS’s', () => {
    const drivers = (index: number) =>
      referenceValuesFor().drivers.map((record) => ({ ...record, golden: goldenAt(0, index) }));
    expect(gpus({ drivers: drivers(9), vbioses: vbioses(8) })).not.toContain(devTools);
    expect(gpus({ drivers: drivers(8), vbioses: vbioses(9) })).not.toContain(devTools);
    expect(gpus({ drivers: drivers(8), vbioses: vbioses(8) })).toContain(devTools);
    expect(gpus({ drivers: [...drivers(9), ...drivers(8)], vbioses: vbioses(8) })).toContain(devTools);
  });

  test('protected PCIe may pass without switches: any where 0 alone is listed, else where no link is named', () => {
    const unseen = 'may pass without their NVSwitches';
    const unlinked = 'may pass without NVSwitches where their evidence names no link to one';
    const protectedPcie = { ppcie: ['aa'], featureFlags: ['0200'] };
    for (const values of [protectedPcie, { ppcie: null, featureFlags: null }]) {
      expect(gpus(values, { gpus: [8], switches: [0] })).toContain(unseen);
      expect(gpus(values, { gpus: [8], switches: [0] })).not.toContain(unlinked);
      for (const switches of [
        [0, 4],
        [4, 0],
      ]) {
        expect(gpus(values, { gpus: [8], switches })).not.toContain(unseen);
        expect(gpus(values, { gpus: [8], switches })).toContain(unlinked);
      }
      expect(gpus(values)).not.toContain('protected-PCIe');
    }
    for (const switches of [[0], [0, 4]]) {
      const off = gpus({ ppcie: ['55'], featureFlags: ['0000'] }, { gpus: [8], switches });
      expect(off).not.toContain('protected-PCIe');
    }
  });
});

describe('of SEV-SNP', () => {
  const seed = 'who has it signs reports of any firmware';
  const snpOf = (options: SnpOptions, changes: Partial<SnpReferenceValues> = {}) => ({
    ...snpCase(options).referenceValues,
    ...changes,
  });

  test('a Milan may be one whose seed was read, and others not', () => {
    expect(said({ snp: snpOf({ product: 'Milan' }) })).toContain(seed);
    expect(said({ snp: snpOf({ product: 'Genoa' }) })).toBe('');
    expect(said({ snp: snpOf({ product: 'Milan' }, { images: [] }) })).toBe('');
    const both = [...snpOf({ product: 'Genoa' }).products, ...snpOf({ product: 'Milan' }).products];
    expect(said({ snp: snpOf({}, { products: both }) })).toContain(seed);
  });

  test('so may the Milan under a paravisor', () => {
    const tpm = tpmReferenceValues({ paravisor: { snp: snpOf({ product: 'Milan' }) } });
    expect(said({ tpm })).toContain(`TPM of a paravisor on SEV-SNP: the key seed of a Milan's chip`);
  });
});

describe('of TDs', () => {
  const unsaid = 'a TD with a service TD passes as one without';
  const revoked = (value: string) => [{ claim: 'tdx.body-type', value }];

  test('a service TD may go unsaid, unless the document refuses quotes that have no room for one', () => {
    expect(said({ tdx: TDX_REFERENCE_VALUES })).toContain(`TDX: ${unsaid}`);
    expect(said({ tdx: TDX_REFERENCE_VALUES, revoked: revoked('3') })).toContain(`TDX: ${unsaid}`);
    expect(said({ tdx: TDX_REFERENCE_VALUES, revoked: revoked('2') })).toBe('');
    expect(said({ tdx: { ...TDX_REFERENCE_VALUES, images: [] } })).toBe('');
  });

  test('so it may of the TD under a paravisor, and in tokens of Trust Authority', () => {
    const tpm = tpmReferenceValues({ paravisor: { tdx: TDX_REFERENCE_VALUES } });
    expect(said({ tpm })).toContain(`TPM of a paravisor on TDX: ${unsaid}`);
    expect(said({ tpm, revoked: revoked('2') })).not.toContain(unsaid);
    expect(said({ 'intel-trust-authority': trustAuthorityValues() })).toContain(
      `tokens of Intel Trust Authority: ${unsaid}`,
    );
    expect(said({ 'intel-trust-authority': trustAuthorityValues({ images: [] }) })).toBe('');
  });
});

describe('of paravisors', () => {
  const old = "older than Microsoft's fix of August 2025";

  test('one may be older than the mend of its attestation key', () => {
    const { paravisor } = azureCase().referenceValues;
    expect(said({ tpm: tpmReferenceValues({ paravisor }) })).toContain(old);
    expect(said({ tpm: tpmReferenceValues({ paravisor: { tdx: TDX_REFERENCE_VALUES } }) })).toContain(old);
    expect(said({ tpm: tpmReferenceValues() })).not.toContain(old);
  });
});

test('of tokens of NRAS: a switch may be of another machine, where switches are allowed', () => {
  const other = 'NVSwitches may be those of another machine';
  const nras = (switches: number[]) => said({ gpu: { gpus: [8], switches, nras: nrasValues() } });
  expect(nras([4])).toContain(other);
  expect(nras([0])).not.toContain(other);
  expect(gpus()).not.toContain(other);
});
