import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { instantOf, type SubjectFlags, subjectOf } from '../../../client/cli/subject-flags.ts';
import { proposeReferenceValues } from '../../../client/reference-values/propose.ts';
import type { Appraisal } from '../../../src/core/attest/appraisal.ts';
import { appraiseParts } from '../../../src/core/attest/compose.ts';
import {
  NO_REFERENCE_VALUES,
  parseReferenceValues,
  type ReferenceValues,
} from '../../../src/core/attest/reference-values.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { casePath, caseTest, vectorPath, vectorTest } from '../../vectors.ts';

/** Evidence that was judged wrongly once, as an operator would give it to `twinlock appraise`. */

const file = (folder: string, name: string) => casePath('attestation', folder, name);
const failedOf = ({ rules }: Appraisal) => rules.filter(({ pass }) => !pass).map(({ rule }) => rule);

/** The cases were written when null stood for a platform that is refused: it is left out now. */
function expectedValues(folder: string): ReferenceValues {
  const { gpu, ...others } = JSON.parse(readFileSync(file(folder, 'expect.json'), 'utf8'));
  const withoutNulls = (of: object) => Object.fromEntries(Object.entries(of).filter(([, value]) => value !== null));
  return parseReferenceValues({ ...withoutNulls(others), gpu: gpu === null ? null : withoutNulls(gpu) });
}

async function appraise(flags: SubjectFlags, at: string, referenceValues: ReferenceValues | null): Promise<Appraisal> {
  const { parts, endorsements } = await subjectOf(null, flags);
  return appraiseParts(parts, { endorsements, referenceValues, instantMs: instantOf(at), verify: verifyNode });
}

describe('SEV-SNP', () => {
  const folders = ['snp-report-v4/Milan', 'snp-report-v4/Genoa', 'snp-vcek-siena'];
  caseTest.each(folders)('%s passes under its reference values', async (folder) => {
    const flags = { snpReport: file(folder, 'report.bin'), vek: file(folder, 'vek.der'), ca: file(folder, 'ask.pem') };
    const expected = expectedValues(folder);
    const appraisal = await appraise(flags, '2025-01-01T00:00:00Z', expected);
    expect(failedOf(appraisal)).toEqual([]);
  });
});

describe('NVIDIA', () => {
  const at = '2026-06-01T00:00:00Z';

  caseTest('an NVSwitch, which leaves call LS_10 and manifests LS10, matches all of its manifest', async () => {
    const flags = {
      spdm: [file('nvswitch-rim-chip', 'switch.spdm.bin')],
      chain: [file('nvswitch-rim-chip', 'switch.chain.pem')],
    };
    const expected = expectedValues('nvswitch-rim-chip');
    const appraisal = await appraise(flags, at, expected);
    expect(failedOf(appraisal)).toEqual(['composite.cpu', 'composite.cpu-values']);
    const measured = appraisal.rules.find(({ rule }) => rule === 'nvidia.switch-0.measurements');
    expect(measured).toMatchObject({ got: '31 match' });
  });

  const devices = (...names: readonly string[]): SubjectFlags => ({
    spdm: names.map((name) => file('nvidia-topology', `${name}.bin`)),
    chain: names.map((name) => file('nvidia-topology', `${name}.pem`)),
  });
  const gpus = Array.from({ length: 8 }, (_, i) => `gpu${i}`);
  const switches = Array.from({ length: 4 }, (_, i) => `switch${i}`);

  vectorTest('what nvattest kept of four GPUs is read as the file that is named', async () => {
    const { parts, endorsements } = await subjectOf(vectorPath('nvidia', 'h100x4-ppcie.evidence.json'), {});
    const terms = { referenceValues: null, instantMs: instantOf(at), verify: verifyNode };
    const appraisal = await appraiseParts(parts, { endorsements, ...terms });
    expect(failedOf(appraisal)).toEqual([]);
    expect(appraisal.claims).toMatchObject({ 'gpu.count': '4' });
  });

  caseTest('8 GPUs and 4 NVSwitches of one machine pass', async () => {
    const appraisal = await appraise(devices(...gpus, ...switches), at, null);
    expect(failedOf(appraisal)).toEqual([]);
    expect(appraisal.claims).toMatchObject({ 'gpu.count': '8', 'gpu.switches': '4' });
  });

  caseTest('an NVSwitch of another machine, one left out and one shown twice are refused', async () => {
    const { spdm = [], chain = [] } = devices(...gpus, ...switches.slice(1));
    const other = ['switch.spdm.bin', 'switch.chain.pem'].map((name) => file('nvswitch-rim-chip', name));
    const swapped = { spdm: [...spdm, other[0] ?? ''], chain: [...chain, other[1] ?? ''] };
    expect(failedOf(await appraise(swapped, at, null))).toEqual(['nvidia.topology']);
    expect(failedOf(await appraise({ spdm, chain }, at, null))).toEqual(['nvidia.topology']);
    const twice = devices(...gpus, ...switches, 'switch0');
    expect(failedOf(await appraise(twice, at, null))).toEqual(['nvidia.distinct']);
  });
});

describe('TPM', () => {
  const folder = 'tpm-ak-cert-gce-purpose';

  caseTest('an AK certificate of the purpose of EKs passes where policy lists it, and only there', async () => {
    const { akPurpose: _, ...tpm } = JSON.parse(readFileSync(file(folder, 'expect.json'), 'utf8')).tpm;
    // The case was written when policy could say no more of purposes than that one may be missing.
    const document = (akPurposes: readonly string[]) =>
      parseReferenceValues({ ...NO_REFERENCE_VALUES, tpm: { ...tpm, akPurposes } });
    const flags = {
      tpmAttest: file(folder, 'q.msg'),
      tpmSignature: file(folder, 'q.sig'),
      tpmPcrs: file(folder, 'q.pcrs'),
      ak: file(folder, 'ak.tpm2b'),
      akChain: file(folder, 'chain.pem'),
      nonce: '5a'.repeat(32),
    };
    const failed = async (akPurposes: readonly string[]) =>
      failedOf(await appraise(flags, '2026-01-15T00:00:00Z', document(akPurposes)));
    expect(await failed(['2.23.133.8.1'])).toEqual([]);
    expect(await failed(['2.23.133.8.3', 'none'])).toEqual(['tpm.key-certified']);
  });
});

describe('NRAS', () => {
  caseTest('a token about a switch is read, counted and refused for who issued it', async () => {
    const flags = { jwt: file('nras-switch-token', 'eat.json'), jwks: file('nras-switch-token', 'jwks.json') };
    const appraisal = await appraise(flags, '2025-06-29T00:00:00Z', null);
    expect(failedOf(appraisal).toSorted()).toEqual(
      ['nras', 'nras.switch-0'].flatMap((of) => ['issuer', 'key', 'signature'].map((rule) => `${of}.${rule}`)),
    );
    expect(appraisal.claims).toMatchObject({
      ...{ 'gpu.count': '0', 'gpu.switches': '1' },
      'nras.switch-0.vbios': '96.10.55.00.01',
    });
  });
});

describe('TDX', () => {
  const tdx = (folder: string): SubjectFlags => ({
    tdxQuote: file(folder, 'quote.bin'),
    collateral: file(folder, 'collateral.json'),
  });

  caseTest('a TD that may migrate is refused, though reference values list the bit', async () => {
    const folder = 'tdx-migratable-v4';
    const values = expectedValues(folder);
    const appraisal = await appraise(tdx(folder), '2025-01-01T00:00:00Z', values);
    expect(failedOf(appraisal)).toEqual(['tdx.migratable']);
  });

  caseTest('a TD with a service TD is refused by default, and passes where its hash is listed', async () => {
    const at = '2026-04-01T00:00:00Z';
    const flags = tdx('tdx-service-td');
    expect(failedOf(await appraise(flags, at, null))).toEqual(['tdx.service-td']);
    const choices = {
      imageName: null,
      pinChip: false,
      golden: 'measured',
      akAuthority: null,
      isAkActivated: false,
      listsServiceTds: true,
    } as const;
    const terms = { before: NO_REFERENCE_VALUES, choices, instantMs: instantOf(at), verify: verifyNode };
    const subject = await subjectOf(null, flags);
    const silent = { ...terms, choices: { ...choices, listsServiceTds: false } };
    await expect(proposeReferenceValues(subject, silent)).rejects.toMatchObject({ code: 'appraisal_failed' });
    const values = await proposeReferenceValues(subject, terms);
    expect(values.tdx?.serviceTds).toEqual([expect.stringMatching(/^383c87d3/)]);
    const passed = await appraiseParts(subject.parts, { ...subject, ...terms, referenceValues: values });
    expect(failedOf(passed)).toEqual([]);
    const { serviceTds: _, ...tdxValues } = values.tdx ?? {};
    const none = parseReferenceValues({ ...values, tdx: tdxValues });
    const refused = await appraiseParts(subject.parts, { ...subject, ...terms, referenceValues: none });
    expect(failedOf(refused)).toEqual(['tdx.service-td']);
  });
});
