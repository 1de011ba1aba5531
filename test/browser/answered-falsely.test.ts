import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { compareAndSign, enrol, enterFounded, openInvitation, openProposal, signIn, visit } from './ceremonies.ts';
import { invitationOf, makeKey } from './machines.ts';
import { launchBrowser, openVault, openWorkstation, type TestVault, type Workstation } from './workstation.ts';

/** A vault that records what it is sent, and answers that it was refused: the page says what it knows, and no more. */

const NAMES = ['Ana', 'Ben', 'Cleo'];

let browser: Browser;
let vault: TestVault;
let proxy: Server;
let ana: Workstation;
let ben: Workstation;
let all: Workstation[] = [];
/** What Ben is answered where the path ends so, after the vault has done what was asked; and whether it hides the log from then on. */
let lie: { readonly path: RegExp; readonly code: string; readonly isHidden: boolean } | null = null;
let isHeldBack = false;
let heldBack: Buffer | null = null;

beforeAll(async () => {
  browser = await launchBrowser();
  vault = await openVault(NAMES, []);
  proxy = createServer((request, response) => {
    void answer(request).then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(status === 204 ? undefined : body),
    );
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const hostile = new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  all = await Promise.all([vault.url, hostile, vault.url].map((url) => openWorkstation(browser, url)));
  [ana, ben] = all as [Workstation, Workstation];
  for (const [i, workstation] of all.entries()) {
    await openInvitation(workstation, vault.invitations.get(NAMES[i] ?? '') ?? '');
    await enrol(workstation);
  }
  for (const { page } of all) await page.getByRole('heading', { name: '4. Compare, then sign' }).waitFor();
  for (const workstation of all) await compareAndSign(workstation);
  for (const workstation of all) await enterFounded(workstation);
  await Promise.all(all.map(signIn));
}, 120_000);
beforeEach(tellTruth);
afterAll(async () => {
  await Promise.all(all.map((workstation) => workstation.close()));
  await browser?.close();
  await new Promise((resolve) => proxy.close(resolve));
  await vault?.close();
});

/** In this order: a stop that waits is sent again and again, and a lie about it would hold the log back again. */
function tellTruth(): void {
  lie = null;
  isHeldBack = false;
}

/** The true vault's answer, or a lie in place of it. */
async function answer(request: IncomingMessage): Promise<readonly [number, Buffer]> {
  const { url = '', method = 'GET' } = request;
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const named = ['authorization', 'content-type', 'accept'].flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  const init = {
    method,
    headers: Object.fromEntries(named),
    ...(method === 'POST' ? { body: Buffer.concat(parts) } : {}),
  };
  const truth = await fetch(new URL(url, vault.url), init);
  const body = Buffer.from(await truth.arrayBuffer());
  if (url.startsWith('/v1/log/entries')) {
    if (isHeldBack && heldBack !== null) return [200, heldBack];
    // A page without entries: the log's end.
    if (body.length < 400) heldBack = body;
  }
  if (method === 'POST' && lie?.path.test(url) === true) {
    isHeldBack = lie.isHidden;
    return [409, Buffer.from(JSON.stringify({ code: lie.code, message: 'try another time', detail: {} }))];
  }
  return [truth.status, body];
}

/** Ana proposes a machine, and Ben has it before him, once the end of the log has been kept. */
async function openBeforeBen(name: string): Promise<string> {
  const title = `Enrol “${name}” as depositor`;
  await proposeMachine(ana, name);
  await ana.page.getByRole('heading', { name: title, level: 1 }).waitFor();
  await openProposal(ben, title);
  await atTheEnd(ben);
  return title;
}

/** Until the end of the log as the page has it is what is held back: an older one would be a log that goes back. */
async function atTheEnd({ page }: Workstation): Promise<void> {
  heldBack = null;
  await page.waitForResponse((response) => response.url().includes('/v1/log/entries') && heldBack !== null);
}

async function proposeMachine(by: Workstation, name: string): Promise<void> {
  await visit(by, 'Propose');
  await by.page.getByLabel('Its key').fill(JSON.stringify(invitationOf(makeKey('depositor', name), 'Cleo')));
  await by.page.getByRole('button', { name: 'Propose to enrol it' }).click();
}

const CLAIM =
  'It was sent, and an error came back: the answer says: “try another time”. The code in it, wrong_base, is a claim';

it('an approval that the vault recorded and says it refused is one that may count, until the log shows that it does', async () => {
  const title = await openBeforeBen('m-approved');
  lie = { path: /approvals$/, code: 'wrong_base', isHidden: true };
  await ben.page.getByRole('button', { name: 'Approve' }).click();
  await ben.page.getByText(/^You have signed: your approval is not in the log as of entry \d+$/).waitFor();
  const text = await ben.page.locator('main').innerText();
  expect(text).toContain(CLAIM);
  expect(text).not.toMatch(/Nothing has changed|This was refused/);
  expect(await ben.page.getByRole('button', { name: 'Approve', exact: true }).count()).toBe(0);
  expect(await ben.page.getByRole('button', { name: 'Sign the approval again' }).count()).toBe(1);
  // Nor where the screen is left and opened again.
  await visit(ben, 'Committee');
  await ben.page.getByRole('link', { name: /^Proposals/ }).click();
  await ben.page.getByRole('link', { name: title }).click();
  await ben.page.getByText(/^You have signed: your approval is not in the log/).waitFor();
  expect(await ben.page.getByRole('button', { name: 'Approve', exact: true }).count()).toBe(0);
  tellTruth();
  await ben.page.getByText(/^Your approval is recorded as entry \d+$/).waitFor();
  expect(await ben.page.locator('main').innerText()).toContain(CLAIM);
});

it('an approval that the log shows at once is recorded, for every answer of the vault', async () => {
  await openBeforeBen('m-at-once');
  lie = { path: /approvals$/, code: 'wrong_base', isHidden: false };
  await ben.page.getByRole('button', { name: 'Approve' }).click();
  await ben.page.getByText(/^Your approval is recorded as entry \d+$/).waitFor();
  expect(await ben.page.locator('main').innerText()).toContain(CLAIM);
});

it('a proposal that the vault has, and says it refused, is looked for in the log', async () => {
  lie = { path: /proposals$/, code: 'wrong_base', isHidden: false };
  await proposeMachine(ben, 'm-proposed');
  const notice = ben.page.locator('.notice', { hasText: 'You have signed a proposal, and the vault may have it' });
  await notice.getByText('It counts: the log has it.').waitFor();
  expect(await notice.innerText()).toContain(CLAIM);
  expect(await ben.page.locator('main').innerText()).not.toMatch(/Nothing has changed|This was refused/);
});

it('a stop that the vault says it refused is kept until the log has it', async () => {
  await ben.page.getByRole('link', { name: /^Proposals/ }).click();
  await ben.page.getByRole('link', { name: 'Enrol “m-proposed” as depositor' }).click();
  await ben.page.getByText('Withdraw my proposal').first().click();
  await ben.page.getByLabel('Reason, for the log').fill('not needed');
  await atTheEnd(ben);
  lie = { path: /stops$/, code: 'wrong_base', isHidden: true };
  await ben.page.getByRole('button', { name: 'Withdraw my proposal' }).click();
  const notice = ben.page.locator('main .notice', { hasText: 'You have signed a stop, and the vault may have it' });
  await notice.getByText(/^It is not in the log as of entry \d+\. The vault can still record it\.$/).waitFor();
  expect(await notice.innerText()).toContain(CLAIM);
  const kept = ben.page.getByLabel('A stop that the vault has not accepted');
  expect(await kept.count()).toBe(1);
  tellTruth();
  await ben.page.getByText('This proposal is withdrawn. You have not decided on it.').waitFor();
  expect(await kept.count()).toBe(0);
});

it('a sign-in that the vault says it refused reads as what was signed, under no code that only this machine can know', async () => {
  lie = { path: /sessions$/, code: 'prf_missing', isHidden: false };
  await ben.page.getByRole('button', { name: 'Sign out' }).click();
  await ben.page.reload();
  await ben.page.getByRole('button', { name: 'Sign in with your security key' }).click();
  await ben.page.getByText('You have signed a sign-in, and the vault may have it').waitFor();
  const text = await ben.page.locator('main').innerText();
  expect(text).toContain('under the unknown code “prf_missing”, says: “try another time”');
  expect(text).not.toMatch(/cannot hold shares|nothing was enrolled/);
});
