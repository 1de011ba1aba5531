import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { principalRecordOf } from '../../client/principal/principal.ts';
import { type Hex, utf8 } from '../../src/core/bytes.ts';
import { HARDWARE_VALUES, snpHost, tdxHost } from '../vault/hardware/hosts.ts';
import { depositFiles, followAs, proposeAs, publish, requestFor, stopAs } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { type CoreBrowser, carriedLog, openCoreBrowser, type WithCore } from './core-page.ts';
import { makeKey } from './machines.ts';
import type { CarriedLog } from './vectors/core-run.ts';
import type { HostileScreen } from './vectors/hostile.ts';
import { outsideAtAnyWidth } from './widths.ts';

/** What is signed is what is shown: at every width, for all texts. */

const WIDTHS = [320, 375, 768, 1280, 1920, 2560];

let browser: CoreBrowser;
let page: Page;
let vault: Vault;
let log: CarriedLog;
const proposals = new Map<string, Hex>();

beforeAll(async () => {
  vault = await openVault({ policy: { referenceValues: HARDWARE_VALUES, limits: { hosts: 64 } } });
  await depositFiles(vault, { 'weights.bin': utf8('the weights') });
  proposals.set('publication', await publish(vault));
  proposals.set('release', (await requestFor(vault, [snpHost(), tdxHost({ gpus: 2 })])).release);
  await proposeOthers();
  log = await carriedLog(vault);
  browser = await openCoreBrowser();
  page = await browser.open();
  page.setDefaultTimeout(10_000);
});
afterAll(async () => {
  await browser?.close();
  await vault?.close();
});

async function proposeOthers(): Promise<void> {
  const { ben } = vault;
  const { facts } = await followAs(vault.auditor, vault.fingerprint);
  const owned = { owner: ben.custodian.person, ownerName: 'ben', models: ['acme/*'] };
  const principal = principalRecordOf(makeKey('requester', 'fleet'), owned);
  proposals.set('enrolment', await proposeAs(ben, { kind: 'principal', principal }));
  const { document } = facts.policy;
  const { snp } = HARDWARE_VALUES;
  const emptied = snp === undefined ? {} : { snp: { ...snp, images: [] } };
  const policy = { ...document, referenceValues: { ...document.referenceValues, ...emptied } };
  proposals.set('policy', await proposeAs(ben, { kind: 'policy', policy, reason: 'an image is gone' }));
  await stopAs(ben, { what: 'all', reason: 'a drill' });
  proposals.set('resumption', await proposeAs(ben, { kind: 'resume', reason: 'the drill is over' }));
}

async function show(screen: HostileScreen, on = page): Promise<void> {
  await on.evaluate(
    ([carried, shown, person]) => (globalThis as unknown as WithCore).twinlockCore.showHostile(carried, shown, person),
    [log, screen, vault.ana.custodian.person] as const,
  );
}

const proposal = (name: string) => ({ proposal: proposals.get(name) ?? '' });
const approve = () => page.getByRole('button', { name: 'Approve' });

describe('with texts as long and as bad as they come, every cell is inside its place at every width', () => {
  it.each(['release', 'policy', 'enrolment', 'publication', 'resumption'])('of a proposal: %s', async (name) => {
    await show(proposal(name));
    expect(await outsideAtAnyWidth(page, WIDTHS)).toEqual([]);
    expect(await approve().isEnabled()).toBe(true);
  });

  it.each(['list', 'versions', 'committee', 'propose', 'stop', 'genesis'] as const)(
    'of a screen: %s',
    async (screen) => {
      await show(screen);
      expect(await outsideAtAnyWidth(page, WIDTHS)).toEqual([]);
    },
  );
});

describe('in a small window, or with large letters, the banner of a simulation covers nothing that is signed', () => {
  it.each([
    [320, 256, 100],
    [320, 568, 200],
    [375, 667, 200],
    [1280, 720, 100],
  ])('%i × %i, text at %i percent', async (width, height, percent) => {
    const small = await browser.open({ width, height });
    await show(proposal('enrolment'), small);
    const found = await small.evaluate((size) => {
      document.body.dataset['grade'] = 'simulation';
      const banner = document.createElement('p');
      banner.className = 'simulation';
      banner.textContent = 'Simulation: nothing in this vault is protected. Software keys and simulated evidence pass.';
      document.body.prepend(banner);
      document.documentElement.style.fontSize = `${size}%`;
      const deepest = document.documentElement.scrollHeight - innerHeight;
      return Array.from({ length: 12 }, (_, i) => {
        scrollTo(0, (deepest * i) / 11);
        return (globalThis as unknown as WithCore).twinlockCore.measure();
      });
    }, percent);
    expect(found).toEqual(Array.from({ length: 12 }, () => null));
    await small.close();
  });
});

describe('in a small window, or with large letters, every word of a comparison code stands in one line', () => {
  it.each([
    [320, 100],
    [320, 200],
    [375, 200],
    [1280, 200],
  ])('%i pixels, text at %i percent', async (width, percent) => {
    const small = await browser.open({ width, height: 720 });
    await show(proposal('release'), small);
    const found = await small.evaluate((size) => {
      document.body.dataset['grade'] = 'simulation';
      document.documentElement.style.fontSize = `${size}%`;
      const words = [...document.querySelectorAll('ol.words li')];
      // As long as the longest word of the list, and as wide.
      for (const word of words) word.textContent = 'mushroom';
      const lines = words.map((word) => {
        const text = document.createRange();
        text.selectNodeContents(word);
        return text.getClientRects().length;
      });
      return { lines, cutOff: (globalThis as unknown as WithCore).twinlockCore.measure() };
    }, percent);
    expect(found).toEqual({ lines: [1, 1, 1, 1], cutOff: null });
    await small.close();
  });
});

/** Exchanges the forced style; as a sheet of the browser's own, which the page has no event for. */
async function force(css: string): Promise<void> {
  await page.evaluate((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets = [sheet];
  }, css);
}

describe('where anything is cut off, nothing can be approved, and everything denied', () => {
  beforeAll(async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await show(proposal('policy'));
  });

  it.each([
    [
      'a path that pushes the values out of the table',
      'table { table-layout: auto } tbody th bdi { white-space: nowrap }',
    ],
    ['values in a box that scrolls', 'td code { display: block; max-height: 1lh; overflow: auto }'],
    [
      'lines that end with dots',
      'td code { display: block; width: 3ch; overflow: hidden; text-overflow: ellipsis } td bdi { white-space: nowrap; overflow-wrap: normal }',
    ],
    ['a panel of a fixed height', '.panel { height: 12rem; overflow: hidden }'],
    ['lines over one another', 'th { line-height: 0.2 }'],
    ['a table wider than the window', 'table { width: 200vw }'],
    ['values that are not displayed', 'td { display: none }'],
    ['hidden values', 'td { visibility: hidden }'],
    ['values too pale to be seen', 'td { opacity: 0.1 }'],
    ['transparent letters', 'td { color: transparent }'],
    ['letters of one pixel', 'td { font-size: 1px }'],
    ['values that were moved away', 'td code { position: relative; left: -200vw }'],
    ['values that are indented away', 'td { text-indent: -999rem }'],
    ['a clipping path', 'td { clip-path: inset(50%) }'],
    ['a blur', 'td { filter: blur(8px) }'],
    ['something over the page', 'body::after { content: ""; position: fixed; inset: 0; background: Canvas }'],
  ])('%s', async (_, css) => {
    await force('');
    expect(await approve().isEnabled()).toBe(true);
    await force(css);
    await page.locator('#cut-off').waitFor();
    expect(await page.locator('#cut-off').innerText()).toMatch(/“.+” in “.+” (?:is|are) /s);
    expect(await approve().isDisabled()).toBe(true);
    expect(await approve().getAttribute('aria-describedby')).toBe('cut-off');
    expect(await page.getByRole('button', { name: 'Deny' }).isEnabled()).toBe(true);
    await force('');
    await page.locator('#cut-off').waitFor({ state: 'detached' });
    expect(await approve().isEnabled()).toBe(true);
  });

  it('is looked at again at the press', async () => {
    const touched = await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('td { opacity: 0 }');
      document.adoptedStyleSheets = [sheet];
      const button = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Approve');
      const wasEnabled = button?.disabled === false;
      button?.click();
      return { wasEnabled, isBusy: button?.ariaBusy };
    });
    expect(touched).toEqual({ wasEnabled: true, isBusy: 'false' });
    await page.locator('#cut-off').waitFor();
    expect(await approve().isDisabled()).toBe(true);
    await force('');
  });
});

it('a text that changes all the time does not put off the measurement of a large screen', async () => {
  await show(proposal('release'));
  await force('');
  const countdown = await page.evaluate(() => {
    let count = 0;
    return window.setInterval(() => {
      document.body.dataset['countdown'] = String(count++);
    }, 5);
  });
  await force('dd { visibility: hidden }');
  await page.locator('#cut-off').waitFor();
  expect(await approve().isDisabled()).toBe(true);
  await force('');
  await page.locator('#cut-off').waitFor({ state: 'detached' });
  await page.evaluate((id) => clearInterval(id), countdown);
});

it('the page complains of nothing', () => {
  expect(browser.complaints()).toEqual([]);
});
