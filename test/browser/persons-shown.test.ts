import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../../client/api/api.ts';
import { openPrincipalSession, principalRecordOf } from '../../client/principal/principal.ts';
import { type Hex, utf8 } from '../../src/core/bytes.ts';
import {
  approveAs,
  depositFiles,
  followAs,
  proposeAs,
  publish,
  releaseAs,
  requestAs,
  stopAs,
} from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { type CoreBrowser, carriedLog, openCoreBrowser, type WithCore } from './core-page.ts';
import { beyondKeyboard } from './keyboard.ts';
import { makeKey } from './machines.ts';
import { namedByNameAlone } from './names.ts';
import { unseen } from './seen.ts';

/** Who is a custodian is told by membership and by id, before and after the log knows them. */

const OUTSIDER = { owner: '5e'.repeat(16), ownerName: 'anna', models: ['acme/*'] };
const KEY = makeKey('requester', 'annas-machine');

let browser: CoreBrowser;
let page: Page;
let vault: Vault;
let enrolment: Hex;
const shown = new Map<string, Hex>();

beforeAll(async () => {
  vault = await openVault();
  await depositFiles(vault, { 'weights.bin': utf8('the weights') });
  shown.set('publish', await publish(vault));
  shown.set('release', (await releaseAs(vault)).release);
  enrolment = await proposeAs(vault.ben, { kind: 'principal', principal: principalRecordOf(KEY, OUTSIDER) });
  shown.set('principal', enrolment);
  browser = await openCoreBrowser();
  page = await browser.open({ width: 1280, height: 900 });
});
afterAll(async () => {
  await browser?.close();
  await vault?.close();
});

async function show(digest: Hex, nowMs = Date.now()): Promise<void> {
  const showing = { digest, person: vault.ana.custodian.person, nowMs, referenceValues: null };
  await page.evaluate(
    ([carried, shown]) => (globalThis as unknown as WithCore).twinlockCore.showProposal(carried, shown),
    [await carriedLog(vault), showing] as const,
  );
}

/** What stands beside a name, in one line. */
async function fact(panel: string, name: string): Promise<string> {
  const term = page.getByRole('region', { name: panel }).locator('dt', { hasText: new RegExp(`^${name}$`) });
  return (await term.locator('xpath=following-sibling::dd[1]').innerText()).replaceAll(/\s+/g, ' ');
}

/** What stands beside a button that cannot be pressed. */
async function whyNot(button: Locator): Promise<string> {
  return (await page.locator(`[id="${await button.getAttribute('aria-describedby')}"]`).innerText()).trim();
}

const SEEN = String.raw`first seen in entry (\d+), .* \(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z\)`;

it('an owner whom the log does not know is marked as no custodian, by id', async () => {
  await show(enrolment);
  expect(await fact('What', 'Owner')).toBe(`anna no custodian id ${OUTSIDER.owner} not known before this`);
  const { person } = vault.ben.custodian;
  expect(await fact('Who asked, and why', 'Person')).toMatch(new RegExp(`^ben custodian id ${person} ${SEEN}$`));
});

it('the mark stays once they are known, on what their machine asks for, and they are not among who decides', async () => {
  await approveAs(vault.ana, enrolment);
  const { index } = await approveAs(vault.cleo, enrolment);
  const api = new Api({ baseUrl: vault.baseUrl });
  const requester = await openPrincipalSession(api, KEY, vault.fingerprint);
  const { release } = await requestAs({ ...vault, requester });
  await show(release);
  const owner = await fact('Who asked, and why', 'Owner of the machine');
  expect(owner).toMatch(new RegExp(`^anna no custodian id ${OUTSIDER.owner} ${SEEN}$`));
  expect(Number(new RegExp(SEEN).exec(owner)?.[1])).toBe(index);
  expect(await fact('Who asked, and why', 'May they approve it')).toBe(
    'no: only custodians approve, and this person is none',
  );
  const deciding = page.getByRole('region', { name: 'Policy, and who decides' }).getByRole('listitem');
  expect((await deciding.allInnerTexts()).map((text) => text.split(/\s+/)[0])).toEqual(['ana', 'ben', 'cleo']);
});

it('a custodian whose machine asks is named as one who has no vote on it', async () => {
  const { release } = await requestAs(vault);
  await show(release);
  expect(await fact('Who asked, and why', 'Owner of the machine')).toMatch(/^ana custodian id /);
  expect(await fact('Who asked, and why', 'May they approve it')).toBe(
    'no: a custodian does not approve what they asked for',
  );
  const own = page.getByRole('region', { name: 'Policy, and who decides' }).getByRole('listitem').first();
  expect(await own.innerText()).toMatch(/^ana\s.*has no vote on this$/s);
  shown.set('release by another', release);
});

describe('on the page of every proposal, persons are named by id, membership and first entry, machines in quotes, and all is seen', () => {
  beforeAll(async () => {
    const { ana, ben, cleo, auditor, fingerprint } = vault;
    const { policy } = (await followAs(auditor, fingerprint)).facts;
    const { credential } = cleo.custodian;
    const change = { ...policy.document, veto: !policy.document.veto };
    shown.set('retirement', await proposeAs(ben, { kind: 'authenticator', credential, reason: 'it was stolen' }));
    shown.set('policy', await proposeAs(ana, { kind: 'policy', policy: change, reason: 'more care' }));
    await stopAs(ben, { what: 'all', reason: 'a drill' });
    shown.set('resumption', await proposeAs(ben, { kind: 'resume', reason: 'the drill is over' }));
  });

  it.each(['publish', 'release', 'principal', 'release by another', 'retirement', 'policy', 'resumption'])(
    '%s',
    async (name) => {
      await show(shown.get(name) ?? '');
      const { facts } = await followAs(vault.auditor, vault.fingerprint);
      const persons = [...facts.persons].map(([person, called]) => ({ person, name: called }));
      const machines = [...facts.principals.values()].map((principal) => principal.name);
      expect([persons.length, machines.length]).toEqual([4, 4]);
      expect(await namedByNameAlone(page, { persons, machines })).toEqual([]);
      expect(await unseen(page)).toEqual([]);
      expect(await beyondKeyboard(page)).toEqual([]);
    },
  );

  it('the setting back of the clock', async () => {
    await page.evaluate(
      ([carried, digest, person]) =>
        (globalThis as unknown as WithCore).twinlockCore.showClock(carried, digest, person),
      [await carriedLog(vault), shown.get('resumption') ?? '', vault.ana.custodian.person] as const,
    );
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toMatch(/clock/);
    expect(await unseen(page)).toEqual([]);
    expect(await beyondKeyboard(page)).toEqual([]);
  });

  it('of two enrolments that wait under names that look alike, each page warns of the other', async () => {
    const digests = [];
    for (const [name, owner, ownerName] of [
      ['mias-host', '61'.repeat(16), 'Mia'],
      ['the-host', '62'.repeat(16), 'mia'],
    ] as const) {
      const owned = { owner, ownerName, models: ['acme/*'] };
      const principal = principalRecordOf(makeKey('requester', name), owned);
      digests.push(await proposeAs(vault.ben, { kind: 'principal', principal }));
    }
    for (const [i, digest] of digests.entries()) {
      await show(digest);
      const warning = page
        .getByRole('alert')
        .filter({ hasText: 'Another enrolment waits under a name that looks like' });
      expect(await warning.getByRole('link').getAttribute('href')).toBe(`#/proposals/${digests[1 - i]}`);
    }
    await show(enrolment);
    expect(await page.getByText('Another enrolment waits').count()).toBe(0);
  });

  it('what was withdrawn says who withdrew it, when and why', async () => {
    const digest = shown.get('resumption') ?? '';
    await show(digest);
    expect(await fact('What', 'Stopped by')).toMatch(
      new RegExp(`^ben custodian id \\w+ ${SEEN} stopped it at .*: “ ?a drill ?”$`),
    );
    await stopAs(vault.ben, { what: 'proposal', target: digest, reason: 'not yet' });
    await show(digest);
    const { person } = vault.ben.custodian;
    const text = (await page.getByText('Withdrawn by').innerText()).replaceAll(/\s+/g, ' ');
    expect(text).toMatch(new RegExp(`^Withdrawn by ben custodian id ${person} ${SEEN} in entry \\d+, .*: “not yet”$`));
    const persons = [{ person, name: 'ben' }];
    expect(await namedByNameAlone(page, { persons, machines: [] })).toEqual([]);
  });

  it('where the fold would refuse a denial, none can be signed, and the page says why; else one can', async () => {
    const digest = shown.get('policy') ?? '';
    const denyButton = page.getByRole('button', { name: 'Deny' });
    await show(digest, Date.now() - 3_590_000);
    expect(await denyButton.isDisabled()).toBe(true);
    expect(await whyNot(denyButton)).toMatch(
      /^It cannot be denied: the log’s clock, .* is 59 minutes \d+ seconds ahead of this workstation’s/,
    );
    // The vault's clock may lie between the two: then the fold takes a denial, and no approval is offered.
    await show(digest, Date.now() - 8 * 60_000);
    expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
    expect(await denyButton.isDisabled()).toBe(false);
    await show(digest);
    expect(await denyButton.isDisabled()).toBe(false);
    await show(shown.get('release by another') ?? '');
    expect(await whyNot(denyButton)).toBe('It cannot be denied: you asked for this, or it is about you: others decide');
  });

  it('what another policy has overtaken says that it can come back with its votes, and how to prevent it', async () => {
    const before = (await followAs(vault.auditor, vault.fingerprint)).facts.policy.digest;
    for (const person of [vault.ben, vault.cleo]) await approveAs(person, shown.get('policy') ?? '');
    await show(shown.get('retirement') ?? '');
    const notice = page
      .getByRole('status')
      .filter({ hasText: 'Overtaken: another policy has been put in force since' });
    const text = (await notice.innerText()).replaceAll(/\s+/g, ' ');
    expect(text).toContain('can take effect, with the votes that it has. To prevent that, its proposer withdraws it.');
    expect(text.replaceAll(' ', '')).toContain(before);
    await show(shown.get('release by another') ?? '');
    expect(await page.getByRole('button', { name: 'Deny' }).count()).toBe(0);
    expect(await notice.innerText()).toContain('its proposer or any custodian withdraws it.');
    expect(await page.getByRole('button', { name: 'Withdraw this request', includeHidden: true }).count()).toBe(1);
    await page.evaluate(
      (carried) => (globalThis as unknown as WithCore).twinlockCore.showHonest(carried, 'ana', 'in', 'proposals'),
      await carriedLog(vault),
    );
    const card = page.locator('.card').filter({ hasText: 'Retire a security key' });
    expect(await card.innerText()).toContain(
      'If its policy is in force again, so are its votes: to prevent that, its proposer withdraws it.',
    );
  });

  it('the page complains of nothing', () => {
    expect(browser.complaints()).toEqual([]);
  });
});
