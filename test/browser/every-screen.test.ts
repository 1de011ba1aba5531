import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionAuthenticator } from '../../client/custodian/ceremony.ts';
import { signStop } from '../../client/custodian/stop.ts';
import { utf8 } from '../../src/core/bytes.ts';
import type { SignedStop } from '../../src/core/log/signed-stop.ts';
import { policyTemplate } from '../../src/founding/policy-template.ts';
import { POLICY } from '../world/founding.ts';
import { depositFiles, followAs, publish, releaseAs, stopAs } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { type CoreBrowser, carriedLog, openCoreBrowser, type WithCore } from './core-page.ts';
import { beyondKeyboard } from './keyboard.ts';
import { invitationOf, makeKey } from './machines.ts';
import { namedByNameAlone } from './names.ts';
import { unseen, WIDTHS } from './seen.ts';
import type { CarriedLog } from './vectors/core-run.ts';
import type { HonestStage } from './vectors/honest.ts';
import { outsideAtAnyWidth } from './widths.ts';

/** With honest texts, every screen of the console can be used at every width, and every form in it can be sent. */

let browser: CoreBrowser;
let page: Page;
let vault: Vault;
let running: CarriedLog;
let stopped: CarriedLog;
let waiting: SignedStop;
let retirements: { readonly machine: number; readonly key: number };

beforeAll(async () => {
  vault = await openVault();
  await depositFiles(vault, { 'weights.bin': utf8('the weights') });
  await publish(vault);
  await releaseAs(vault);
  await depositFiles(vault, { 'weights.bin': utf8('other weights') }, { version: '2' });
  running = await carriedLog(vault);
  const { key } = vault.prepared.machines.depositor;
  const { ben, cleo, fingerprint } = vault;
  await stopAs(ben, { what: 'principal', key, reason: 'it was sold' });
  const machine = (await carriedLog(vault)).entries.length - 1;
  await stopAs(cleo, { what: 'authenticator', credential: cleo.custodian.credential, reason: 'it was lost' });
  retirements = { machine, key: machine + 1 };
  await stopAs(ben, { what: 'all', reason: 'a drill' });
  stopped = await carriedLog(vault);
  const { facts } = await followAs(vault.auditor, fingerprint);
  const own = sessionAuthenticator(facts, ben.custodian);
  waiting = await signStop(ben.custodian, fingerprint, own, { what: 'all', reason: 'it does not answer' }, null);
  browser = await openCoreBrowser();
  page = await browser.open();
  page.setDefaultTimeout(10_000);
});
afterAll(async () => {
  await browser?.close();
  await vault?.close();
});

async function show(
  log: CarriedLog,
  stage: HonestStage,
  place = '',
  stop: SignedStop | null = null,
  name = 'ana',
): Promise<void> {
  await page.evaluate(
    async ([carriedLog, at, where, unsent, who]) => {
      const { showHonest, cutOffFromVault } = (globalThis as unknown as WithCore).twinlockCore;
      await showHonest(carriedLog, who, at, where);
      cutOffFromVault(unsent);
    },
    [log, stage, place, stop, name] as const,
  );
}

/** Opens what is folded and fills in every form: what is chosen is the last there is. */
async function complete(): Promise<void> {
  await page.evaluate(() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
  });
  for (const input of await page.locator('#app textarea').all()) await input.fill(JSON.stringify(machine()));
  for (const file of await page.locator('input[type="file"]').all()) {
    const values = { ...POLICY.referenceValues, revoked: [{ claim: 'simulated.chip', value: '77'.repeat(32) }] };
    const buffer = Buffer.from(JSON.stringify(values));
    await file.setInputFiles({ name: 'the-reference-values-of-next-month.json', mimeType: 'application/json', buffer });
  }
  for (const select of await page.locator('#app select').all()) {
    const last = (await select.locator('option').count()) - 1;
    await select.selectOption({ index: last });
  }
  for (const input of await page.locator('input[type="text"]').all()) {
    if ((await input.inputValue()) === '') await input.fill('the drill is over');
  }
  for (const input of await page.locator('input[type="checkbox"], input[type="radio"]').all()) await input.check();
}

const named = () => ({
  persons: [vault.ana, vault.ben, vault.cleo].map(({ custodian: { person, name } }) => ({ person, name })),
  machines: [...Object.values(vault.prepared.machines).map(({ name }) => name), 'turin-serving'],
});

const machine = () => invitationOf(makeKey('requester', 'turin-serving'), 'ben');

/** The buttons that cannot be pressed. */
const disabled = () => page.locator('button:disabled').allInnerTexts();

async function expectUsable(name: string, isLogThere = true): Promise<void> {
  // Before anything is filled in, the colours of what waits; after it, all.
  expect(await outsideAtAnyWidth(page, WIDTHS)).toEqual([]);
  expect(await unseen(page, [1280])).toEqual([]);
  expect(await namedByNameAlone(page, named(), isLogThere)).toEqual([]);
  await complete();
  expect(await namedByNameAlone(page, named(), isLogThere)).toEqual([]);
  expect(await unseen(page)).toEqual([]);
  expect(await page.locator('#cut-off').count()).toBe(0);
  expect(await disabled()).toEqual([]);
  expect(await beyondKeyboard(page)).toEqual([]);
  await pictures(name);
}

/** For who wants to look at them: TWINLOCK_PICTURES names a folder. */
async function pictures(name: string): Promise<void> {
  const folder = process.env['TWINLOCK_PICTURES'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

describe('with honest texts nothing is cut off at any width, and every complete form can be sent', () => {
  it.each(['invitation', 'founding', 'founded', 'fingerprint', 'sign-in', 'replay', 'fault'] as const)(
    'before anybody has signed in, or where the console ends: %s',
    async (stage) => {
      await show(stopped, stage);
      await expectUsable(stage, false);
    },
  );

  it('a fault that the vault says it has found in its log is told before anybody has signed in, and what to do', async () => {
    await show(stopped, 'sign-in');
    const text = await page.getByRole('alert').first().innerText();
    expect(text).toMatch(
      /^The vault says that its log has a fault in entry 7 \(signature_invalid\): .*alert the other/,
    );
  });

  it.each(['proposals', 'versions', 'committee', 'propose', 'stop'])('of a vault that runs: %s', async (place) => {
    await show(running, 'in', place);
    await expectUsable(`running-${place}`);
  });

  it.each(['proposals', 'versions', 'committee', 'propose', 'stop'])('of a stopped one: %s', async (place) => {
    await show(stopped, 'in', place, waiting);
    await expectUsable(`stopped-${place}`);
  });

  it('Propose has every form: machine, key, policy, resumption, clock', async () => {
    await show(stopped, 'in', 'propose');
    expect(await page.locator('main button').allInnerTexts()).toEqual([
      'Propose to resume',
      'Propose to set it back',
      'Propose to enrol it',
      'Propose to retire it',
      'Propose the change',
    ]);
  });
});

describe('a machine is enrolled for the owner whom its file names, or with a warning', () => {
  const paste = (file: object) => page.getByLabel('Its key').fill(JSON.stringify(file));
  const owner = () => page.getByLabel('Its owner');
  const warning = () => page.getByRole('status').filter({ hasText: 'The file names another owner' });
  const chosen = () => owner().evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.text ?? '');
  const of = (name: string) => invitationOf(makeKey('requester', 'turin-serving'), name);

  it('what was chosen for another file is chosen no more', async () => {
    await show(running, 'in', 'propose');
    await paste(of('ben'));
    expect(await chosen()).toContain('“ben”');
    await owner().selectOption(vault.cleo.custodian.person);
    await page.getByLabel('Models').fill('acme/other');
    await paste(of('ana'));
    expect(await chosen()).toContain('“ana”');
    expect(await page.getByLabel('Models').inputValue()).toBe('acme/*');
    expect(await warning().count()).toBe(0);
  });

  it('another choice than the file’s is said, with both', async () => {
    await owner().selectOption(vault.cleo.custodian.person);
    const text = (await warning().innerText()).replaceAll(/\s+/g, ' ');
    const { ana, cleo } = vault;
    expect(text).toContain(`The file names ana custodian id ${ana.custodian.person}`);
    expect(text).toContain(`as its owner; you chose cleo custodian id ${cleo.custodian.person}`);
    await owner().selectOption(ana.custodian.person);
    expect(await warning().count()).toBe(0);
  });

  it('so is an owner who is no custodian, before and after somebody is chosen', async () => {
    await paste(of('erin'));
    expect(await chosen()).toBe('Choose');
    expect(await warning().innerText()).toContain('The file names “erin” as its owner; you chose no owner yet.');
    await owner().selectOption(vault.cleo.custodian.person);
    expect(await warning().innerText()).toContain('The file names “erin” as its owner; you chose cleo');
    expect(await namedByNameAlone(page, named())).toEqual([]);
  });

  it('a new person is named as the file does, or otherwise, which is said; that they are no custodian is said', async () => {
    await paste(of('erin'));
    await owner().selectOption({ label: 'A new person, who is no custodian' });
    expect(await warning().count()).toBe(0);
    expect(await page.getByRole('status').filter({ hasText: 'Its owner is no custodian' }).innerText()).toContain(
      'every custodian has a vote',
    );
    const called = page.getByLabel('What the new person is called');
    expect(await called.inputValue()).toBe('erin');
    expect(await disabled()).not.toContain('Propose to enrol it');
    const id = async () =>
      (await page.locator('p', { hasText: 'not known before this' }).innerText()).replaceAll(/\s/g, '');
    const first = await id();
    expect(first).toMatch(/^erinnocustodianid[0-9a-f]{32}notknownbeforethis$/);
    await called.fill('c1eo');
    expect(await disabled()).toContain('Propose to enrol it');
    expect((await warning().innerText()).replaceAll(/\s+/g, ' ')).toContain(
      'names “erin” as its owner; you chose c1eo',
    );
    expect(await unseen(page)).toEqual([]);
    // Another file is another person's, until it is said.
    await paste(of('erin'));
    expect(await chosen()).toBe('Choose');
    await owner().selectOption({ label: 'A new person, who is no custodian' });
    expect(await id()).not.toBe(first);
  });

  it.each([
    ['requester', 'Its owner cannot approve the releases that it asks for'],
    ['depositor', 'Its owner cannot approve the publication of what it deposits'],
    ['auditor', 'It only reads the log'],
  ] as const)('what its owner has no vote on is that of its role: %s', async (role, hint) => {
    await paste(invitationOf(makeKey(role, 'turin-serving'), 'ben'));
    const text = await page.locator('label', { has: owner() }).locator('small').innerText();
    expect(text).toContain(`Its owner has no vote on the enrolment. ${hint}`);
  });
});

describe('another policy comes out of a file', () => {
  const choose = (text: string) =>
    page.getByLabel('Reference values, or a whole policy').setInputFiles({
      name: 'policy.json',
      mimeType: 'application/json',
      buffer: Buffer.from(text),
    });

  it('as twinlockd prints it, with its comments, and what it changes is shown', async () => {
    await show(running, 'in', 'propose');
    const template = policyTemplate('simulation');
    await choose(template.replace('"veto": false', '"veto": true /* since last week */'));
    const places = page.getByRole('region', { name: 'Change the policy' }).getByRole('rowheader');
    await places.filter({ hasText: /^veto$/ }).waitFor();
    await choose(template.replace('"veto": false,', ''));
    await page.getByText('policy.veto: expected boolean').waitFor();
    expect(await places.count()).toBe(0);
  });
});

describe('a log whose clock is ahead of the workstation’s', () => {
  const notices = () => page.locator('.notice', { hasText: 'ahead of this workstation’s' });

  it.each(['', 'proposals', 'versions', 'committee'])(
    'is said above the screen, with the way to Propose: %s',
    async (place) => {
      await show(running, 'in', place);
      // The page's clock goes on while it is read.
      expect(await notices().locator('strong').allInnerTexts()).toEqual([
        expect.stringMatching(/^The log’s clock is (1 day|23 hours 59 minutes) ahead of this workstation’s$/),
      ]);
      await notices().getByRole('link', { name: 'propose it' }).click();
      await page.getByRole('button', { name: 'Propose to set it back' }).waitFor();
      expect(await said(/which is (1 day|23 hours 59 minutes) ahead of this workstation’s clock\./)).toBe(1);
      expect(await notices().count()).toBe(0);
    },
  );

  it('is said above a proposal', async () => {
    await show(running, 'in', 'proposals');
    await page.locator('a.card').first().click();
    await page.getByRole('heading', { name: 'Proposals' }).waitFor({ state: 'detached' });
    expect(await notices().count()).toBe(1);
  });

  it('is not said where one stops: that works by any clock', async () => {
    await show(running, 'in', 'stop');
    expect(await notices().count()).toBe(0);
  });
});

it.each([
  ['clock_skew', 'Propose'],
  ['vault_stopped', 'Propose'],
  ['proposal_unknown', 'Proposals'],
] as const)('advice that names a screen links to it: %s', async (code, screen) => {
  await show(running, 'in', 'committee');
  await page.evaluate((given) => {
    (globalThis as unknown as WithCore).twinlockCore.showTrouble(given, 'as an error says it');
  }, code);
  await page.locator('.notice', { hasText: code }).getByRole('link', { name: screen }).click();
  await page.getByRole('heading', { name: screen, level: 1 }).waitFor();
});

it('before anybody has signed in, advice on clocks names the two that differ, and no screen', async () => {
  await show(running, 'fault');
  await page.evaluate(() => (globalThis as unknown as WithCore).twinlockCore.showFault('clock_skew', 'they differ'));
  const notice = page.locator('.notice', { hasText: 'clock_skew' });
  expect(await notice.innerText()).toContain('If the vault’s is wrong, tell its operator, and approve nothing.');
  expect(await notice.innerText()).not.toMatch(/both are right|Propose/);
  expect(await notice.getByRole('link').count()).toBe(0);
});

it('Stop says where a lost security key is retired: one’s own, and another’s', async () => {
  await show(running, 'in', 'stop');
  const text = page.getByText(/^You un-publish a version under/);
  expect(await text.innerText()).toContain('of your own under Committee, alone; you propose to retire another’s under');
  await text.getByRole('link', { name: 'Propose' }).click();
  await page.getByRole('heading', { name: 'Propose', level: 1 }).waitFor();
});

describe('what is retired is marked with the entry that retired it', () => {
  beforeAll(() => show(stopped, 'in', 'committee'));

  const rows = (panel: string, text: RegExp) =>
    page.getByRole('region', { name: panel }).getByRole('listitem').filter({ hasText: text });

  it('a machine’s key, and no other', async () => {
    const marked = rows('Machines', /retired/);
    expect(await marked.locator('.row > strong').allInnerTexts()).toEqual([
      `“${vault.prepared.machines.depositor.name}”`,
    ]);
    expect(await marked.locator('.mark.bad').allInnerTexts()).toEqual([`retired at entry ${retirements.machine}`]);
  });

  it('a custodian’s key, and no other', async () => {
    const marked = rows('Custodians', /retired/);
    expect(await marked.locator('strong').allInnerTexts()).toEqual(['cleo']);
    expect(await marked.locator('.mark.bad').allInnerTexts()).toEqual([`retired at entry ${retirements.key}`]);
  });
});

const said = (text: string | RegExp) => page.getByText(text).count();

it('Stop tells who has stopped the vault from who has not', async () => {
  await show(stopped, 'in', 'stop');
  expect(await said(/^It is stopped already, and not by you\./)).toBe(1);
  await show(stopped, 'in', 'stop', null, 'ben');
  expect(await said(/^You have stopped it already\./)).toBe(1);
});

it('Stop does not say a second time, above a stop that waits, that the vault does not answer', async () => {
  await show(stopped, 'in', 'stop', waiting);
  expect(await said('The vault has not accepted a stop that you signed')).toBe(1);
  expect(await said('No connection')).toBe(0);
  await show(stopped, 'in', 'proposals', waiting);
  expect(await said('No connection')).toBe(1);
});

it('what is said beside a screen touches neither another such box nor the heading', async () => {
  await show(stopped, 'in', 'proposals', waiting);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const boxes = page.locator('.page > .stopped, .page > .stack > .notice, h1');
    const edges = await boxes.evaluateAll((all) =>
      all.map((box) => box.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })),
    );
    expect(edges).toHaveLength(5);
    const gaps = edges.slice(1).map(({ top }, i) => Math.round(top - (edges[i]?.bottom ?? 0)));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(20);
  }
});

it('the marks of a version that stand under its name begin where it begins', async () => {
  await show(running, 'in', 'versions');
  await page.setViewportSize({ width: 320, height: 900 });
  const version = page.getByRole('region', { name: 'acme/ocr@1' });
  const left = async (what: string) => (await version.locator(what).first().boundingBox())?.x;
  expect(await left('.mark')).toBe(await left('h2'));
});

it('the page complains of nothing', () => {
  expect(browser.complaints()).toEqual([]);
});
