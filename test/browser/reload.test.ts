import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { OWN_FOLDER } from '../../src/platform/files/own-folder.ts';
import { compareAndSign, enrol, enterFounded, openInvitation, signIn, visit } from './ceremonies.ts';
import { invitationOf, makeKey } from './machines.ts';
import { launchBrowser, openVault, openWorkstation, type TestVault, type Workstation } from './workstation.ts';

/**
 * A reload does not sign out; where a session ends, the page says so, and why. What came of an act has the focus, and
 * never the page as such.
 */

const NAMES = ['Ana', 'Ben', 'Cleo'];
const TITLE = 'Enrol “training” as depositor';

let browser: Browser;
let vault: TestVault;
let all: Workstation[] = [];
let ana: Workstation;
let page: Page;
let fingerprint = '';

beforeAll(async () => {
  browser = await launchBrowser();
  vault = await openVault(NAMES, []);
  all = await Promise.all(NAMES.map(() => openWorkstation(browser, vault.url)));
  [ana] = all as [Workstation];
  page = ana.page;
  for (const [i, workstation] of all.entries()) {
    await openInvitation(workstation, vault.invitations.get(NAMES[i] ?? '') ?? '');
    await enrol(workstation);
  }
  for (const workstation of all) {
    await workstation.page.getByRole('heading', { name: '4. Compare, then sign' }).waitFor();
    await compareAndSign(workstation);
    if (workstation === ana)
      await vi.waitUntil(async () => (await focused()) === 'status: You have signed this genesis');
  }
  fingerprint = await enterFounded(ana);
  await signIn(ana);
}, 120_000);
afterAll(async () => {
  await Promise.all(all.map((workstation) => workstation.close()));
  await browser?.close();
  await vault?.close();
});

/** The role, or the element, and the accessible name of what has the focus. */
const focused = () =>
  page.evaluate(() => {
    const { role, ariaLabel, textContent, localName } = document.activeElement ?? document.body;
    return `${role ?? localName}: ${ariaLabel ?? textContent}`;
  });
const heading = (name: string) => page.getByRole('heading', { name, level: 1 });
/** How the console is started with a fingerprint, as the page says it. */
const started = (hex: string) =>
  `node ${OWN_FOLDER}/bin/twinlock.js console --open --fingerprint ${hex} --vault ${vault.url.origin}`;
/** What the tab has of a session: the key of the console and the founder's fingerprint stay. */
const kept = () =>
  page.evaluate(() => {
    const {
      'twinlock-console-key': _,
      'twinlock-confirmed-fingerprint': __,
      ...others
    } = { ...sessionStorage, ...localStorage };
    return JSON.stringify(others);
  });
const token = async () => (JSON.parse(JSON.parse(await kept())['twinlock-session']) as { token: string }).token;
/** The address, without the name and port of the console. */
const place = () => new URL(page.url()).hash;

it('a reload stays where one was, signed in, without a touch, and shows what its own replay has verified', async () => {
  await visit(ana, 'Propose');
  await page.getByLabel('Its key').fill(JSON.stringify(invitationOf(makeKey('depositor', 'training'), 'Cleo')));
  await page.getByRole('button', { name: 'Propose to enrol it' }).click();
  await heading(TITLE).waitFor();
  const before = place();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await page.reload();
  await heading(TITLE).waitFor();
  expect(place()).toBe(before);
  expect(page.url()).not.toContain(await token());
  expect(asked).toContain('GET /v1/log/entries');
  expect(asked.filter((request) => /sessions|challenges/.test(request))).toEqual([]);
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText(/^Your approval is recorded as entry \d+$/).waitFor();
  await expect.poll(focused).toMatch(/^status: Your approval is recorded as entry \d+$/);
});

it('a founder’s page keeps the fingerprint over a reload, before they go on and after, and asks them for it no more', async () => {
  const other = all[1]?.page;
  if (other === undefined) throw new Error('expected a second founder');
  const founded = other.getByRole('heading', { name: 'The vault is founded', level: 1 });
  await founded.waitFor();
  await other.reload();
  await founded.waitFor();
  expect(await other.locator('pre').first().innerText()).toContain(started(fingerprint));
  await other.getByRole('button', { name: 'Write the configuration file' }).click();
  await other.getByText('From now on this is enough').waitFor();
  await other.getByRole('button', { name: 'I have kept it' }).click();
  await other.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
  await other.reload();
  await other.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
  await other.getByRole('button', { name: 'Sign in with your security key' }).click();
  await other.getByRole('heading', { name: 'Proposals', level: 1 }).waitFor();
});

it('another tab is not signed in, knows no fingerprint, and says how the console is started', async () => {
  const other = await ana.context.newPage();
  await other.goto(page.url());
  await other.getByLabel(/^Fingerprint/).waitFor();
  await other.getByText('console --invitation FILE').waitFor();
  expect(await other.locator('pre').innerText()).toContain(started('FINGERPRINT'));
  expect(await other.evaluate(() => sessionStorage.getItem('twinlock-session'))).toBeNull();
  await other.close();
});

it('a vault that is out of reach at the reload does not end the session', async () => {
  await page.route('**/v1/log/entries*', (route) => route.abort());
  await page.reload();
  await page.getByText('unavailable', { exact: true }).waitFor();
  await page.unroute('**/v1/log/entries*');
  await page.getByRole('button', { name: 'Start again' }).click();
  await heading(TITLE).waitFor();
});

it('a session that the vault has forgotten leads to the page for signing in, with the reason', async () => {
  await page.goto('about:blank');
  await vault.halt();
  await vault.restart();
  await page.goBack();
  await heading('Sign in').waitFor();
  await page
    .getByText(/no live session: sign in \(sessions end after 8 hours and when the daemon restarts\)/)
    .waitFor();
  expect(await kept()).toBe('{}');
  await page.getByRole('button', { name: 'Sign in with your security key' }).click();
  await heading(TITLE).waitFor();
});

it('a session that ends while the page is open leads there too', async () => {
  await vault.halt();
  await vault.restart();
  await heading('Sign in').waitFor();
  await page.getByText('You are not signed in', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Sign in with your security key' }).click();
  await heading(TITLE).waitFor();
  expect(await page.getByText('You are not signed in', { exact: true }).count()).toBe(0);
});

it('a sign-out that does not reach the vault says so, and ends the session there once it does', async () => {
  const authorization = `Bearer ${await token()}`;
  const status = async () => (await fetch(new URL('/v1/status', vault.url), { headers: { authorization } })).status;
  await page.route('**/v1/sessions', (route) =>
    route.request().method() === 'DELETE' ? route.abort() : route.continue(),
  );
  await page.getByRole('button', { name: 'Sign out' }).click();
  await heading('Sign in').waitFor();
  const notice = page.getByText('The vault does not know yet that you have signed out');
  await notice.waitFor();
  expect([await status(), await kept()]).toEqual([200, '{}']);
  await page.unroute('**/v1/sessions');
  await notice.waitFor({ state: 'hidden', timeout: 15_000 });
  expect(await status()).toBe(401);
  await page.getByRole('button', { name: 'Sign in with your security key' }).click();
  await heading(TITLE).waitFor();
});

it('a sign-out ends the session in the tab and at the vault, also where the page is left at once', async () => {
  const authorization = `Bearer ${await token()}`;
  const status = async () => (await fetch(new URL('/v1/status', vault.url), { headers: { authorization } })).status;
  expect(await status()).toBe(200);
  await page.getByRole('button', { name: 'Sign out' }).evaluate((button: HTMLElement) => {
    button.click();
    location.reload();
  });
  await heading('Sign in').waitFor();
  expect(await kept()).toBe('{}');
  await expect.poll(status).toBe(401);
});

it('what came of each act has the focus, and the heading of the screen where nothing is left to show', async () => {
  const press = (name: string) => page.getByRole('button', { name, exact: true }).first().click();
  await page.evaluate(() => sessionStorage.removeItem('twinlock-confirmed-fingerprint'));
  await page.reload();
  await page.getByLabel(/^Fingerprint/).fill(fingerprint);
  await press('Use this fingerprint');
  await expect.poll(focused).toBe('h1: Sign in');
  await press('Sign in with your security key');
  await expect.poll(focused).toBe(`h1: ${TITLE}`);
  await visit(ana, 'Propose');
  await page.getByLabel('Its key').fill(JSON.stringify(invitationOf(makeKey('auditor', 'books'), 'Cleo')));
  await press('Propose to enrol it');
  await expect.poll(focused).toBe('h1: Enrol “books” as auditor');
  await page.locator('summary', { hasText: 'Withdraw my proposal' }).click();
  await page.getByLabel('Reason, for the log').fill('not this one');
  await press('Withdraw my proposal');
  await expect.poll(focused).toBe('status: What your stop has done');
  await press('Close');
  await expect.poll(focused).toBe('h1: Enrol “books” as auditor');
  await page.getByRole('link', { name: /^Proposals/ }).click();
  await page.getByRole('link', { name: TITLE }).click();
  await page.locator('summary', { hasText: 'Withdraw my proposal' }).click();
  await page.getByLabel('Reason, for the log').fill('too early');
  await page.route('**/v1/stops', (route) => route.abort());
  await press('Withdraw my proposal');
  await expect.poll(focused).toBe('status: You have signed a stop, and the vault may have it');
  await page.unroute('**/v1/stops');
  await press('Send it again');
  await expect.poll(focused).toBe('status: What your stop has done');
  await press('Close');
  await visit(ana, 'Stop');
  await page.getByLabel('Reason, for the log').first().fill('drill');
  await page.getByLabel('Stop every release of every model, now').check();
  await press('Stop everything');
  await expect.poll(focused).toMatch(/^status: (?:Recorded as entry \d+|What your stop has done)$/);
  await page.getByText(/^Recorded as entry \d+$/).waitFor();
  await expect.poll(focused).toMatch(/^status: Recorded as entry \d+$/);
  await press('Sign out');
  await expect.poll(focused).toBe('h1: Sign in');
});

it('complains of nothing but what was out of reach', () => {
  expect(ana.complaints.filter((complaint) => !complaint.includes('Failed to load resource'))).toEqual([]);
});
