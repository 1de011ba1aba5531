import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseEvidenceParts, partsData } from '../../../client/host/evidence-parts.ts';
import { fromBase64, toBase64, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { pem } from '../../core/x509/certificate-kit.ts';
import { evidenceOf, makeDevice, TEST_NONCE } from '../../platforms/nvidia.ts';
import { trustAuthorityToken } from '../../platforms/token.ts';
import { type Run, runProgram } from '../../world/command-line.ts';
import { openPrograms, type Programs } from '../host/collectors/programs.ts';

const NONCE = toHex(TEST_NONCE);
const SLOW = { timeout: 60_000 };

let programs: Programs;
beforeEach(() => {
  programs = openPrograms();
});
afterEach(() => programs.close());

function evidence(...args: string[]): Promise<Run> {
  return runProgram('client/cli.ts', ['evidence', programs.path('host.json'), '--json', ...args], programs.folder);
}

function written() {
  return parseEvidenceParts(new Uint8Array(readFileSync(programs.path('host.json'))));
}

function refusal({ code, stdout, stderr }: Run): [number | null, string] {
  expect(stdout).toBe('');
  return [code, (JSON.parse(stderr) as { error: { code: string } }).error.code];
}

test('writes what a host proves, its GPUs bound into its report', SLOW, async () => {
  const { spdm, chain } = makeDevice();
  const certificate = toBase64(utf8(chain.map((der) => pem('CERTIFICATE', der)).join('')));
  const evidences = [{ evidence: toBase64(spdm), certificate }];
  writeFileSync(programs.path('printed'), JSON.stringify({ result_code: 0, evidences }));
  programs.make('nvattest', 'cat $HERE/printed');
  const { token } = trustAuthorityToken(new Uint8Array(64));
  programs.make('ita', `echo ${token}`);
  const run = await evidence('--token-command', 'ita {reportData}', '--nonce', NONCE);
  expect([run.code, run.stderr]).toEqual([0, '']);
  const gpu = evidenceOf({ spdm, chain });
  const { reportData } = partsData(NONCE, gpu);
  const named = { nonce: NONCE, platform: 'intel-trust-authority', gpu: 'spdm', reportData: toHex(reportData) };
  expect(run.json()).toEqual({ file: programs.path('host.json'), ...named });
  const report = { platform: 'intel-trust-authority', token };
  expect(written()).toMatchObject({ report, gpu, reportData: toHex(reportData), gpuNonce: NONCE });
  expect(programs.lastCall('ita').map(fromBase64)).toEqual([reportData]);
});

test('writes what a simulated chip says, under a nonce of its own, and nothing over another file', SLOW, async () => {
  const chip = ['--simulated-chip', programs.path('chip')];
  const { nonce } = (await evidence(...chip)).json() as { nonce: string };
  const { reportData } = partsData(nonce, null);
  const parts = written();
  expect(parts.report).toMatchObject({ platform: 'simulated', reportData: toBase64url(reportData) });
  expect([parts.gpu, parts.gpuNonce, parts.reportData]).toEqual([null, null, toHex(reportData)]);
  expect(refusal(await evidence(...chip))).toEqual([64, 'exists']);
  expect(written()).toEqual(parts);
});

test('says that a host which shows no endorsement has none', SLOW, async () => {
  const args = ['evidence', programs.path('host.json'), '--simulated-chip', programs.path('chip')];
  const { stdout } = await runProgram('client/cli.ts', args, programs.folder);
  expect(stdout).toContain('endorsed by  nothing that this host has');
});

test.each([
  ['--tpm-ak-certificate', ['--tpm-ak', '0x81010002']],
  ['--vek-issuer', ['--evidence', 'snp', '--gpu', 'none']],
])('does not wait for a pipe without a writer: %s', SLOW, async (flag, others) => {
  execFileSync('mkfifo', [programs.path('pipe')]);
  expect(refusal(await evidence(...others, flag, programs.path('pipe')))).toEqual([64, 'not_permitted']);
});

test('refuses a nonce that is none, and a machine without the platform that was named', SLOW, async () => {
  expect(refusal(await evidence('--nonce', NONCE.toUpperCase()))).toEqual([64, 'usage']);
  expect(refusal(await evidence('--evidence', 'photograph'))).toEqual([64, 'usage']);
  const tpm = ['--tpm-ak', '0x81010002'];
  programs.make('tpm2_quote', 'echo "ERROR: no TPM" >&2; exit 1');
  expect(refusal(await evidence(...tpm))).toEqual([69, 'unavailable']);
  expect(existsSync(programs.path('host.json'))).toBe(false);
});
