import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PrincipalSession } from '../../client/principal.ts';
import {
  approve,
  compareAndSign,
  enrol,
  enterFounded,
  obstaclesOf,
  openInvitation,
  openProposal,
  signIn,
  visit,
  wordsOf,
} from './ceremonies.ts';
import { depositFile, invitationOf, makeKey, openSession, requestServing } from './machines.ts';
import { launchBrowser, openVault, openWorkstation, type TestVault, type Workstation } from './workstation.ts';

const depositorKey = makeKey('depositor', 'training');
const requesterKey = makeKey('requester', 'turin-serving');

let browser: Browser;
let vault: TestVault;
let ana: Workstation;
let ben: Workstation;
let cleo: Workstation;
let everybody: readonly Workstation[];
let fingerprint: string;
let requester: PrincipalSession;

beforeAll(async () => {
  browser = await launchBrowser();
  // Cleo's machine asks for releases from the first day on.
  vault = await openVault(['Ana', 'Ben', 'Cleo'], [invitationOf(requesterKey, 'Cleo')]);
  const open = () => openWorkstation(browser, new URL(vault.daemon.url));
  everybody = await Promise.all([open(), open(), open()]);
  [ana, ben, cleo] = everybody as [Workstation, Workstation, Workstation];
});
afterAll(async () => {
  await Promise.all(everybody.map((workstation) => workstation.close()));
  await browser.close();
  await vault.close();
});

const invitation = (name: string) => vault.invitations.get(name) ?? '';

describe('three custodians, each at their own console', { concurrent: false }, () => {
  it('enrol, Ana with two keys', async () => {
    await ana.page.goto(ana.console.url.href);
    await ana.page.getByLabel('Your invitation').fill(invitation('Ana'));
    await ana.page.getByRole('button', { name: 'Open' }).click();
    await enrol(ana);
    await ana.insertNewKey();
    await ana.page.getByRole('button', { name: 'Enrol another key' }).click();
    await ana.page.getByText('2 keys enrolled').waitFor();
    await openInvitation(ben, invitation('Ben'));
    await enrol(ben);
    await ben.page.getByText('Waiting for Cleo to enrol').waitFor();
    await openInvitation(cleo, invitation('Cleo'));
    await enrol(cleo);
  });

  it('see the same genesis and the same twelve words, and sign it', async () => {
    for (const { page } of everybody) await page.getByRole('heading', { name: '4. Compare, then sign' }).waitFor();
    const words = await Promise.all(everybody.map(({ page }) => wordsOf(page)));
    expect(words[0]).toHaveLength(12);
    expect(words[1]).toEqual(words[0]);
    expect(words[2]).toEqual(words[0]);
    await ana.page.getByText('turin-serving').waitFor();
    await ana.page.getByText('simulation, for life').waitFor();
    for (const workstation of everybody) await compareAndSign(workstation);
    const fingerprints: string[] = [];
    for (const workstation of everybody) fingerprints.push(await enterFounded(workstation));
    fingerprint = fingerprints[0] ?? '';
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(fingerprints).size).toBe(1);
  });

  it('sign in, and replay the log', async () => {
    await Promise.all(everybody.map(signIn));
    await ana.page.getByText('Nothing waits for you').waitFor();
    requester = await openSession(vault.daemon.url, requesterKey, fingerprint);
  });

  it('enrol a depositor by quorum: the proposer counts, one is not enough', async () => {
    await visit(ana, 'Propose');
    const { page } = ana;
    await page.getByLabel('Its key').fill(JSON.stringify(invitationOf(depositorKey, 'Ana')));
    await page.getByRole('button', { name: 'Propose to enrol it' }).click();
    await page.getByRole('heading', { name: 'Enrol training as depositor' }).waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('The proposal is now open.').waitFor();
    expect(await approve(ben, 'Enrol training as depositor')).toBe('The proposal is now in effect.');
    await page.getByText('The proposal is now in effect.').waitFor();
  });

  it('publish a deposit: its owner cannot approve it, two others can', async () => {
    const depositor = await openSession(vault.daemon.url, depositorKey, fingerprint);
    await depositFile(depositor, fingerprint, new TextEncoder().encode('the weights of a very small model\n'));
    await visit(cleo, 'Versions');
    await cleo.page.getByText('acme/ocr@1').first().waitFor();
    await cleo.page.getByText('quarantined', { exact: true }).waitFor();
    await cleo.page.getByRole('button', { name: 'Propose to publish' }).click();
    await cleo.page.getByRole('heading', { name: 'Publish acme/ocr@1' }).waitFor();
    expect(await obstaclesOf(cleo)).toEqual([expect.stringContaining('proposer_cannot_approve')]);
    expect(await cleo.page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
  });

  it('complain of nothing', () => {
    for (const { complaints } of everybody) expect(complaints).toEqual([]);
  });
});
