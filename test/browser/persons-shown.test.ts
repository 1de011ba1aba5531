import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Api } from '../../client/api.ts';
import { openPrincipalSession, principalRecord } from '../../client/principal.ts';
import { type Hex, utf8 } from '../../src/core/bytes.ts';
import { approveAs, depositFiles, openVault, proposeAs, publish, requestAs, type Vault } from '../vault-kit.ts';
import { type CoreBrowser, carriedLog, openCoreBrowser, type WithCore } from './core-page.ts';
import { makeKey } from './machines.ts';

/** Who is a custodian is told by membership and by id, before and after the log knows them. */

const OUTSIDER = { owner: '5e'.repeat(16), ownerName: 'anna', models: ['acme/*'] };
const KEY = makeKey('requester', 'annas-machine');

let browser: CoreBrowser;
let page: Page;
let vault: Vault;
let enrolment: Hex;

beforeAll(async () => {
  vault = await openVault();
  await depositFiles(vault, { 'weights.bin': utf8('the weights') });
  await publish(vault);
  enrolment = await proposeAs(vault.ben, { kind: 'principal', principal: principalRecord(KEY, OUTSIDER) });
  browser = await openCoreBrowser();
  page = await browser.open({ width: 1280, height: 900 });
});
afterAll(async () => {
  await browser?.close();
  await vault?.close();
});

async function show(digest: Hex): Promise<void> {
  const showing = { digest, person: vault.ana.custodian.person, nowMs: Date.now(), referenceValues: null };
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
  expect(await fact('Who asked, and why', 'May they approve it')).toBe('no: only custodians approve, and this is none');
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
  expect(browser.complaints()).toEqual([]);
});
