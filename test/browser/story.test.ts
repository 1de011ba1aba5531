import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { settingsOf } from '../../client/cli/settings.ts';
import type { PrincipalSession } from '../../client/principal/principal.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { SIMULATED_IMAGE } from '../../src/core/attest/simulated/report.ts';
import { toBase64url } from '../../src/core/bytes.ts';
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
import { depositFile, fetchFile, invitationOf, makeKey, openSession, requestServing } from './machines.ts';
import { launchBrowser, openVault, openWorkstation, type TestVault, type Workstation } from './workstation.ts';

const STOLEN_CHIP = '77'.repeat(32);
const PLAINTEXT = new TextEncoder().encode('the weights of a very small model\n');
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
  const open = () => openWorkstation(browser, vault.url, { ca: vault.ca });
  everybody = await Promise.all([open(), open(), open()]);
  [ana, ben, cleo] = everybody as [Workstation, Workstation, Workstation];
});
afterAll(async () => {
  await Promise.all(everybody.map((workstation) => workstation.close()));
  await browser.close();
  await vault.close();
});

// A story: where one part fails, those after it have nothing to stand on.
let isBroken = false;
beforeEach(({ skip }) => skip(isBroken));
afterEach(({ task }) => {
  isBroken ||= task.result?.state === 'fail';
});

const invitation = (name: string) => vault.invitations.get(name) ?? '';

/** What the page tells a founder to type from now on. */
async function commandAfterFounding(page: Page): Promise<string> {
  await page.getByRole('heading', { name: 'The vault is founded' }).waitFor();
  return page.locator('pre').first().innerText();
}

/** As if the console had been started with a founder's file that says these reference values. */
async function comparesWithTheFile({ page }: Workstation, referenceValues: string, said: string): Promise<void> {
  await page.unroute('**/local/config');
  const config = {
    fingerprint: null,
    vault: vault.url.origin,
    ca: vault.ca,
    clone: '/clone',
    certificate: null,
    referenceValues,
  };
  await page.route('**/local/config', (route) => route.fulfill({ json: config }));
  await page.reload();
  await page.getByText(said).waitFor();
}

const configurationOf = ({ stateDir }: Workstation) => join(stateDir, 'config/config.json');

/** The button writes what the printed command says, and the command line takes it. */
async function keepsConfiguration(workstation: Workstation): Promise<void> {
  const { page } = workstation;
  const printed = await page.locator('pre').first().innerText();
  await page.getByRole('button', { name: 'Write the configuration file' }).click();
  await page.getByText(configurationOf(workstation), { exact: true }).waitFor();
  const { vault: url, fingerprint: kept, ca } = settingsOf({ config: configurationOf(workstation) }, {});
  expect(url).toBe(vault.url.origin);
  expect(printed).toContain(`--fingerprint ${kept}`);
  expect((await page.locator('pre').allInnerTexts()).map((command) => command.trim())).toEqual([
    expect.stringMatching(/ console --open$/),
  ]);
  expect(readFileSync(ca ?? '', 'utf8')).toBe(readFileSync(vault.ca, 'utf8'));
}

/** Another file is shown, and replaced by a press of its own. */
async function replacesConfiguration(workstation: Workstation): Promise<void> {
  const { page } = workstation;
  mkdirSync(dirname(configurationOf(workstation)));
  writeFileSync(configurationOf(workstation), '{"vault":"https://other.example"}');
  await page.getByRole('button', { name: 'Write the configuration file' }).click();
  await page.getByText('{"vault":"https://other.example"}').waitFor();
  expect(settingsOf({ config: configurationOf(workstation) }, {}).vault).toBe('https://other.example');
  await page.getByRole('button', { name: 'Replace it' }).click();
  await page.getByText('From now on this is enough').waitFor();
  expect(settingsOf({ config: configurationOf(workstation) }, {}).vault).toBe(vault.url.origin);
}

/** All that a command says that a page printed, until `end`, run from anywhere by somebody who has nothing else, a browser neither. */
async function said(command: string, end: RegExp): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'twinlock-home-'));
  const child = spawn(`exec ${command.replace(/^node /, '"$NODE" ')}`, {
    shell: '/bin/sh',
    cwd: home,
    env: { PATH: home, HOME: home, NODE: process.execPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const ended = once(child, 'exit');
  const isSaid = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece: Buffer) => {
        text += piece.toString();
        if (end.test(text)) resolve();
      });
    }
  });
  await Promise.race([isSaid, ended]);
  child.kill('SIGTERM');
  await ended;
  rmSync(home, { recursive: true });
  return text;
}

describe('three custodians, each at their own console', () => {
  it('enrol, Ana with two keys', async () => {
    await ana.page.goto(ana.console.url.href);
    await ana.page.getByLabel('Your invitation').fill(invitation('Ana'));
    await ana.page.getByRole('button', { name: 'Open' }).click();
    await enrol(ana);
    await ana.insertNewKey();
    await ana.page.getByLabel('What do you call the key').fill('YubiKey black');
    await ana.page.getByRole('button', { name: 'Enrol another key' }).click();
    await ana.page.getByText('2 keys enrolled').waitFor();
    await openInvitation(ben, invitation('Ben'));
    await enrol(ben);
    await ben.page.getByText('Waiting for 1 founder to enrol').waitFor();
    await openInvitation(cleo, invitation('Cleo'));
    await enrol(cleo);
  });

  it('see the same genesis and the same twelve words, and sign it', async () => {
    for (const { page } of everybody) await page.getByRole('heading', { name: '4. Compare, then sign' }).waitFor();
    const words = await Promise.all(everybody.map(({ page }) => wordsOf(page)));
    expect(words[0]).toHaveLength(12);
    expect(words[1]).toEqual(words[0]);
    expect(words[2]).toEqual(words[0]);
    await ana.page.getByText('turin-serving', { exact: true }).waitFor();
    await ana.page.getByText('simulation, for life').waitFor();
    await ana.page.getByRole('row', { name: /^limits\.hosts \d+$/ }).waitFor();
    const values = ana.page.locator('dt', { hasText: 'Reference values' }).locator('xpath=following-sibling::dd[1]');
    expect((await values.innerText()).replaceAll(/\s/g, '')).toBe(vault.referenceValuesDigest);
    await comparesWithTheFile(cleo, 'ef'.repeat(32), 'is not what your invitation’s file says');
    await cleo.page.getByLabel('I have compared these words').check();
    expect(await cleo.page.getByRole('button', { name: 'Sign the genesis' }).isDisabled()).toBe(true);
    await comparesWithTheFile(cleo, vault.referenceValuesDigest, 'is what your invitation’s file says');
    for (const workstation of everybody) await compareAndSign(workstation);
    const fingerprints: string[] = [];
    const command = `${await commandAfterFounding(ana.page)} --open`;
    expect(await said(command, /no browser/)).toMatch(
      /^the console is at http:.*\n(.*\n)?no browser was opened \(\S+: ENOENT\): open the address yourself\n$/,
    );
    await keepsConfiguration(ana);
    await replacesConfiguration(ben);
    for (const workstation of everybody) fingerprints.push(await enterFounded(workstation));
    fingerprint = fingerprints[0] ?? '';
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(fingerprints).size).toBe(1);
  });

  it('sign in, and replay the log', async () => {
    await Promise.all(everybody.map(signIn));
    await ana.page.getByText('Nothing waits for you').waitFor();
    requester = await openSession(vault.url.origin, requesterKey, fingerprint);
  });

  it('enrol a depositor by quorum: the proposer counts, one is not enough', async () => {
    await visit(ana, 'Propose');
    const { page } = ana;
    const button = page.getByRole('button', { name: 'Propose to enrol it' });
    const why = async () => page.locator(`[id="${await button.getAttribute('aria-describedby')}"]`).innerText();
    const { role, name, seed } = depositorKey;
    const secretHalf = JSON.stringify({ v: 1, kind: 'twinlock-principal', role, name, seed: toBase64url(seed) });
    for (const [pasted, reason] of [
      ['', /^Paste its key first\.$/],
      ['a key', /^What is pasted cannot be enrolled: expected JSON/],
      [secretHalf, /^What is pasted cannot be enrolled: key: expected FILE.json, got FILE, the secret half of the key/],
      [JSON.stringify(invitationOf(depositorKey, 'Erin')), /The log does not know its owner, “Erin”/],
      [JSON.stringify(invitationOf(depositorKey, 'C1eo')), /“C1eo”, looks like “Cleo”/],
    ] as const) {
      await page.getByLabel('Its key').fill(pasted);
      expect(await button.isDisabled()).toBe(true);
      expect((await why()).trim()).toMatch(reason);
    }
    await page.getByLabel('Its key').fill(JSON.stringify(invitationOf(depositorKey, 'Cleo')));
    await page.getByRole('button', { name: 'Propose to enrol it' }).click();
    await page.getByRole('heading', { name: 'Enrol “training” as depositor' }).waitFor();
    await page.getByText(/It is possible once the key of an auditor or a depositor is enrolled\.$/).waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('The proposal is still open: it waits for 1 more approval.').waitFor();
    const asked = page.locator('dt', { hasText: 'Asked' }).locator('xpath=following-sibling::dd[1]');
    const [when] = /^.*\)/.exec((await asked.innerText()).replace(/ \([^()]*\)$/, '')) ?? [''];
    await ben.page.getByText(`Asked ${when}`).waitFor();
    expect(await approve(ben, 'Enrol “training” as depositor')).toBe('The proposal is now enrolled.');
    await page.getByText('The proposal is now enrolled.').waitFor();
  });

  it('enrol a machine of somebody new, with an id that the page has made; their second one names them by itself', async () => {
    const { page } = ana;
    const button = page.getByRole('button', { name: 'Propose to enrol it' });
    const paste = (name: string) =>
      page.getByLabel('Its key').fill(JSON.stringify(invitationOf(makeKey('auditor', name), 'Erin')));
    const chosen = () => page.getByLabel('Its owner').locator('option:checked').innerText();
    await visit(ana, 'Propose');
    await paste('books');
    await page.getByLabel('Its owner').selectOption({ label: 'A new person, who is no custodian' });
    await page.getByLabel('What the new person is called').fill('C1eo');
    expect(await button.isDisabled()).toBe(true);
    await page.getByLabel('What the new person is called').fill('Erin');
    const shown = await page.locator('p', { hasText: 'not known before this' }).innerText();
    await button.click();
    await page.getByRole('heading', { name: 'Enrol “books” as auditor' }).waitFor();
    await visit(ana, 'Propose');
    await paste('papers');
    const [, id = ''] = /^“Erin”, no custodian, proposed, id ([0-9a-f]{32})$/.exec(await chosen()) ?? [];
    expect(shown.replaceAll(/\s/g, '')).toContain(`Erinnocustodianid${id}`);
    expect(await approve(ana, 'Enrol “books” as auditor')).toBe(
      'The proposal is still open: it waits for 1 more approval.',
    );
    expect(await approve(ben, 'Enrol “books” as auditor')).toBe('The proposal is now enrolled.');
    await visit(ana, 'Propose');
    await paste('papers');
    // Her page learns of Ben’s approval a moment later.
    await expect.poll(chosen, { timeout: 10_000 }).toBe(`“Erin”, no custodian, id ${id}`);
  });

  it('publish a deposit: its owner cannot approve it, and approving opens and confirms a share', async () => {
    const depositor = await openSession(vault.url.origin, depositorKey, fingerprint);
    await depositFile(depositor, fingerprint, PLAINTEXT);
    await visit(cleo, 'Versions');
    await cleo.page.getByRole('heading', { name: 'acme/ocr@1' }).waitFor();
    await cleo.page.getByText('quarantined', { exact: true }).waitFor();
    // What was never published cannot be un-published.
    await cleo.page.locator('summary', { hasText: 'Withdraw this version' }).waitFor();
    expect(await cleo.page.getByText('Un-publish').count()).toBe(0);
    await cleo.page.getByText(/^[0-9,]+ bytes in 2 files, one of them the list of the others$/).waitFor();
    await cleo.page.getByText('0 of 3 custodians have checked their share, any 2 shares open it').waitFor();
    await cleo.page.getByRole('button', { name: 'Propose to publish' }).click();
    await cleo.page.getByRole('heading', { name: 'Publish acme/ocr@1' }).waitFor();
    await cleo.page.getByRole('button', { name: 'Approve' }).waitFor();
    expect(await obstaclesOf(cleo)).toEqual([expect.stringContaining('proposer_cannot_approve')]);
    expect(await cleo.page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
    expect(await approve(ana, 'Publish acme/ocr@1')).toBe('The proposal is still open: it waits for 1 more approval.');
    expect(await approve(ben, 'Publish acme/ocr@1')).toBe('The proposal is now published.');
  });

  it('confirm a share without deciding anything', async () => {
    await visit(cleo, 'Versions');
    await cleo.page.getByText('releasable', { exact: true }).waitFor();
    await cleo.page.locator('summary', { hasText: 'Un-publish' }).waitFor();
    await cleo.page.getByText('To confirm your share, insert this key of yours:').waitFor();
    await cleo.page.getByText('2 of 3 custodians have checked their share, any 2 shares open it').waitFor();
    await cleo.page.getByRole('button', { name: 'Confirm my share' }).click();
    // Ana’s second key has checked nothing yet.
    await cleo.page.getByText('3 of 3 custodians have checked their share, any 2 shares open it').waitFor();
    await cleo.page.getByText('not durable', { exact: true }).waitFor();
    await cleo.page.getByText(/^A version is durable once every custodian .* Not checked yet:$/).waitFor();
    expect(await cleo.page.getByRole('button', { name: 'Confirm my share' }).count()).toBe(0);
  });

  it('release to a host: the same four words everywhere, and its owner cannot approve it', async () => {
    const pending = await requestServing(requester, fingerprint);
    const title = 'Release acme/ocr@1 to 1 host for serving';
    for (const workstation of everybody) await openProposal(workstation, title);
    const words = await Promise.all(everybody.map(({ page }) => wordsOf(page)));
    expect(words[0]).toHaveLength(4);
    expect(words[1]).toEqual(words[0]);
    expect(words[2]).toEqual(words[0]);
    const { page } = ana;
    await page.getByText('OPS-7: the reader in Turin needs its weights').first().waitFor();
    await page.getByText('This model has never been released').waitFor();
    await page.getByText('every rule passes, on every host').waitFor();
    await page.locator('summary', { hasText: /^Simulated chip: \d+ rules pass$/ }).click();
    await page.getByRole('row', { name: /^simulated\.measurement / }).waitFor();
    expect(await obstaclesOf(cleo)).toEqual([expect.stringContaining('proposer_cannot_approve')]);
    // Her machine has asked for it: she can take it back, and no other person.
    const withdraw = everybody.map(({ page }) => page.getByText('Withdraw my machine’s proposal').count());
    expect((await Promise.all(withdraw)).map((count) => count > 0)).toEqual([false, false, true]);
    const brings = (approval: string) =>
      `If you approve it, ${approval}. If you deny it, it is denied at once, and must be proposed again.`;
    await page.getByText(brings('it waits for 1 more approval')).waitFor();
    expect(await approve(ana, title)).toBe('The proposal is still open: it waits for 1 more approval.');
    await ben.page.getByText(brings('it is released at once')).waitFor();
    expect(await approve(ben, title)).toBe('The proposal is now released.');
    expect(await fetchFile(requester, pending)).toEqual(PLAINTEXT);
    await page.getByText('fetched', { exact: true }).waitFor();
  });

  it('stop everything, alone', async () => {
    await visit(cleo, 'Stop');
    const { page } = cleo;
    await page.getByRole('link', { name: 'Release acme/ocr@1 to 1 host for serving' }).waitFor();
    const button = page.getByRole('button', { name: 'Stop everything' });
    await page
      .getByText(/^Releases that are served no more until then: 1\. Requests for release that wait until then: 0\./)
      .waitFor();
    await page.getByLabel('Reason, for the log').first().fill('drill');
    expect(await button.isDisabled()).toBe(true);
    await page.getByLabel('Stop every release of every model, now').check();
    await button.click();
    await page.getByText('The vault is stopped').waitFor();
    await page.getByText(/^Recorded as entry \d+$/).waitFor();
    // The form reads as if nothing had been stopped: it is folded, empty.
    expect(await button.isVisible()).toBe(false);
    await page.getByText('Sign another stop anyway').click();
    expect(await page.getByLabel('Reason, for the log').first().inputValue()).toBe('');
    expect(await page.getByLabel('Stop every release of every model, now').isChecked()).toBe(false);
    expect(await button.isDisabled()).toBe(true);
    await page.getByRole('heading', { name: 'Releases that the vault serves again after a resumption' }).waitFor();
    await page.getByRole('link', { name: 'Release acme/ocr@1 to 1 host for serving' }).click();
    await page.getByText(/^not while the vault is stopped; once it is resumed, until /).waitFor();
    // Ben's page was opened before: without a session it has the vault's word alone, and asks for it again.
    await ben.page.getByRole('button', { name: 'Sign out' }).click();
    await ben.page.getByText('The vault says that it is stopped').waitFor();
  });

  it('resume by quorum', async () => {
    await visit(ana, 'Propose');
    await ana.page.getByLabel('Reason to resume').fill('the drill is over');
    const banner = cleo.page.getByRole('status', { name: 'The vault is stopped' });
    await banner.getByRole('link', { name: 'Propose to resume it' }).waitFor();
    await ana.page.getByRole('button', { name: 'Propose to resume' }).click();
    await banner.getByText(/^Ana .* has proposed to resume it:/).waitFor();
    expect(await banner.getByRole('link', { name: 'Propose to resume it' }).count()).toBe(0);
    await banner.getByRole('link', { name: 'decide' }).click();
    await cleo.page.getByRole('heading', { name: 'Resume the vault', level: 1 }).waitFor();
    expect(await approve(cleo, 'Resume the vault')).toBe('The proposal is still open: it waits for 1 more approval.');
    expect(await approve(ana, 'Resume the vault')).toBe('The proposal is now resumed.');
    await visit(cleo, 'Stop');
    await cleo.page.getByRole('button', { name: 'Stop everything' }).waitFor();
    await ben.page.getByText('The vault says that it is stopped').waitFor({ state: 'hidden', timeout: 15_000 });
    await cleo.page.getByRole('button', { name: 'Sign out' }).click();
    await cleo.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await cleo.page.getByText('The vault says that it has taken your stop').count()).toBe(0);
    for (const { page } of [ben, cleo]) {
      await page.getByRole('button', { name: 'Sign in with your security key' }).click();
      await page.getByRole('navigation', { name: 'Sections' }).waitFor();
    }
  });

  it('change the policy from a file: what differs is shown before the touch, and to the approvers', async () => {
    await visit(ana, 'Propose');
    const { page } = ana;
    const choose = (name: string, values: object) =>
      page.getByLabel('Reference values').setInputFiles({
        name,
        mimeType: 'application/json',
        buffer: Buffer.from(JSON.stringify(values)),
      });
    const simulated = { platform: 'simulated' as const, measurements: [SIMULATED_IMAGE] };
    const inForce: ReferenceValues = { ...NO_REFERENCE_VALUES, simulated };
    await choose('draft.json', { ...inForce, cca: null });
    await page.getByText('malformed', { exact: true }).waitFor();
    await choose('same.json', inForce);
    await page.getByText('This file changes nothing in the policy in force.').waitFor();
    await choose('next.json', { ...inForce, revoked: [{ claim: 'simulated.chip', value: STOLEN_CHIP }] });
    await page.getByText(`"${STOLEN_CHIP}"`).waitFor();
    await page.getByLabel('Reason for the change').fill('a chip has been stolen');
    await page.getByRole('button', { name: 'Propose the change' }).click();
    await openProposal(ben, 'Change the policy');
    await ben.page.getByText('a chip has been stolen').first().waitFor();
    const changes = ben.page.getByRole('region', { name: 'What changes in the policy' });
    await changes.getByRole('cell', { name: `"${STOLEN_CHIP}"` }).waitFor();
    expect(await approve(ana, 'Change the policy')).toBe('The proposal is still open: it waits for 1 more approval.');
    expect(await approve(ben, 'Change the policy')).toBe('The proposal is now put in force.');
    expect((await requester.api.status()).policyChanges).toBe(1);
  });

  it('see what was released before it as it was then, under the policy of its time', async () => {
    const { page } = ana;
    const title = 'Release acme/ocr@1 to 1 host for serving';
    await page.getByRole('link', { name: /^Proposals/ }).click();
    await page.getByRole('region', { name: 'Closed proposals' }).getByRole('link', { name: title }).click();
    await page.getByText('every rule passed, on every host').waitFor();
    await page.getByText('Appraised under the policy of entry 0, which was in force then, and is not now.').waitFor();
    await page.getByText('when this was proposed, since entry 0, and not now').waitFor();
    expect(await page.locator('.mark.bad').allInnerTexts()).toEqual([]);
  });

  it('deny, with a touch of its own; retire a lost key', async () => {
    await requestServing(requester, fingerprint);
    const title = 'Release acme/ocr@1 to 1 host for serving';
    const { page } = ben;
    await openProposal(ben, title);
    await page.getByText('simulated-').first().waitFor();
    await page.getByLabel('Reason for a denial').fill(' no ticket <b>OPS-7</b> ');
    await page.getByText('Your denial signs this reason:').waitFor();
    expect(await page.locator('p + blockquote').innerText()).toBe('no ticket <b>OPS-7</b>');
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('The proposal is now denied.').waitFor();
    await page.getByRole('listitem').getByText('“no ticket <b>OPS-7</b>”').waitFor();
    await visit(ana, 'Committee');
    await ana.page.getByText('Retire this key').first().click();
    await ana.page.getByText('Releases that end now: 0.').first().waitFor();
    await ana.page.getByText('It cannot be undone, and this vault version cannot enrol another key.').first().waitFor();
    await ana.page.getByLabel('Reason, for the log').first().fill('lost');
    await ana.page.getByRole('button', { name: 'Retire this key' }).first().click();
    await ana.page.getByText(/retired at entry/).waitFor();
    const result = ana.page.getByRole('status', { name: 'What your stop has done' });
    expect((await result.locator('p').innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /^Recorded as entry \d+\. Your security key “.+” \(id .+\) is retired\. It cannot be undone\. You have \d other keys? in use\.$/,
    );
    await result.getByRole('button', { name: 'Close' }).click();
    await result.waitFor({ state: 'hidden' });
  });

  it('withdraw what one has approved: the approval and the withdrawal are two entries', async () => {
    await visit(ana, 'Propose');
    const { page } = ana;
    const key = JSON.stringify(invitationOf(makeKey('auditor', 'm-withdrawn'), 'Ben'));
    await page.getByLabel('Its key').fill(key);
    await page.getByRole('button', { name: 'Propose to enrol it' }).click();
    await page.getByRole('heading', { name: 'Enrol “m-withdrawn” as auditor' }).waitFor();
    // What another proposes besides is theirs, and is not withdrawn with this one.
    await visit(ben, 'Propose');
    await ben.page.getByLabel('Its key').fill(key);
    await ben.page.getByRole('button', { name: 'Propose to enrol it' }).click();
    await ben.page
      .getByText(/“Ana”, custodian, id [0-9a-f]{32}, has proposed this, and it waits as the proposal/)
      .waitFor();
    await ben.page.getByRole('button', { name: 'Propose it anyway' }).click();
    await ben.page.getByRole('heading', { name: 'Enrol “m-withdrawn” as auditor' }).waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    const title = await page.getByText(/^Your approval is recorded as entry \d+$/).innerText();
    await page.getByRole('heading', { name: 'You have decided' }).waitFor();
    await page.locator('summary', { hasText: 'Withdraw my proposal' }).click();
    await page.getByLabel('Reason, for the log').fill('not this one');
    await page.getByRole('button', { name: 'Withdraw my proposal' }).click();
    const entry = Number(/\d+$/.exec(title)?.[0]);
    await page.getByText(`The proposal was withdrawn later, in entry ${entry + 1}.`).waitFor();
    await page.getByRole('heading', { name: 'Nothing is left to decide' }).waitFor();
    await ben.page.getByRole('heading', { name: 'Compare, then decide' }).waitFor();
  });

  it('complain of nothing', () => {
    for (const { complaints } of everybody) expect(complaints).toEqual([]);
  });

  it('come back after a sign-out and a reload with the fingerprint they kept, and with no other', async () => {
    const { page } = ben;
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
    // As in a tab of another day.
    const give = async (hex: string) => {
      await page.evaluate(() => sessionStorage.removeItem('twinlock-confirmed-fingerprint'));
      await page.goto(ben.console.url.href);
      await page.reload();
      await page.getByLabel('Fingerprint, 64 hexadecimal digits').fill(hex);
      await page.getByRole('button', { name: 'Use this fingerprint' }).click();
    };
    await give('00'.repeat(32));
    await page.getByRole('button', { name: 'Sign in with your security key' }).click();
    await page.getByText('wrong_challenge').waitFor();
    await give(fingerprint);
    await signIn(ben);
    await page.getByRole('region', { name: 'Closed proposals' }).waitFor();
  });
});
