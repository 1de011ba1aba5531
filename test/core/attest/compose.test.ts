import { ed25519 } from '@noble/curves/ed25519.js';
import { expect, test } from 'vitest';
import { appraiseParts, type PartsToAppraise } from '../../../src/core/attest/compose.ts';
import type { Measure } from '../../../src/core/attest/part.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { type SimulatedReport, simulatedReportMessage } from '../../../src/core/attest/simulated/report.ts';
import { toBase64url, toHex } from '../../../src/core/bytes.ts';
import { ed25519KeyText } from '../../../src/core/signature/key-text.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { evidenceOf, makeDevice, referenceValuesFor, TEST_NONCE } from '../../platforms/nvidia.ts';
import { nrasTokens, nrasValues, TOKEN_ENDORSEMENTS, TOKEN_INSTANT_MS } from '../../platforms/token.ts';
import { MEASUREMENT } from '../../world/founding.ts';

const CHIP = new Uint8Array(32).fill(3);
const CHIP_HEX = toHex(ed25519.getPublicKey(CHIP));
const DATA = new Uint8Array(64).fill(5);
const GPU_NONCE = new Uint8Array(32).fill(6);
const VALUES: ReferenceValues = {
  ...NO_REFERENCE_VALUES,
  simulated: { platform: 'simulated', measurements: [MEASUREMENT] },
};

function report(): SimulatedReport {
  const said = {
    chip: ed25519KeyText(ed25519.getPublicKey(CHIP)),
    measurement: MEASUREMENT,
    reportData: toBase64url(DATA),
  };
  const signature = toBase64url(ed25519.sign(simulatedReportMessage(said), CHIP));
  return { platform: 'simulated', ...said, signature };
}

const PARTS: PartsToAppraise = {
  report: report(),
  reportData: DATA,
  gpu: null,
  gpuNonce: GPU_NONCE,
  evidence: 'ee'.repeat(32),
};
/** What an attestation service says about as many GPUs. */
const showing = (gpus: number) => ({ gpu: nrasTokens(GPU_NONCE, { gpus }) });
const MEASURE: Measure = {
  endorsements: TOKEN_ENDORSEMENTS,
  referenceValues: VALUES,
  instantMs: TOKEN_INSTANT_MS,
  verify: verifyNode,
};
const GPUS = { gpus: [1], switches: [0], nras: nrasValues() };
const WITH_GPUS: ReferenceValues = { ...VALUES, gpu: GPUS };

async function failed(parts: Partial<PartsToAppraise>, values: ReferenceValues | null = VALUES): Promise<string[]> {
  const { rules } = await appraiseParts({ ...PARTS, ...parts }, { ...MEASURE, referenceValues: values });
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}
test('a report that keeps every rule passes', async () => {
  expect(await failed({})).toEqual([]);
  expect(await appraiseParts(PARTS, MEASURE)).toMatchObject({ platform: 'simulated', verdict: 'pass' });
});

test('authenticity alone compares nothing, and says so', async () => {
  const { rules, referenceValues, verdict } = await appraiseParts(PARTS, { ...MEASURE, referenceValues: null });
  expect(rules.map(({ rule }) => rule)).toEqual(['simulated.signature', 'simulated.report-data']);
  expect({ referenceValues, verdict }).toEqual({ referenceValues: null, verdict: 'pass' });
});

test('nothing at all is no pass', async () => {
  for (const referenceValues of [VALUES, null]) {
    const empty = { ...PARTS, report: null };
    expect((await appraiseParts(empty, { ...MEASURE, referenceValues })).verdict).toBe('fail');
  }
});

test('a report passes together with GPUs that keep their rules', async () => {
  expect(await failed(showing(1), WITH_GPUS)).toEqual([]);
});

test('GPU evidence alone is refused', async () => {
  expect(await failed({ report: null, ...showing(1) }, WITH_GPUS)).toEqual(['composite.cpu', 'composite.cpu-values']);
});

test('where nothing is shown of a CPU or of GPUs, the rules about values say so', async () => {
  const ruleOf = async (parts: Parameters<typeof failed>[0], name: string) => {
    const { rules } = await appraiseParts({ ...PARTS, ...parts }, { ...MEASURE, referenceValues: VALUES });
    return rules.find(({ rule }) => rule === name);
  };
  expect(await ruleOf({ report: null, ...showing(1) }, 'composite.cpu-values')).toMatchObject({
    expected: 'a CPU’s report, which values apply to',
    got: 'none',
  });
  expect(await ruleOf({}, 'composite.gpu-values')).toMatchObject({ got: 'no GPU', pass: true });
});

test('GPU evidence fails with its own rules, beside a report that keeps them all', async () => {
  const gpuNonce = new Uint8Array(32).fill(7);
  const reached = await failed({ ...showing(1), gpuNonce }, WITH_GPUS);
  expect(reached.length).toBeGreaterThan(0);
  expect(reached.every((rule) => rule.startsWith('nras.'))).toBe(true);
});

test('evidence of a platform without reference values is refused', async () => {
  expect(await failed({}, NO_REFERENCE_VALUES)).toEqual(['composite.cpu-values']);
});

test('GPU evidence of a kind without reference values is refused, however many GPUs are allowed', async () => {
  expect(await failed(showing(1))).toEqual(['composite.gpu-values', 'composite.gpus']);
  expect(await failed(showing(1), { ...VALUES, gpu: { ...GPUS, nras: undefined } })).toEqual(['composite.gpu-values']);
});

test('GPUs with links are refused without their switches, unless policy lists 0 switches alone', async () => {
  const gpu = evidenceOf(makeDevice({ switches: [3] }));
  const under = (switches: number[]) =>
    failed({ gpu, gpuNonce: TEST_NONCE }, { ...VALUES, gpu: { gpus: [1], switches, spdm: referenceValuesFor() } });
  expect(await under([0])).toEqual([]);
  expect(await under([0, 1])).toEqual(['nvidia.topology']);
  expect(await under([1])).toEqual(['nvidia.topology', 'composite.switches']);
  expect(await failed({ gpu, gpuNonce: TEST_NONCE }, VALUES)).not.toContain('nvidia.topology');
});

test('a host is refused that shows another number of GPUs or switches than policy lists', async () => {
  const listing = (changes: Partial<typeof GPUS>) => ({ ...VALUES, gpu: { ...GPUS, ...changes } });
  expect(await failed({}, WITH_GPUS)).toEqual(['composite.gpus']);
  expect(await failed(showing(2), WITH_GPUS)).toEqual(['composite.gpus']);
  expect(await failed(showing(2), listing({ gpus: [1, 2] }))).toEqual([]);
  expect(await failed(showing(1), listing({ switches: [4] }))).toEqual(['composite.switches']);
  expect(await failed(showing(1), listing({ gpus: [], switches: [] }))).toEqual([
    'composite.gpus',
    'composite.switches',
  ]);
});

test('what is revoked is refused, even where another rule allows it', async () => {
  const revoking = (claim: string, value: string) => ({ ...VALUES, revoked: [{ claim, value }] });
  expect(await failed({}, revoking('simulated.chip', CHIP_HEX))).toEqual(['composite.revoked']);
  expect(await failed({}, revoking('simulated.measurement', MEASUREMENT))).toEqual(['composite.revoked']);
  expect(await failed({}, revoking('simulated.chip', MEASUREMENT))).toEqual([]);
  const driver = { ...WITH_GPUS, revoked: [{ claim: 'nras.driver', value: '595.71.05' }] };
  expect(await failed(showing(1), driver)).toEqual(['composite.revoked']);
});
