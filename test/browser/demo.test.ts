import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../world/command-line.ts';
import { brokenRules, WIDTHS } from './seen.ts';
import { outside } from './widths.ts';
import { BUNDLE_DIR, launchBrowser, listenForComplaints } from './workstation.ts';

/** `npm run demo -- --keep`: what it leaves running is used in a browser that has no security key. */

const MODEL = Buffer.from('the weights of the demo');
const RELEASE = 'Release acme/ocr@1 to 1 host for serving';
const PUBLICATION = 'Publish acme/ocr@2';
const MAX_TABS = 100;

let home = '';
let story = '';
let browser: Browser;
const complaints: string[][] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'twinlock-demo-kept-'));
  const model = join(home, 'model');
  mkdirSync(model);
  writeFileSync(join(model, 'weights.bin'), MODEL);
  browser = await launchBrowser();
  const run = await runProgram('demo/main.ts', ['--keep', '--from', model], home);
  story = run.stdout;
  expect([run.code, run.stderr]).toEqual([0, '']);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  const [, pids = ''] = /end it\s+kill ([\d ]+) &&/.exec(story) ?? [];
  for (const pid of pids.split(' ').filter((text) => text !== '')) process.kill(Number(pid));
  rmSync(home, { recursive: true });
});

/** What it prints last, behind a word. */
function printed(word: string): string {
  return new RegExp(`^ *${word} +(\\S.*)$`, 'm').exec(ending())?.[1] ?? '';
}

function ending(): string {
  return story.slice(story.indexOf('The vault is left running'));
}

async function openConsole(address: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  complaints.push(listenForComplaints(page));
  await page.goto(address);
  return page;
}

/** By keyboard alone, as everything here: Tab until it has the focus, then Enter. */
async function press(page: Page, name: string): Promise<void> {
  for (let i = 0; i < MAX_TABS; i++) {
    await page.keyboard.press('Tab');
    if ((await focused(page)).startsWith(name)) return page.keyboard.press('Enter');
  }
  throw new Error(`${name} is not reached by keyboard`);
}

function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
}

/** The button takes the focus once it is there. */
async function touch(page: Page, name: string): Promise<void> {
  const title = `Touch (simulated key of ${name})`;
  await page.getByRole('button', { name: title }).waitFor();
  await expect.poll(() => focused(page)).toBe(title);
  await page.keyboard.press('Enter');
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign in with your security key' }).waitFor();
  await press(page, 'Sign in with your security key');
  await touch(page, name);
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();
}

async function approve(page: Page, name: string, title: string): Promise<string> {
  await press(page, 'Proposals');
  await page.getByRole('region', { name: 'Open proposals' }).getByRole('link', { name: title }).waitFor();
  await press(page, title);
  await page.locator('button:enabled', { hasText: /^Approve$/ }).waitFor();
  await press(page, 'Approve');
  await touch(page, name);
  await page.getByText(/^Your approval is recorded as entry \d+$/).waitFor();
  return page.getByText(/^The proposal is (now|still)/).innerText();
}

describe('the consoles of a demo that is kept', () => {
  let alice: Page;
  let bob: Page;

  it('let each custodian sign in without a security key, under a banner that says so', async () => {
    alice = await openConsole(printed('alice'));
    bob = await openConsole(printed('bob'));
    // The key is out of the address before anything else happens.
    expect(alice.url()).toBe(new URL('/', printed('alice')).href);
    await signIn(alice, 'alice');
    await signIn(bob, 'bob');
    const bar = alice.getByRole('region', { name: 'Simulated key' });
    expect(await bar.innerText()).toBe('Demo: this console holds the simulated key of alice');
    expect(await alice.getByText('Simulation: nothing in this vault is protected.').count()).toBe(1);
  });

  it('have two proposals open, on which the two of them decide by keyboard alone', async () => {
    expect(await approve(alice, 'alice', RELEASE)).toBe('The proposal is still open: it waits for 1 more approval.');
    expect(await approve(bob, 'bob', RELEASE)).toBe('The proposal is now released.');
    expect(await approve(bob, 'bob', PUBLICATION)).toBe('The proposal is still open: it waits for 1 more approval.');
    expect(await approve(alice, 'alice', PUBLICATION)).toBe('The proposal is now published.');
  });

  it('whose release is fetched by the command that was printed', async () => {
    const [, command = ''] = /^node \S+\/bin\/twinlock\.js (.*?) +# /.exec(printed('fetch')) ?? [];
    const { code, stderr } = await runProgram('client/cli.ts', command.split(' '), home);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    const to = /--to (\S+)/.exec(command)?.[1] ?? '';
    expect(readFileSync(join(to, 'weights.bin'))).toEqual(MODEL);
  });

  it('sign nothing where the person does not press the button', async () => {
    await press(alice, 'Sign out');
    await alice.getByRole('button', { name: 'Sign in with your security key' }).waitFor();
    await press(alice, 'Sign in with your security key');
    await alice.getByRole('button', { name: 'Touch (simulated key of alice)' }).waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await alice.emulateMedia({ colorScheme });
      for (const width of WIDTHS) {
        await alice.setViewportSize({ width, height: 900 });
        expect([width, await outside(alice)]).toEqual([width, []]);
      }
      expect(await brokenRules(alice)).toEqual([]);
    }
    await press(alice, 'Do not touch');
    await alice.getByText('cancelled', { exact: true }).waitFor();
    await alice.reload();
    await signIn(alice, 'alice');
  });

  it('sign nothing for a page that does not have the key of the console', async () => {
    const stranger = await openConsole(new URL('/', printed('alice')).href);
    await stranger
      .getByText('This page cannot use the simulated key: the answer says: “this page does not have the key')
      .waitFor();
    await stranger.getByRole('heading', { name: 'The console cannot go on' }).waitFor();
    expect(await stranger.getByRole('button', { name: 'Sign in with your security key' }).count()).toBe(0);
    const status = await stranger.evaluate(async () => {
      const headers = { 'twinlock-console-key': 'A'.repeat(43), 'content-type': 'application/json' };
      const answer = await fetch('/local/simulated-key/touch', { method: 'POST', headers, body: '{}' });
      return (await answer.json()).code;
    });
    expect(status).toBe('not_permitted');
  });

  it('complain of nothing', () => {
    // Of the stranger, the server's refusal.
    expect(complaints.slice(0, 2).flat()).toEqual([]);
  });
});

it('the page that custodians use has nothing of the simulated key in it', () => {
  const scripts = readdirSync(join(BUNDLE_DIR, 'assets')).filter((name) => name.endsWith('.js'));
  expect(scripts).toHaveLength(1);
  for (const name of scripts) {
    expect(readFileSync(join(BUNDLE_DIR, 'assets', name), 'utf8')).not.toMatch(/simulated-key|Touch \(/);
  }
});
