import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ConfigfsTsm, type TsmPlatform } from '../../../client/host/collectors/configfs-tsm.ts';
import { type GpuCollector, machine } from '../../../client/host/collectors/machine.ts';
import { parseEndorsements } from '../../../src/core/attest/endorsements.ts';
import { parseEvidence } from '../../../src/core/attest/evidence.ts';
import { fromBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { snpCase } from '../../platforms/snp.ts';
import { makeTdxQuote } from '../../platforms/tdx.ts';
import { collateralFiles, putFiles, snpFiles } from '../../vault/hardware/endorsement-files.ts';
import { CHIP, gpusAt, HARDWARE_VALUES } from '../../vault/hardware/hosts.ts';
import { unsent } from '../../vault/hardware/wire.ts';
import { depositFiles, openAs, publish, releaseFor } from '../../world/vault/acts.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';
import { certificateTable, GUIDS } from './collectors/certificate-table.ts';
import { type FakeKernel, FakeTsm } from './collectors/fake-tsm.ts';

let vault: Vault;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-endorsements-'));
  putFiles(folder, { ...snpFiles(CHIP), ...collateralFiles() });
  vault = await openVault({ policy: { referenceValues: HARDWARE_VALUES } }, { endorsements: { folder, mirrors: {} } });
  await depositFiles(vault, { 'weights.bin': utf8('the weights') });
  await publish(vault);
}, 60_000);
afterAll(async () => {
  await vault?.close();
  rmSync(folder, { recursive: true });
});

const opened: FakeTsm[] = [];
afterEach(() => {
  for (const tsm of opened.splice(0)) tsm.close();
});

/** Linux's interface to the platform, and the GPUs of the kit. */
function machineOf(kernel: FakeKernel, platform: TsmPlatform, gpu: GpuCollector | null) {
  const tsm = new FakeTsm(kernel);
  opened.push(tsm);
  return machine({ cpu: new ConfigfsTsm({ folder: tsm.folder, platform, vmpl: null, ask: null }), gpu });
}

const { vek, ask } = snpCase().endorsements.snp;
const TABLE = certificateTable([
  { guid: GUIDS.vcek, content: fromBase64url(vek) },
  { guid: GUIDS.ask, content: fromBase64url(ask) },
]);
const snp = (auxblob: Uint8Array): FakeKernel => ({
  provider: 'sev_guest',
  answer: (reportData) => ({ outblob: fromBase64url(snpCase({ report: { reportData } }).report.report), auxblob }),
});
const TDX: FakeKernel = {
  provider: 'tdx_guest',
  answer: (inblob) => ({ outblob: makeTdxQuote({ body: { reportData: toHex(inblob) } }), auxblob: null }),
};

describe('a machine that Linux tells of what it runs is released to', () => {
  test('SEV-SNP, whose kernel gives the certificates and the vault’s folder the list of what is revoked', async () => {
    const pending = await releaseFor(vault, [machineOf(snp(TABLE), 'snp', null)]);
    expect((await openAs(vault, pending)).core.model).toBe('acme/ocr');
  });

  test('SEV-SNP, whose kernel gives no certificates, by what the folder has', async () => {
    const { statement, objects } = await unsent(vault, [machineOf(snp(new Uint8Array(0)), 'snp', null)]);
    const [host] = statement.hosts;
    const { endorsements } = parseEndorsements(fromBase64url(objects[host?.endorsements ?? ''] ?? ''));
    expect(endorsements.snp).toEqual({ vek: expect.any(String), ask: expect.any(String), crl: expect.any(String) });
  });

  test('TDX with two GPUs, which sign before the processor does', async () => {
    const order: string[] = [];
    const gpu: GpuCollector = {
      gpu: async (nonce) => {
        order.push('gpus');
        return gpusAt(nonce, 2);
      },
    };
    const kernel: FakeKernel = {
      ...TDX,
      answer: (inblob, level) => {
        if (inblob.some((byte) => byte !== 0)) order.push('processor');
        return TDX.answer(inblob, level);
      },
    };
    const pending = await releaseFor(vault, [machineOf(kernel, 'tdx', gpu)]);
    expect(order).toEqual(['gpus', 'processor']);
    expect((await openAs(vault, pending)).core.model).toBe('acme/ocr');
  });

  test('and what it sends is bound to keys of its own, on every platform', async () => {
    const { statement, objects } = await unsent(vault, [
      machineOf(snp(TABLE), 'snp', null),
      machineOf(TDX, 'tdx', { gpu: async (nonce) => gpusAt(nonce, 1) }),
    ]);
    const evidence = statement.hosts.map((host) => parseEvidence(fromBase64url(objects[host.evidence] ?? '')).evidence);
    expect(evidence.map(({ report }) => report.platform)).toEqual(['snp', 'tdx']);
    expect(new Set(evidence.map(({ kem }) => kem)).size).toBe(2);
    expect(evidence[0]?.random).toBe(evidence[1]?.random);
  });
});
