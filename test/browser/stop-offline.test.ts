import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NODE } from '../world/daemon-process.ts';
import { compareAndSign, enrol, enterFounded, openInvitation, signIn, visit } from './ceremonies.ts';
import { launchBrowser, openVault, openWorkstation, type TestVault, type Workstation } from './workstation.ts';

let browser: Browser;
let vault: TestVault;
let everybody: readonly Workstation[];
let folder: string;

beforeAll(async () => {
  browser = await launchBrowser();
  vault = await openVault(['Ana', 'Ben', 'Cleo'], []);
  everybody = await Promise.all(['Ana', 'Ben', 'Cleo'].map(() => openWorkstation(browser, vault.url)));
  folder = mkdtempSync(join(tmpdir(), 'twinlock-stop-'));
});
afterAll(async () => {
  await Promise.all(everybody.map((workstation) => workstation.close()));
  await browser.close();
  await vault.close();
  rmSync(folder, { recursive: true });
});

it('signs a stop while the vault is down, saves it, twinlockd stop FILE records it, and the log then says so', async () => {
  const names = ['Ana', 'Ben', 'Cleo'];
  for (const [i, workstation] of everybody.entries()) {
    await openInvitation(workstation, vault.invitations.get(names[i] ?? '') ?? '');
    await enrol(workstation);
  }
  for (const workstation of everybody) {
    await workstation.page.getByRole('heading', { name: '4. Compare, then sign' }).waitFor();
    await compareAndSign(workstation);
  }
  const [ana] = everybody;
  if (ana === undefined) throw new Error('expected a workstation');
  await enterFounded(ana);
  await signIn(ana);

  await visit(ana, 'Stop');
  await vault.halt();
  const { page } = ana;
  await page.getByLabel('Reason, for the log').first().fill('the vault does not answer');
  await page.getByLabel('Stop every release of every model, now').check();
  await page.getByRole('button', { name: 'Stop everything' }).click();
  await page.getByText('The vault has not accepted a stop that you signed').waitFor();
  await page.getByText('The vault was not reached').first().waitFor();
  expect(await page.getByText(/the vault may have it|is a claim/).count()).toBe(0);
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save it as a file' }).click();
  const file = join(folder, (await downloading).suggestedFilename());
  await (await downloading).saveAs(file);

  const twinlockd = join(import.meta.dirname, '../../src/main.ts');
  const printed = execFileSync(NODE, [twinlockd, '--data', vault.dataDir, 'stop', file, '--json']);
  expect(JSON.parse(printed.toString())).toMatchObject({
    what: 'all',
    already: false,
    stopped: [{ name: 'Ana', reason: 'the vault does not answer' }],
  });

  // The log alone says that it was taken.
  await page.route('**/v1/stops', (route) => route.abort());
  await vault.restart();
  await page.getByRole('button', { name: 'Sign in with your security key' }).click({ timeout: 30_000 });
  await page.getByRole('status', { name: 'The vault is stopped' }).waitFor();
  await expect.poll(() => page.getByText('The vault has not accepted a stop that you signed').count()).toBe(0);
});
