import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type RunningConsole, startConsole } from '../../client/console/server.ts';
import { takesNothing, withFaults } from '../guarantees/faults.ts';
import { NODE } from '../world/daemon-process.ts';
import { compareAndSign, enrol, enterFounded, openInvitation, signIn, visit } from './ceremonies.ts';
import {
  BUNDLE_DIR,
  launchBrowser,
  openVault,
  openWorkstation,
  type TestVault,
  type Workstation,
} from './workstation.ts';

/** A console that is opened while the vault does not answer, refuses, or was never followed. */

const NAMES = ['Ana', 'Ben', 'Cleo'] as const;

let browser: Browser;
let vault: TestVault;
let everybody: readonly [Workstation, Workstation, Workstation];
let fingerprint: string;
let folder: string;
const opened: RunningConsole[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  vault = await openVault(NAMES, []);
  const open = () => openWorkstation(browser, vault.url);
  everybody = [await open(), await open(), await open()];
  folder = mkdtempSync(join(tmpdir(), 'twinlock-stop-'));
  for (const [i, workstation] of everybody.entries()) {
    await openInvitation(workstation, vault.invitations.get(NAMES[i] as string) ?? '');
    await enrol(workstation);
  }
  for (const workstation of everybody) {
    await workstation.page.getByRole('heading', { name: '4. Compare, then sign' }).waitFor();
    await compareAndSign(workstation);
  }
  const [ana, ben, cleo] = everybody;
  for (const workstation of [ana, ben]) {
    fingerprint = await enterFounded(workstation);
    await signIn(workstation);
    await vi.waitUntil(() => existsSync(join(workstation.stateDir, `stop-kit-${fingerprint}.json`)));
  }
  for (const { page } of [ana, ben, cleo]) await page.goto('about:blank');
});
afterAll(async () => {
  await Promise.all(opened.map((running) => running.close()));
  await Promise.all(everybody.map((workstation) => workstation.close()));
  await browser.close();
  await vault.close();
  rmSync(folder, { recursive: true });
});

/** `twinlock console` once more on a workstation, with nothing but what its disk has. */
async function openAnew({ stateDir, page }: Workstation, fetch: typeof globalThis.fetch): Promise<void> {
  const running = await startConsole({
    vault: vault.url,
    ca: vault.ca,
    certificate: null,
    invited: null,
    configPath: '/none/config.json',
    fingerprint,
    port: 0,
    bundleDir: BUNDLE_DIR,
    fromGenesis: false,
    stateDir,
    fetch,
  });
  opened.push(running);
  await page.goto(running.address.href);
}

async function stopEverything(page: Page, name: string, reason: string): Promise<void> {
  const section = page.getByRole('region', { name: 'Stop without the vault' });
  await section.getByText(fingerprint.slice(0, 8)).waitFor();
  expect(await section.getByRole('radio').first().isChecked()).toBe(true);
  expect(await section.locator('label', { has: page.getByRole('radio', { checked: true }) }).innerText()).toContain(
    name,
  );
  await section.getByLabel('Reason, for the log').fill(reason);
  await section.getByLabel('Stop every release of every model, now').check();
  await section.getByRole('button', { name: 'Stop everything' }).click();
}

it('signs a stop of a vault that refuses everything, and delivers it once the vault answers', async () => {
  const [, ben] = everybody;
  let refuses = true;
  const refusal = { code: 'rate_limited', message: 'too many', detail: {} };
  await openAnew(ben, async (...asked) => (refuses ? Response.json(refusal, { status: 429 }) : fetch(...asked)));
  const { page } = ben;
  await page.getByText('rate_limited').first().waitFor();
  await stopEverything(page, 'Ben', 'the vault refuses me');
  const waiting = page.getByText('The vault has not accepted a stop that you signed');
  await waiting.waitFor();
  // A reload does not lose what was signed.
  await page.reload();
  await waiting.waitFor();
  refuses = false;
  await page.getByText('The vault says that it has taken your stop').waitFor({ timeout: 20_000 });
  // What kept the page from going on is over, and is not said any longer.
  const fault = page.getByRole('heading', { name: 'The console cannot go on' });
  await fault.waitFor({ state: 'hidden', timeout: 15_000 });
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await page.getByText('The vault has not accepted a stop that you signed').isVisible()).toBe(false);
});

it('sends a stop that the browser cannot keep, and gives up one that the vault refuses', async () => {
  const [, ben] = everybody;
  let sent = 0;
  await openAnew(ben, async (url, init) => {
    if (!String(url).endsWith('/v1/stops')) return fetch(url, init);
    sent++;
    return Response.json({ code: 'wrong_base', message: 'made before the resumption', detail: {} }, { status: 409 });
  });
  const { page } = ben;
  await page.getByText('Stop without the vault').click();
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await stopEverything(page, 'Ben', 'nothing is kept');
  await page.getByText('The browser does not keep it after a reload').waitFor();
  expect(sent).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Send it again' }).click();
  await page.getByRole('button', { name: 'Forget it: the vault refuses it' }).click();
  await page.getByText('The vault has not accepted a stop that you signed').waitFor({ state: 'hidden' });
});

it('offers it before the vault that hangs has answered, and beside a sign-in that fails', async () => {
  const [, ben] = everybody;
  await openAnew(ben, () => new Promise(() => undefined));
  await ben.page.getByText('Connecting to the vault').waitFor();
  await ben.page.getByText('Stop without the vault').waitFor();
  const refusal = { code: 'internal', message: 'broken', detail: {} };
  await openAnew(ben, async (url, init) =>
    String(url).endsWith('/v1/vault') ? fetch(url, init) : Response.json(refusal, { status: 500 }),
  );
  await ben.page.getByRole('button', { name: 'Sign in with your security key' }).click();
  await ben.page.getByText('broken').waitFor();
  await ben.page.getByText('Stop without the vault').click();
  expect(await ben.page.getByRole('button', { name: 'Stop everything' }).isVisible()).toBe(true);
});

it('signs a stop in a console that is opened while the vault is down, and twinlockd stop FILE records it', async () => {
  const [ana] = everybody;
  await vault.halt();
  await ana.console.close();
  await openAnew(ana, fetch);
  const { page } = ana;
  await page.getByText('unavailable').first().waitFor();
  await stopEverything(page, 'Ana', 'the vault is down');
  await page.getByText('The vault has not accepted a stop that you signed').waitFor();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save it as a file' }).click();
  const name = (await downloading).suggestedFilename();
  expect(await page.locator('pre').innerText()).toBe(
    `node CLONE/bin/twinlock.js stop ${name} --vault ${vault.url.origin} --ca vault-ca.crt\nnode CLONE/bin/twinlockd.js stop ${name}`,
  );
  const file = join(folder, name);
  await (await downloading).saveAs(file);

  const twinlockd = join(import.meta.dirname, '../../src/main.ts');
  const printed = execFileSync(NODE, [twinlockd, '--data', vault.dataDir, 'stop', file, '--json']);
  expect(JSON.parse(printed.toString())).toMatchObject({
    what: 'all',
    already: false,
    stopped: [
      { name: 'Ben', reason: 'the vault refuses me' },
      { name: 'Ana', reason: 'the vault is down' },
    ],
  });
});

it('says that this workstation can sign no stop where no custodian has signed in, and what to do', async () => {
  const [, , cleo] = everybody;
  await expect(openAnew(cleo, fetch)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('have another custodian stop it'),
  });
  let isUp = true;
  const { rpId } = { rpId: cleo.console.url.hostname };
  await openAnew(cleo, async () => {
    if (!isUp) throw new TypeError('fetch failed');
    isUp = false;
    return Response.json({ rpId });
  });
  await cleo.page.getByText('This workstation cannot sign a stop').waitFor();
});

it.each(['EROFS', 'EIO', 'ENOSPC'])(
  'lets a custodian whose disk takes nothing more (%s) sign in here for the first time, says so, and stops',
  async (errno) => {
    const [, , cleo] = everybody;
    const { page, stateDir } = cleo;
    await vault.restart().catch(() => undefined);
    await withFaults(stateDir, takesNothing(errno), async () => {
      await openAnew(cleo, fetch);
      await signIn(cleo);
      await page.getByText('This workstation cannot keep what it has verified').waitFor();
      await visit(cleo, 'Stop');
      const another = page.getByText('Sign another stop anyway');
      if ((await another.count()) > 0) await another.click();
      await page.getByLabel('Reason, for the log').first().fill(`my disk: ${errno}`);
      await page.getByLabel('Stop every release of every model, now').check();
      await page.getByRole('button', { name: 'Stop everything' }).click();
      // A second stop of hers adds nothing to the log.
      await page.getByText('“my disk: EROFS”').first().waitFor();
      await page
        .getByText(/Recorded as entry|already stopped|You have stopped it already/)
        .first()
        .waitFor();
      await page.goto('about:blank');
      expect(existsSync(join(stateDir, `stop-kit-${fingerprint}.json`))).toBe(false);
    });
  },
);
