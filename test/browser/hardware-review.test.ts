import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvidenceCollector } from '../../client/host/collector.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import {
  HARDWARE_VALUES,
  OTHER_CHIP,
  paravisorHost,
  snpHost,
  tdxHost,
  tpmHost,
  utcTimeAt,
} from '../vault/hardware/hosts.ts';
import { depositFiles, publish, requestFor } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { type CoreBrowser, carriedLog, openCoreBrowser, type WithCore } from './core-page.ts';
import type { core } from './vectors/main.ts';

type Showing = Parameters<typeof core.showProposal>[1];

/** What a custodian is shown of hosts that prove themselves by hardware: evidence of the kits, a vault's own log. */

let browser: CoreBrowser;
let page: Page;
let vault: Vault;

const { tdx } = HARDWARE_VALUES;
const VALUES: ReferenceValues = {
  ...HARDWARE_VALUES,
  ...(tdx === undefined ? {} : { tdx: { ...tdx, tcbStatuses: ['UpToDate', 'OutOfDate'] } }),
  gpu: HARDWARE_VALUES.gpu === null ? null : { ...HARDWARE_VALUES.gpu, gpus: [0, 2, 8] },
};

beforeAll(async () => {
  vault = await openVault({ policy: { referenceValues: VALUES, limits: { hosts: 64 } } });
  await depositFiles(vault, { 'weights.bin': utf8('the weights') });
  await publish(vault);
  browser = await openCoreBrowser();
  page = await browser.open({ width: 1100, height: 1400 });
});
afterAll(async () => {
  await browser?.close();
  await vault?.close();
});

/** Shows the release to ben as it is, or with these changes. */
async function show(release: Hex, changes: Partial<Showing> = {}): Promise<number> {
  const showing = { digest: release, person: vault.ben.custodian.person, nowMs: Date.now(), referenceValues: null };
  return page.evaluate(([log, shown]) => (globalThis as unknown as WithCore).twinlockCore.showProposal(log, shown), [
    await carriedLog(vault),
    { ...showing, ...changes },
  ] as const);
}

const request = async (...hosts: readonly EvidenceCollector[]): Promise<Hex> =>
  (await requestFor(vault, hosts)).release;
const hosts = () => page.getByRole('region', { name: /, appraised by this workstation$/ });
const approve = () => page.getByRole('button', { name: 'Approve' });
const summary = (text: string | RegExp) => hosts().locator('summary').filter({ hasText: text });

describe('a TD with eight GPUs', () => {
  let release: Hex;
  beforeAll(async () => {
    release = await request(tdxHost({ gpus: 8 }));
  });

  it('that passes is told in a few lines: image, devices, both instants; rules and claims are folded', async () => {
    await show(release);
    expect(await hosts().locator('strong.image').allInnerTexts()).toEqual(['test image']);
    await hosts().getByText('8 × GH100, driver 570.124.03, VBIOS 96.00.5E.00.04').waitFor();
    await hosts().getByText('tdx-0123456789abcdef').waitFor();
    expect(await hosts().getByRole('table').count()).toBe(0);
    expect(await summary('rules pass').allInnerTexts()).toEqual([
      'Intel TDX: 33 rules pass',
      expect.stringMatching(/^NVIDIA GPUs: \d\d+ rules pass$/),
      'The host as a whole: 6 rules pass',
    ]);
    for (const clock of ['At the vault’s instant', 'By your clock']) {
      const instant = hosts().locator('dt', { hasText: clock }).locator('xpath=following-sibling::dd[1]');
      expect(await instant.innerText()).toMatch(/20\d\d.* pass$/);
    }
    expect(await approve().isEnabled()).toBe(true);
  });

  it('opens to every rule and every claim, whole', async () => {
    await show(release);
    await summary(/^NVIDIA GPUs/).click();
    await hosts()
      .getByRole('row', { name: /^nvidia\.gpu-7\.measurements / })
      .waitFor();
    await summary(/claims, as measured$/).click();
    const mrTd = hosts().getByRole('row', { name: /^tdx\.mr-td / });
    expect(await mrTd.getByRole('cell').innerText()).toBe('11'.repeat(48));
    const box = await mrTd.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(1100);
  });

  it('that fails shows the failed rules first and at once, and cannot be approved', async () => {
    const { gpu } = VALUES;
    if (gpu?.spdm == null) throw new Error('expected values for GPUs');
    const spdm = { ...gpu.spdm, drivers: gpu.spdm.drivers.map((driver) => ({ ...driver, version: '999.1' })) };
    await show(release, { referenceValues: { ...VALUES, gpu: { ...gpu, spdm } } });
    await hosts().getByRole('heading', { name: 'NVIDIA GPUs 8 rules failed' }).waitFor();
    expect(await hosts().locator('.part').first().innerText()).toContain('nvidia.gpu-0.driver');
    expect(await hosts().locator('tr.failed').count()).toBe(8);
    await summary('NVIDIA GPUs: 16 rules were not reached').waitFor();
    await summary('Intel TDX: 33 rules pass').waitFor();
    expect(await approve().isDisabled()).toBe(true);
    const obstacles = await page.locator('#obstacles li').allInnerTexts();
    expect(obstacles).toContainEqual(
      expect.stringMatching(/^Host 0: nvidia\.gpu-0\.driver: expected 999\.1, got 570\.124\.03 appraisal_failed$/),
    );
    // What was not reached for want of that driver is in the table, and no reason of its own.
    expect(obstacles).toHaveLength(9);
  });
});

describe('a host', () => {
  it('that has run out since the vault looked says so, by which clock', async () => {
    const nowMs = Date.now();
    const crl = { thisUpdate: utcTimeAt(nowMs - 60_000), nextUpdate: utcTimeAt(nowMs + 60_000) };
    await show(await request(snpHost({ crl })), { nowMs: nowMs + 120_000 });
    const row = hosts().getByRole('row', { name: /^snp\.crl / });
    expect(await row.innerText()).toMatch(/not revoked by the list of .*by your clock, fail:\s*endorsement_stale: /s);
    expect(await approve().isDisabled()).toBe(true);
    expect(await page.locator('#obstacles li').allInnerTexts()).toEqual([
      expect.stringMatching(/^Host 0: at this workstation’s clock: snp\.crl: .* appraisal_failed$/),
    ]);
  });

  it('with a paravisor names both images, and which of them measured what', async () => {
    await show(await request(paravisorHost()));
    expect(await hosts().locator('ul.plain li').allInnerTexts()).toEqual([
      'ocr-host 1.3 measured by TPM',
      'test image measured by AMD SEV-SNP',
    ]);
    await summary('TPM over AMD SEV-SNP (Milan)').waitFor();
  });
});

describe('a host whose firmware policy lets pass', () => {
  it('shows what Intel says of it, also where it is folded', async () => {
    const components = [2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
    const old = tdxHost({ pck: { components } });
    await show(await request(old));
    expect(await summary(/^Host 0/).innerText()).toMatch(/pass\s+OutOfDate/);
    await hosts().getByText('INTEL-SA-00001 INTEL-SA-00002', { exact: true }).waitFor();
    expect(await approve().isEnabled()).toBe(true);
    await show(await request(snpHost(), snpHost(), snpHost(), old));
    expect(await summary(/^Host 3/).innerText()).toMatch(/pass\s+OutOfDate/);
  });
});

describe('a release to 64 hosts', () => {
  it('is read by what they have in common, and opened one by one', async () => {
    const many = Array.from({ length: 62 }, () => snpHost());
    await show(await request(...many, snpHost({ chipId: OTHER_CHIP }), tpmHost()));
    expect(await hosts().locator('ul.plain li').allInnerTexts()).toEqual([
      'test image: 63 hosts',
      'ocr-host 1.3: 1 host',
      'AMD SEV-SNP (Milan): 63 hosts',
      'TPM alone: 1 host',
    ]);
    await hosts().getByText('3 chips or keys').waitFor();
    expect(await hosts().locator('details[open]').count()).toBe(0);
    expect(await hosts().getByRole('table').count()).toBe(0);
    await summary(`Host 62: snp-${toHex(OTHER_CHIP).slice(0, 16)}`).click();
    await summary('AMD SEV-SNP: 22 rules pass').waitFor();
  });

  it('has the one that must not have them on top, open', async () => {
    const nowMs = Date.now();
    const crl = { thisUpdate: utcTimeAt(nowMs - 60_000), nextUpdate: utcTimeAt(nowMs + 60_000) };
    const many = Array.from({ length: 5 }, () => snpHost());
    await show(await request(...many, snpHost({ chipId: OTHER_CHIP, crl })), { nowMs: nowMs + 120_000 });
    await hosts().getByText('1 host must not have the weights').waitFor();
    const first = hosts().locator('details').first();
    expect(await first.locator('summary').first().innerText()).toMatch(/^Host 5: snp-[0-9a-f]{16}\s+fail/);
    expect(await first.locator('tr.failed').innerText()).toMatch(/^snp\.crl\s/);
    expect(await hosts().locator('details[open]').count()).toBe(1);
    expect(await approve().isDisabled()).toBe(true);
  });

  it('complains of nothing', () => {
    expect(browser.complaints()).toEqual([]);
  });
});
