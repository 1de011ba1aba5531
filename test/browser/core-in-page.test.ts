import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_REFERENCE_VALUES } from '../../src/core/attest/reference-values.ts';
import { fromUtf8, toBase64url } from '../../src/core/bytes.ts';
import { statementDigest } from '../../src/core/statement/statement.ts';
import { releasedWorld } from '../world/world.ts';
import { type CoreBrowser, openCoreBrowser, type WithCore } from './core-page.ts';
import { type CarriedLog, type Results, runCore, runReplay } from './vectors/core-run.ts';
import type { core } from './vectors/main.ts';

type Showing = Parameters<typeof core.showProposal>[1];

let browser: CoreBrowser;
let page: Page;
let log: CarriedLog;
let showing: Showing;

beforeAll(async () => {
  browser = await openCoreBrowser();
  page = await browser.open();
  await makeLog();
});
afterAll(async () => {
  await browser?.close();
});

/** A log with everything in it, and at its end a release that waits. */
async function makeLog(): Promise<void> {
  const { world, deposit } = await releasedWorld();
  const asked = await world.ask(deposit, { hosts: 2 });
  await world.propose(asked.statement);
  log = {
    entries: world.log.map(fromUtf8),
    objects: Object.fromEntries([...world.objects].map(([digest, bytes]) => [digest, toBase64url(bytes)])),
  };
  const digest = statementDigest(asked.statement);
  showing = { digest, person: world.founder('ben').person, nowMs: world.now, referenceValues: null };
}

describe('the core in a page, under the console’s own policy', () => {
  it('gives the same bytes as in Node', async () => {
    const inPage: Results = await page.evaluate(() => (globalThis as unknown as WithCore).twinlockCore.runCore());
    const here = await runCore();
    expect(inPage).toEqual(here);
    expect(here['combined']).toBe(here['secret']);
    expect(here['decrypted']).toBe(here['plaintext']);
  });

  it('replays a log to the same facts, its claims discharged by WebCrypto', async () => {
    const inPage: Results = await page.evaluate(
      (carried) => (globalThis as unknown as WithCore).twinlockCore.runReplay(carried),
      log,
    );
    expect(inPage).toEqual(await runReplay(log));
  });

  it('refuses a log in which one byte was changed', async () => {
    const entries = log.entries.map((text, i) =>
      i === 1 ? text.replace('"kind":"deposit"', '"kind":"deposiT"') : text,
    );
    const code = await page.evaluate(
      (carried) =>
        (globalThis as unknown as WithCore).twinlockCore.runReplay(carried).then(
          () => null,
          (error: { code?: string }) => error.code,
        ),
      { ...log, entries },
    );
    expect(code).toBe('unknown_kind');
  });
});

describe('a release whose hosts', () => {
  const show = (measurements: string[] | null) => {
    const simulated = measurements === null ? null : { platform: 'simulated' as const, measurements };
    const referenceValues = simulated === null ? null : { ...NO_REFERENCE_VALUES, simulated };
    return page.evaluate(
      ([carried, shown]) => (globalThis as unknown as WithCore).twinlockCore.showProposal(carried, shown),
      [log, { ...showing, referenceValues }] as const,
    );
  };
  const approve = () => page.getByRole('button', { name: 'Approve' });

  it('pass every rule can be approved', async () => {
    await show(null);
    await page.getByText('every rule passes, on every host').waitFor();
    expect(await approve().isEnabled()).toBe(true);
  });

  it('fail a rule cannot: Approve is disabled, and the rule is named with what was expected and got', async () => {
    await show(['00'.repeat(32)]);
    await page.getByText('2 hosts must not have the weights').waitFor();
    expect(await approve().isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Deny' }).isEnabled()).toBe(true);
    const failed = page.locator('tr.failed');
    expect(await failed.count()).toBe(2);
    expect(await failed.first().getByRole('cell').allInnerTexts()).toEqual(['00'.repeat(32), 'a5'.repeat(32), 'fail']);
    const obstacles = await page.locator('#obstacles li').allInnerTexts();
    expect(obstacles.join('\n')).toContain('appraisal_mismatch');
    expect(obstacles.join('\n')).toContain('simulated.measurement');
  });

  it('complain of nothing', () => {
    expect(browser.complaints()).toEqual([]);
  });
});
