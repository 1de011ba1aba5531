import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collectorsOf, type HostEvidenceFlags } from '../../../client/cli/collector-flags.ts';
import { AzureParavisor } from '../../../client/host/collectors/azure.ts';
import { ConfigfsTsm } from '../../../client/host/collectors/configfs-tsm.ts';
import { Nvattest } from '../../../client/host/collectors/nvattest.ts';
import { NrasToken, TrustAuthorityToken } from '../../../client/host/collectors/token.ts';
import { Tpm } from '../../../client/host/collectors/tpm.ts';
import { SimulatedChip } from '../../../client/host/simulated-chip.ts';
import { pem } from '../../core/x509/certificate-kit.ts';
import { akAuthority } from '../../platforms/tpm.ts';
import { openPrograms, type Programs } from '../host/collectors/programs.ts';

let programs: Programs;
beforeEach(() => {
  programs = openPrograms();
  // No program of this machine's own.
  vi.stubEnv('PATH', programs.folder);
});
afterEach(() => programs.close());

const AK = '0x81010002';

test.each([
  ['snp', { evidence: 'snp' }, ConfigfsTsm],
  ['tdx', { evidence: 'tdx' }, ConfigfsTsm],
  ['azure', { evidence: 'azure', tpmPcrs: '0-23' }, AzureParavisor],
  ['a TPM, which its key implies', { tpmAk: AK }, Tpm],
  ['a token, which its command implies', { tokenCommand: 'ita {reportData}' }, TrustAuthorityToken],
] as const)('takes %s', async (_, flags, collector) => {
  const { cpu, gpu } = await collectorsOf(flags);
  expect([cpu instanceof collector, gpu]).toEqual([true, null]);
});

test('takes a simulated chip where it is named, and the same one again', async () => {
  programs.make('nvattest', 'exit 1');
  const flags = { simulatedChip: programs.path('chip') };
  const data = { reportData: new Uint8Array(64), extraData: new Uint8Array(32) };
  const [one, again] = [await collectorsOf(flags), await collectorsOf(flags)];
  expect([one.cpu instanceof SimulatedChip, one.gpu]).toEqual([true, null]);
  expect(await again.cpu.report(data)).toEqual(await one.cpu.report(data));
});

test("takes GPUs' evidence from nvattest where that is installed, from a command, or not at all", async () => {
  const gpuOf = async (flags: HostEvidenceFlags) => (await collectorsOf({ evidence: 'tdx', ...flags })).gpu;
  expect(await gpuOf({})).toBeNull();
  const token = { gpu: 'token', gpuTokenCommand: 'nras {nonce}' } as const;
  expect(await gpuOf(token)).toBeInstanceOf(NrasToken);
  programs.make('nvattest', 'exit 1');
  expect(await gpuOf({})).toBeInstanceOf(Nvattest);
  expect(await gpuOf({ gpu: 'nvattest', switches: true })).toBeInstanceOf(Nvattest);
  expect(await gpuOf({ gpu: 'none' })).toBeNull();
});

test('says what was looked for and what to do where nothing is there', async () => {
  const nothing = collectorsOf({});
  const message = expect.stringMatching(/tsm\/report gives no reports.*--tpm-ak.*--token-command.*--simulated-chip/);
  await expect(nothing).rejects.toMatchObject({ code: 'unavailable', message });
  const absent = collectorsOf({ evidence: 'tdx', gpu: 'nvattest' });
  const missing = expect.stringContaining('no nvattest on PATH');
  await expect(absent).rejects.toMatchObject({ code: 'unavailable', message: missing });
});

const CHIP = { simulatedChip: '/nowhere/chip' };
const usages: readonly [string, HostEvidenceFlags][] = [
  ['a TPM without a key', { evidence: 'tpm' }],
  ['a certificate of no key', { tpmAkCertificate: 'ak.pem' }],
  ['a token without a command', { evidence: 'token' }],
  ['a simulated chip without a file', { evidence: 'simulated' }],
  ["a TPM's key with another platform", { evidence: 'snp', tpmAk: AK }],
  ['a simulated chip with another platform', { evidence: 'tdx', ...CHIP }],
  ['a simulated chip and a TPM', { tpmAk: AK, ...CHIP }],
  ['a simulated chip with real GPUs', { ...CHIP, gpu: 'nvattest' }],
  ['a privilege level with a TD', { evidence: 'tdx', vmpl: '0' }],
  ['a privilege level that is none', { evidence: 'snp', vmpl: '4' }],
  ['an issuer with a TD', { evidence: 'tdx', vekIssuer: 'ask.pem' }],
  ['PCRs with a TD', { evidence: 'tdx', tpmPcrs: '0' }],
  ['a token command without a placeholder', { tokenCommand: 'ita token' }],
  ['a GPU token without a command', { evidence: 'tdx', gpu: 'token' }],
  ["a GPU's command without its being asked for", { evidence: 'tdx', gpuTokenCommand: 'nras {nonce}' }],
  ['switches without nvattest', { evidence: 'tdx', gpu: 'none', switches: true }],
  ...['', '24', '0-', '-1', '7-0', '0,,1', 'a', '1.5', '0 ,1'].map((tpmPcrs): [string, HostEvidenceFlags] => [
    `PCRs ${JSON.stringify(tpmPcrs)}`,
    { tpmAk: AK, tpmPcrs },
  ]),
];

test.each(usages)('refuses %s', async (_, flags) => {
  await expect(collectorsOf(flags)).rejects.toMatchObject({ code: 'usage' });
});

test('names the file of certificates that cannot be used', async () => {
  const file = programs.path('ak.pem');
  const flags = { tpmAk: AK, tpmAkCertificate: file };
  await expect(collectorsOf(flags)).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining(file),
  });
  writeFileSync(file, 'no certificate');
  await expect(collectorsOf(flags)).rejects.toMatchObject({
    code: 'malformed',
    message: expect.stringContaining(file),
  });
  writeFileSync(file, pem('CERTIFICATE', akAuthority()));
  expect((await collectorsOf(flags)).cpu).toBeInstanceOf(Tpm);
});
