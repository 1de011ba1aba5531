import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AZURE_QUOTE_URL, AzureParavisor } from '../../../../client/host/collectors/azure.ts';
import type { CpuCollector } from '../../../../client/host/collectors/machine.ts';
import { Tpm } from '../../../../client/host/collectors/tpm.ts';
import { type Endorsements, NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseTpm } from '../../../../src/core/attest/tpm/appraise.ts';
import type { TpmReferenceValues } from '../../../../src/core/attest/tpm/reference-values.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { fromBase64url, toBase64url } from '../../../../src/core/bytes.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { AZURE_INSTANT_MS, azureCase, hclBytes } from '../../../platforms/azure.ts';
import { hasSwtpm, type Swtpm, startSwtpm } from '../../../platforms/swtpm.ts';
import { akName, tpmReferenceValues } from '../../../platforms/tpm.ts';

const EXTENDED = 'ab'.repeat(32);
const SLOW = { timeout: 60_000 };

describe.skipIf(!hasSwtpm())('an emulated TPM passes', SLOW, () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-swtpm-'));
  let tpm: Swtpm;
  beforeAll(async () => {
    tpm = await startSwtpm(folder);
    vi.stubEnv('TPM2TOOLS_TCTI', tpm.tcti);
    await tpm.extend(4, EXTENDED);
  }, 60_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await tpm?.stop();
    rmSync(folder, { recursive: true });
  });

  /** Runs one of tpm2-tools, and makes room for the next key. */
  function run(tool: string, ...args: string[]): void {
    for (const words of [
      [tool, ...args],
      ['flushcontext', '-t'],
    ]) {
      execFileSync(`tpm2_${words[0]}`, words.slice(1), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    }
  }

  interface Expected {
    readonly values: TpmReferenceValues;
    readonly endorsements?: Endorsements;
    readonly instantMs?: number;
  }

  /** Under data that no report before it carried; the rules that fail. */
  async function failures(collector: CpuCollector, { values, endorsements, instantMs }: Expected) {
    const extraData = crypto.getRandomValues(new Uint8Array(32));
    const { report } = await collector.report({ reportData: new Uint8Array(64), extraData });
    const { rules } = await appraiseTpm({
      report: report as TpmReport,
      expectedData: extraData,
      endorsements: endorsements ?? NO_ENDORSEMENTS,
      referenceValues: values,
      instantMs: instantMs ?? Date.now(),
      verify: verifyNode,
    });
    return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
  }

  const images = [{ name: 'never measured', pcrs: [{ index: 7, value: '00'.repeat(32) }] }];

  test('by a key from a file whose certificate is of a pinned authority, as often as it is asked', async () => {
    const collector = new Tpm({ ak: tpm.akContext, pcrs: [0, 4, 7, 23], certificate: tpm.akCertificateChain });
    const values = tpmReferenceValues({ anchors: [toBase64url(tpm.anchor)], images });
    for (let time = 0; time < 3; time++) expect(await failures(collector, { values })).toEqual([]);
    const { report } = await collector.report({ reportData: new Uint8Array(64), extraData: new Uint8Array(32) });
    const [, extended, other] = (report as TpmReport).pcrs;
    expect([extended?.index, other?.index, extended?.value === other?.value]).toEqual([4, 7, false]);
  });

  test('by a key under a handle that the reference values name, and by no other', async () => {
    const handle = '0x81010002';
    run('evictcontrol', '-C', 'o', '-c', tpm.akContext, handle);
    const collector = new Tpm({ ak: handle, pcrs: [7], certificate: null });
    const activated = tpmReferenceValues({ anchors: [], activated: [akName(tpm.akPublic)], images });
    expect(await failures(collector, { values: activated })).toEqual([]);
    expect(await failures(collector, { values: { ...activated, activated: [] } })).not.toEqual([]);
  });

  test("by the index and the key that the paravisor of Azure's machines keeps", async () => {
    run('createek', '-c', 'paravisor.ek', '-G', 'rsa');
    run('createak', '-C', 'paravisor.ek', '-c', 'paravisor.ak', '-G', 'rsa', '-g', 'sha256', '-s', 'rsassa');
    run('evictcontrol', '-C', 'o', '-c', 'paravisor.ak', '0x81000003');
    run('readpublic', '-c', '0x81000003', '-f', 'tss', '-o', 'paravisor.public');
    const modulus = toBase64url(new Uint8Array(readFileSync(join(folder, 'paravisor.public'))).slice(-256));
    const made = azureCase({ ak: { n: modulus }, runtime: { 'user-data': '' }, referenceValues: { images } });
    const { identity } = made.report;
    if (identity.kind !== 'runtime' || identity.hardware.platform !== 'snp') throw new Error('expected one of SNP');
    const hardware = fromBase64url(identity.hardware.report);
    const hcl = hclBytes({ hardware, runtime: made.runtime, padding: new Uint8Array(0) });
    writeFileSync(join(folder, 'hcl'), hcl);
    run('nvdefine', '-C', 'o', '-s', String(hcl.length), '-a', 'ownerread|ownerwrite', '0x01400001');
    run('nvwrite', '-C', 'o', '-i', 'hcl', '0x01400001');
    const collector = new AzureParavisor({ pcrs: [4, 7], quoteUrl: AZURE_QUOTE_URL });
    const { referenceValues: values, endorsements } = made;
    expect(await failures(collector, { values, endorsements, instantMs: AZURE_INSTANT_MS })).toEqual([]);
  });
});
