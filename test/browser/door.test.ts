import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningConsole, startConsole } from '../../client/console/server.ts';
import { BUNDLE_DIR, launchBrowser, listenForComplaints } from './workstation.ts';

const RP_ID = 'tl-abcdefgh01234567.localhost';

let browser: Browser;
let served: RunningConsole;
let stateDir: string;
let evil: Server;
let evilOrigin: string;
let page: Page;
/** What reached the vault. */
const forwarded: string[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  stateDir = mkdtempSync(join(tmpdir(), 'twinlock-door-'));
  served = await startConsole({
    vault: new URL('http://127.0.0.1:9'),
    ca: null,
    certificate: null,
    invited: null,
    configPath: '/none/config.json',
    fingerprint: null,
    port: 0,
    bundleDir: BUNDLE_DIR,
    fromGenesis: false,
    stateDir,
    fetch: async (url) => {
      forwarded.push(new URL(String(url)).pathname);
      return Response.json({
        rpId: RP_ID,
        fingerprint: null,
        grade: 'production',
        phase: 'founding',
        fault: null,
        time: Date.now(),
      });
    },
  });
  evil = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>evil</title>');
  });
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  evilOrigin = `http://evil.localhost:${(evil.address() as AddressInfo).port}`;
  forwarded.length = 0;
});
afterAll(async () => {
  await browser.close();
  await served.close();
  await new Promise((resolve) => evil.close(resolve));
  rmSync(stateDir, { recursive: true });
});

describe('a page of another origin', () => {
  beforeAll(async () => {
    page = await browser.newPage();
    await page.goto(evilOrigin);
  });

  it.each(['cors', 'no-cors'] as const)('cannot fetch, nor send to, the console (%s)', async (mode) => {
    const asked = await page.evaluate(
      async ([url, mode]) => {
        const outcome = (init: RequestInit) =>
          fetch(url, { mode: mode as RequestMode, ...init }).then(
            (answer) => `${answer.type} ${answer.status}`,
            () => 'refused',
          );
        return [await outcome({}), await outcome({ method: 'POST', body: '{}' })];
      },
      [`${served.url.href}v1/vault`, mode] as const,
    );
    expect(asked).toEqual(['refused', 'refused']);
    expect(forwarded).toEqual([]);
  });

  it('cannot load its script, nor frame it', async () => {
    const own = await browser.newPage();
    await own.goto(served.url.href);
    const script = (await own.locator('script').getAttribute('src')) ?? '';
    forwarded.length = 0;
    const loaded = await page.evaluate(
      async ([origin, script]) => {
        const outcome = (element: HTMLScriptElement | HTMLIFrameElement, src: string) =>
          new Promise<string>((resolve) => {
            element.src = src;
            element.onload = () => resolve('loaded');
            element.onerror = () => resolve('refused');
            document.body.append(element);
          });
        const frame = document.createElement('iframe');
        const framed = await outcome(frame, origin);
        let seen: string;
        try {
          seen = frame.contentWindow?.document.title ?? 'nothing';
        } catch {
          seen = 'nothing';
        }
        return [await outcome(document.createElement('script'), origin + script), framed === 'loaded' ? seen : framed];
      },
      [served.url.origin, script] as const,
    );
    expect(loaded).toEqual(['refused', 'nothing']);
    expect(forwarded).toEqual([]);
  });

  it('cannot send it a form', async () => {
    await page.evaluate((url) => {
      const form = document.createElement('form');
      form.method = 'post';
      form.enctype = 'text/plain';
      form.action = url;
      document.body.append(form);
      form.submit();
    }, `${served.url.href}v1/stops`);
    await page.waitForURL(`${served.url.href}v1/stops`);
    expect(await page.innerText('body')).toContain('wrong_origin');
    expect(forwarded).toEqual([]);
  });

  it('may link to it, and has no hold on the window then', async () => {
    await page.goto(evilOrigin);
    const opening = page.context().waitForEvent('page');
    await page.evaluate((url) => {
      (globalThis as { opened?: Window | null }).opened = open(url);
    }, served.address.href);
    const opened = await opening;
    await opened.getByRole('heading', { name: 'Found this vault' }).waitFor();
    const held = await page.evaluate(() => (globalThis as { opened?: Window | null }).opened?.closed);
    expect(held).toBe(true);
    expect(await opened.evaluate(() => globalThis.opener)).toBeNull();
  });
});

describe('the console', () => {
  it('answers under its own name only', async () => {
    const other = await browser.newPage();
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'tl-0000000000000000.localhost']) {
      const answer = await other.goto(`http://${host}:${served.url.port}/`);
      expect(answer?.status()).toBe(421);
    }
  });

  it('runs nothing but its own script, and turns no text into markup', async () => {
    const own = await browser.newPage();
    const complaints = listenForComplaints(own);
    await own.goto(served.address.href);
    await own.getByRole('heading', { name: 'Found this vault' }).waitFor();
    expect(complaints).toEqual([]);
    const tried = await own.evaluate(() => {
      const outcome = (act: () => unknown) => {
        try {
          act();
          return 'done';
        } catch (error) {
          return (error as Error).name;
        }
      };
      const script = document.createElement('script');
      return [
        outcome(() => {
          document.body.innerHTML = '<b>bold</b>';
        }),
        outcome(() => {
          script.textContent = 'globalThis.ran = true';
        }),
        outcome(() => setTimeout('globalThis.ran = true')),
        outcome(() => (globalThis as { ran?: boolean }).ran === true && 'ran'),
      ];
    });
    expect(tried).toEqual(['TypeError', 'TypeError', 'TypeError', 'done']);
    expect(await own.evaluate(() => 'ran' in globalThis)).toBe(false);
  });

  it('goes on only with the key out of its address, takes it out of the address, and keeps it in the tab', async () => {
    const own = await browser.newPage();
    await own.goto(served.url.href);
    await own.getByText('open the whole address that the console printed').waitFor();
    // The very tab may be given the address: only its end changes.
    await own.goto(served.address.href);
    await own.getByRole('heading', { name: 'Found this vault' }).waitFor();
    expect(own.url()).toBe(served.url.href);
    await own.reload();
    await own.getByRole('heading', { name: 'Found this vault' }).waitFor();
    const started = await browser.newPage();
    await started.goto(served.addressOnce.href);
    await started.getByRole('heading', { name: 'Found this vault' }).waitFor();
    expect(started.url()).toBe(served.url.href);
    const late = await browser.newPage();
    await late.goto(served.addressOnce.href);
    await late.getByText('the console has been opened with this address already').waitFor();
  });

  it('takes an invitation out of the address at once', async () => {
    const own = await browser.newPage();
    await own.goto(`${served.url.href}#invitation=${'A'.repeat(43)}`);
    await own.waitForURL(served.url.href);
    expect(await own.evaluate(() => history.length)).toBe(2);
  });
});
