import { describe, expect, test } from 'vitest';
import { describeReferenceValues } from '../../../client/reference-values/describe.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { azureCase } from '../../platforms/azure.ts';
import { goldenAt, referenceValuesFor } from '../../platforms/nvidia.ts';
import { snpCase } from '../../platforms/snp.ts';
import { TDX_REFERENCE_VALUES } from '../../platforms/tdx.ts';
import { nrasValues, trustAuthorityValues } from '../../platforms/token.ts';
import { tpmReferenceValues } from '../../platforms/tpm.ts';

const snp = snpCase().referenceValues;
const gpu = (spdm = referenceValuesFor()): ReferenceValues['gpu'] => ({
  gpus: [8],
  switches: [0, 4],
  spdm,
});

/** `accepts …`, `refuses …`, `beware …`, a line each. */
function said(given: Partial<ReferenceValues>): string {
  const remarks = describeReferenceValues({ ...NO_REFERENCE_VALUES, ...given });
  return remarks.map(({ kind, text }) => `${kind} ${text}`).join('\n');
}

test('a document of nothing refuses everybody, and says so first', () => {
  expect(said({})).toMatch(/^refuses every host: no platform has values/);
  expect(said({ snp })).not.toContain('refuses every host:');
});

test('says what a document of every platform accepts', () => {
  const text = said({
    snp,
    tdx: TDX_REFERENCE_VALUES,
    tpm: tpmReferenceValues(),
    'intel-trust-authority': trustAuthorityValues(),
    gpu: { ...gpu(), nras: nrasValues() } as ReferenceValues['gpu'],
    revoked: [{ claim: 'nvidia.driver', value: '550.54' }],
  });
  expect(text).toContain(
    'accepts SEV-SNP: Milan from bl 4, tee 1, snp 24, ucode 217; keys vcek; 1 image ("test image")',
  );
  expect(text).toContain('VMPL 0; 1 listed chip');
  expect(text).toContain('accepts TDX: 1 image ("test image"); TCB UpToDate; collateral from evaluation 18');
  expect(text).toContain('accepts TPMs: AKs under 1 authority and 0 activated AKs; 1 image');
  expect(text).toContain('beware TPMs: one alone is enough, which says nothing about encrypted memory');
  expect(text).toContain('accepts tokens of Intel Trust Authority: of "Intel Trust Authority"');
  expect(text).toContain('accepts GPUs: hosts with 8 GPUs and 0 or 4 NVSwitches');
  expect(text).toContain('accepts GPUs: hopper, blackwell, nvswitch; 2 drivers (GH100 570.124.03, GB100 570.124.03)');
  expect(text).toContain('accepts tokens of NVIDIA NRAS');
  expect(text).toContain('refuses nvidia.driver 550.54, even where something else allows it');
});

test('says that production vaults refuse simulated evidence, and roots that are no vendor’s', () => {
  const simulated = { platform: 'simulated' as const, measurements: [] };
  expect(said({ simulated })).toContain('beware simulated hosts are accepted');
  expect(said({ simulated })).toContain('beware production vaults refuse this document: referenceValues.simulated');
  expect(said({ snp })).toContain('beware production vaults refuse this document: referenceValues.snp.products');
});

describe('a list without entries refuses everybody, and is named', () => {
  test.each(['products', 'signers', 'images', 'policies', 'vmpls', 'chips'])('of SEV-SNP: %s', (list) => {
    const text = said({ snp: { ...snp, [list]: [] } });
    expect(text).toContain(`refuses SEV-SNP: every host, for these lists are empty: ${list}`);
    expect(text).toMatch(/^refuses every host/);
  });

  test.each(['roots', 'images', 'attributes', 'xfams', 'tcbStatuses', 'chips'])('of TDX: %s', (list) => {
    expect(said({ tdx: { ...TDX_REFERENCE_VALUES, [list]: [] } })).toContain(`empty: ${list}`);
  });

  test.each(['images', 'attributes', 'xfams', 'tcbStatuses', 'platforms', 'policies'])(
    'of Trust Authority: %s',
    (list) => {
      expect(said({ 'intel-trust-authority': trustAuthorityValues({ [list]: [] }) })).toContain(`empty: ${list}`);
    },
  );

  test.each(['roots', 'architectures', 'vbioses', 'devices'])('of GPUs: %s', (list) => {
    const text = said({ snp, gpu: gpu(referenceValuesFor({ [list]: [] })) });
    expect(text).toContain(`refuses GPUs: every device, for these lists are empty: ${list}`);
  });

  test.each(['claimsVersions', 'hwModels', 'drivers', 'vbioses'])('of NRAS: %s', (list) => {
    const nras = nrasValues({ [list]: [] });
    expect(said({ gpu: { ...gpu(), nras } as ReferenceValues['gpu'] })).toContain(`empty: ${list}`);
  });

  test('of what there is one or none of, in the singular and without empty brackets', () => {
    const of = (gpus: number[], switches: number[]) =>
      said({ gpu: { gpus, switches, spdm: referenceValuesFor({ drivers: [] }) } });
    expect(of([1], [1])).toContain('accepts GPUs: hosts with 1 GPU and 1 NVSwitch\n');
    expect(of([1, 8], [0, 1])).toContain('accepts GPUs: hosts with 1 or 8 GPUs and 0 or 1 NVSwitch\n');
    expect(of([1], [1])).toContain('; no driver; ');
  });

  test('of counts, and of drivers', () => {
    expect(said({ gpu: { gpus: [], switches: [] } })).toContain(
      'refuses GPUs: every host, for no count is allowed of: gpus, switches',
    );
    expect(said({ gpu: gpu(referenceValuesFor({ drivers: [] })) })).toContain('refuses GPUs: all but NVSwitches');
  });

  test('of a TPM’s images, and of who may certify its key', () => {
    expect(said({ tpm: tpmReferenceValues({ images: [] }) })).toContain('refuses TPMs: every host');
    expect(said({ tpm: tpmReferenceValues({ anchors: [] }) })).toContain('for no authority and no AK is listed');
  });
});

describe('what the approvers of a document should weigh', () => {
  test('of SEV-SNP', () => {
    const images = snp.images.map((image) => ({ ...image, hostData: null, idKeyDigest: null }));
    expect(said({ snp: { ...snp, images } })).toContain('image "test image" is compared by its measurement alone');
    expect(said({ snp: { ...snp, crl: 'unchecked' } })).toContain('beware SEV-SNP: no list of revoked certificates');
    expect(said({ snp: { ...snp, graceMs: 86_400_000 } })).toContain('may go unnoticed for 1 day longer');
    expect(said({ snp: { ...snp, graceMs: 0 } })).not.toContain('unnoticed');
  });

  test('of TDX', () => {
    const text = said({
      tdx: { ...TDX_REFERENCE_VALUES, tcbStatuses: ['OutOfDate'], septVeDisable: false, chips: null },
    });
    expect(text).toContain('beware TDX: platforms are accepted that Intel calls OutOfDate');
    expect(text).toContain('SEPT_VE_DISABLE');
    expect(text).toContain('any chip');
    expect(text).toContain('a TCB of any date');
    expect(text).not.toContain('TDs pass that a service TD');
    const hash = '01'.repeat(48);
    const attributes = ['0000001000000000', '0000003000000000'];
    const more = { minTcbDate: '2024-11-13T00:00:00Z', serviceTds: [hash], attributes };
    const said15 = said({ tdx: { ...TDX_REFERENCE_VALUES, ...more } });
    expect(said15).toContain('a TCB of 2024-11-13T00:00:00Z or later');
    expect(said15).toContain(`beware TDX: TDs pass that a service TD is bound to, ${hash}`);
    expect(said15).toContain('refuses TDX: attributes 0000003000000000, for a TD that is MIGRATABLE never passes');
    expect(said15).not.toContain('refuses TDX: attributes 0000001000000000');
  });

  test('of TPMs: what an image compares, and certificates that are of no AK', () => {
    expect(said({ tpm: tpmReferenceValues() })).toContain('1 image ("ocr-host 1.3" by PCR 4 7)');
    const beware = 'beware TPMs: any certificate without a purpose counts';
    expect(said({ tpm: tpmReferenceValues({ akPurposes: ['none'] }) })).toContain(beware);
    expect(said({ tpm: tpmReferenceValues({ akPurposes: ['none'], anchors: [] }) })).not.toContain(beware);
    expect(said({ tpm: tpmReferenceValues() })).not.toContain(beware);
  });

  test.each(['0', 'f'])('of an image of a TPM whose PCRs are all %s: nothing was measured', (digit) => {
    const image = (...values: readonly string[]) => {
      const pcrs = values.map((value, i) => ({ index: 14 + i, value }));
      return said({ tpm: tpmReferenceValues({ images: [{ name: 'bare', pcrs }] }) });
    };
    const reset = digit.repeat(64);
    const beware = 'beware TPMs: image "bare" compares nothing that was measured';
    expect(image(reset, reset)).toContain(beware);
    expect(image(reset, 'ab'.repeat(32))).not.toContain(beware);
  });

  test('of a paravisor, whose hardware is described as such', () => {
    const { referenceValues } = azureCase();
    const text = said({ tpm: referenceValues });
    expect(text).toContain('refuses TPMs: one alone');
    expect(text).toContain('accepts TPM of a paravisor on SEV-SNP: Milan');
    expect(said({ tpm: tpmReferenceValues() })).toContain('refuses TPMs: those of a paravisor');
  });

  test('of tokens', () => {
    expect(said({ 'intel-trust-authority': trustAuthorityValues({ policies: null }) })).toContain(
      'policies are not looked',
    );
    const dated = (minTcbDate: string) => said({ 'intel-trust-authority': trustAuthorityValues({ minTcbDate }) });
    expect(dated('2024-03-13T00:00:00Z')).toContain('TCB UpToDate; a TCB of 2024-03-13T00:00:00Z or later; 1 listed');
    expect(said({ 'intel-trust-authority': trustAuthorityValues() })).toContain(
      'TCB UpToDate; a TCB of any date; 1 listed',
    );
    const nras = (graceMs: number) =>
      said({ snp, gpu: { ...gpu(), nras: nrasValues({ graceMs }) } as ReferenceValues['gpu'] });
    const ita = (graceMs: number) => said({ 'intel-trust-authority': trustAuthorityValues({ graceMs }) });
    for (const [text, name] of [
      [nras, 'NVIDIA NRAS'],
      [ita, 'Intel Trust Authority'],
    ] as const) {
      expect(text(3_600_000)).toContain(`beware tokens of ${name}: one counts for 60 minutes after it has expired`);
      expect(text(0)).toContain(`beware tokens of ${name}: none counts once it has expired`);
      expect(text(0)).toContain('approvers need it still valid, and graceMs in the document gives them longer');
    }
  });

  test('of golden values that are missing, empty, or in conflict', () => {
    const values = referenceValuesFor();
    const bare = <T extends object>(records: readonly T[]) => records.map((record) => ({ ...record, golden: null }));
    const without = referenceValuesFor({ drivers: bare(values.drivers), vbioses: bare(values.vbioses) });
    expect(said({ gpu: gpu(without) })).toContain('GH100 96.00.5E.00.04 may pass with nothing measured compared');
    const byDriver = referenceValuesFor({ vbioses: bare(values.vbioses.filter(({ chip }) => chip === 'GH100')) });
    expect(said({ gpu: gpu(byDriver) })).toContain('compared by version alone');
    const [driver] = values.drivers as [(typeof values.drivers)[number]];
    expect(said({ gpu: gpu(referenceValuesFor({ drivers: [{ ...driver, golden: [] }] })) })).toContain(
      'whose list of golden values is empty',
    );
    const clash = [{ index: 0, values: ['ab'.repeat(48)] }, ...goldenAt(7)];
    expect(said({ gpu: gpu(referenceValuesFor({ drivers: [{ ...driver, golden: clash }] })) })).toContain(
      'refuses GPUs: GH100 with driver 570.124.03 and VBIOS 96.00.5E.00.04, which differ at golden values 0',
    );
    expect(said({ gpu: gpu(referenceValuesFor({ ppcie: null })) })).toContain('protected PCIe may be on or off');
  });
});
