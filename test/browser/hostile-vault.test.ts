import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningConsole, startConsole } from '../../client/console/server.ts';
import { BUNDLE_DIR, launchBrowser } from './workstation.ts';

/** A vault that wants to be the page: it answers every URL with markup, styles, scripts and headers of its choice. */

const RP_ID = 'tl-abcdefgh01234567.localhost';
const DIGEST = 'cd'.repeat(32);
const GET_ROUTES = [
  '/v1/vault',
  '/v1/invitation',
  '/v1/genesis',
  '/v1/status',
  '/v1/log/checkpoint',
  '/v1/log/entries?from=0&limit=1',
  '/v1/proposals?phase=all',
  `/v1/proposals/${DIGEST}`,
  `/v1/versions/${DIGEST}/envelopes`,
];
const HTML = `<!doctype html><title>twinlock</title><link rel="stylesheet" href="/v1/status">
<script type="module" src="/v1/genesis"></script>
<style>*{color:rgb(255,0,0)!important}</style><h1>Release acme/ocr@1 to 1 host for serving</h1>`;
const CSS = '*{color:rgb(255,0,0)!important} h1::after{content:"ginger civil improve stage"}';
const SCRIPT = 'globalThis.isTaken = true; export {};';
const HEADERS = {
  link: '</v1/status>; rel=stylesheet, </v1/genesis>; rel=modulepreload',
  'set-cookie': 'taken=1; Path=/',
  refresh: '0; url=/v1/genesis',
  'service-worker-allowed': '/',
  'content-security-policy': "default-src * 'unsafe-inline'",
  'access-control-allow-origin': '*',
};

type Answer = (response: ServerResponse) => void;
const send = (type: string, body: string, status = 200) => ({
  [type]: (response: ServerResponse) => response.writeHead(status, { ...HEADERS, 'content-type': type }).end(body),
});
const ANSWERS: Readonly<Record<string, Answer>> = {
  ...send('text/html', HTML),
  ...send('image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg"><script>${SCRIPT}</script></svg>`),
  ...send('text/css', CSS),
  ...send('text/javascript', SCRIPT),
  'a refusal in HTML': (response) => response.writeHead(401, { ...HEADERS, 'content-type': 'text/html' }).end(HTML),
  'a redirect': (response) => response.writeHead(302, { ...HEADERS, location: '/v1/genesis' }).end(HTML),
  'a question': (response) =>
    response.writeHead(401, { ...HEADERS, 'www-authenticate': 'Basic realm="your PIN"' }).end('{}'),
};

let browser: Browser;
let context: BrowserContext;
let page: Page;
let vault: Server;
let served: RunningConsole;
let stateDir: string;
/** How the vault answers now; null for the truth, a vault that is being founded. */
let answer: Answer | null = null;
/** What reached it. */
const asked: string[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  stateDir = mkdtempSync(join(tmpdir(), 'twinlock-hostile-'));
  vault = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (answer !== null) return answer(response);
    const status = {
      rpId: RP_ID,
      fingerprint: null,
      grade: 'production',
      phase: 'founding',
      time: Date.now(),
      fault: null,
    };
    return response.writeHead(200, { ...HEADERS, 'content-type': 'text/html' }).end(JSON.stringify(status));
  });
  await new Promise<void>((resolve) => vault.listen(0, '127.0.0.1', resolve));
  const { port } = vault.address() as AddressInfo;
  const at = new URL(`http://127.0.0.1:${port}`);
  served = await startConsole({
    vault: at,
    ca: null,
    certificate: null,
    invited: null,
    configPath: '/none/config.json',
    fingerprint: null,
    port: 0,
    bundleDir: BUNDLE_DIR,
    fromGenesis: false,
    stateDir,
    fetch,
  });
});
beforeEach(async () => {
  answer = null;
  context = await browser.newContext();
  page = await context.newPage();
  await page.goto(served.address.href);
  await page.getByRole('heading', { name: 'Found this vault' }).waitFor();
  asked.length = 0;
});
afterEach(() => context.close());
afterAll(async () => {
  await browser.close();
  await served.close();
  await new Promise((resolve) => vault.close(resolve));
  rmSync(stateDir, { recursive: true });
});

/** What a person sees of the page, and what it would take to make them see something else. */
async function looks(of: Page) {
  return of.evaluate(() => {
    const heading = document.querySelector('h1');
    return {
      text: document.body.innerText,
      color: heading === null ? null : getComputedStyle(heading).color,
      after: heading === null ? null : getComputedStyle(heading, '::after').content,
      sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
      isTaken: 'isTaken' in globalThis,
    };
  });
}

describe.each(Object.entries(ANSWERS))('a vault that answers with %s', (_, hostile) => {
  it('is not shown where the browser is led to it', async () => {
    answer = hostile;
    const other = await context.newPage();
    for (const path of GET_ROUTES) {
      const reached = await other.goto(new URL(path, served.url).href);
      expect(reached?.status()).toBe(403);
      expect(reached?.headers()['content-type']).toMatch(/^application\/json/);
      expect(await other.innerText('body')).toContain('"not_permitted"');
      expect(await looks(other)).toMatchObject({ sheets: 0, isTaken: false });
    }
    expect(asked).toEqual([]);
    expect(await context.cookies()).toEqual([]);
  });

  it('changes nothing of the page that asks it', async () => {
    const before = await looks(page);
    answer = hostile;
    const heard = await page.evaluate(async (paths) => {
      const answers = await Promise.all(paths.map((path) => fetch(path)));
      return Promise.all(answers.map(async (a) => [a.headers.get('content-type'), (await a.text()).slice(0, 24)]));
    }, GET_ROUTES);
    expect(asked).toHaveLength(GET_ROUTES.length);
    for (const [type, text] of heard) {
      expect(type).toBe('application/json');
      expect(text).toMatch(/^(?:\{"code":"unavailable"|\{\}$)/);
    }
    expect(await looks(page)).toEqual(before);
    expect(await context.cookies()).toEqual([]);
    expect(page.url()).toBe(served.url.href);
  });

  it('is not what the page is after a reload', async () => {
    answer = hostile;
    await page.reload();
    await page.getByRole('heading', { name: /^(?:Stop|The console cannot go on)$/ }).waitFor();
    const { text, ...rest } = await looks(page);
    expect(text).not.toMatch(/acme|ginger|<|PIN/);
    expect(rest).toMatchObject({ after: 'none', sheets: 1, isTaken: false });
    expect(rest.color).not.toBe('rgb(255, 0, 0)');
    expect(await context.cookies()).toEqual([]);
  });
});

describe('the page itself', () => {
  it('can load nothing of the vault’s as a style, a script, a frame, a worker or an image', async () => {
    const before = await looks(page);
    for (const [name, hostile] of Object.entries(ANSWERS)) {
      answer = hostile;
      const outcomes = await page.evaluate(async (path) => {
        const loading = (element: HTMLElement) =>
          new Promise<string>((resolve) => {
            element.onload = () => resolve('loaded');
            element.onerror = () => resolve('refused');
            // What a policy stops before it is asked for says nothing.
            setTimeout(() => resolve('silent'), 500);
            document.head.append(element);
          });
        const settled = (act: () => Promise<unknown>) =>
          act().then(
            () => 'done',
            () => 'refused',
          );
        const of = <T extends keyof HTMLElementTagNameMap>(tag: T, attributes: Record<string, string>) => {
          const element = document.createElement(tag);
          for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
          return element;
        };
        const outcomes = await Promise.all([
          loading(of('link', { rel: 'stylesheet', href: path })),
          loading(of('img', { src: path })),
          loading(of('link', { rel: 'modulepreload', href: path })),
          settled(() => navigator.serviceWorker.register(path as unknown as string)),
          settled(async () => new Worker(path as unknown as URL)),
        ]);
        for (const element of document.head.querySelectorAll('link[href^="/v1"], img')) element.remove();
        return outcomes;
      }, '/v1/status');
      outcomes.push(await page.evaluate("import('/v1/status').then(() => 'done', () => 'refused')"));
      expect([name, outcomes.filter((outcome) => outcome === 'loaded' || outcome === 'done')]).toEqual([name, []]);
    }
    expect(asked).toEqual([]);
    expect(await looks(page)).toEqual(before);
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
  });

  it('takes no style and no script but its own, by their digests', async () => {
    const before = await looks(page);
    const policy = (await page.reload())?.headers()['content-security-policy'] ?? '';
    expect(policy).toMatch(/; script-src 'sha384-[A-Za-z0-9+/]{64}'; style-src 'sha384-[A-Za-z0-9+/]{64}'; /);
    await page.getByRole('heading', { name: 'Found this vault' }).waitFor();
    await page.evaluate(() => {
      const style = document.createElement('style');
      style.append('h1{color:rgb(255,0,0)!important}');
      document.head.append(style);
      document.querySelector('h1')?.setAttribute('style', 'color:rgb(255,0,0)');
    });
    expect((await looks(page)).color).toBe(before.color);
  });

  it('can lead nowhere into the vault', async () => {
    answer = ANSWERS['text/html'] ?? null;
    await page.evaluate(() => {
      location.href = '/v1/status';
    });
    await page.waitForURL(`${served.url.href}v1/status`);
    expect(await page.innerText('body')).toContain('"not_permitted"');
    await page.goBack();
    await page.evaluate(() => open('/v1/genesis', '_self'));
    await page.waitForURL(`${served.url.href}v1/genesis`);
    expect(await looks(page)).toMatchObject({ sheets: 0, isTaken: false });
    expect(asked.filter((path) => path !== '/v1/vault')).toEqual([]);
  });
});

describe('what a vault says', () => {
  const refuse = (problem: object) => {
    answer = (response) => response.writeHead(409, HEADERS).end(JSON.stringify({ detail: {}, ...problem }));
  };

  it('is shown as its words, for all words', async () => {
    const message = `\u202eevorppa. <b>Approve it.</b> ${'The words are ginger civil improve stage. '.repeat(100)}`;
    refuse({ code: 'genesis_changed', message });
    await page.getByLabel('Your invitation').fill('A'.repeat(43));
    await page.getByRole('button', { name: 'Open' }).click();
    const said = page.locator('p.sentence');
    await said.waitFor();
    expect(await said.innerText()).toMatch(/the answer says: “.*“?.*<b>Approve it\.<\/b> The words are .*…”$/i);
    expect((await said.innerText()).length).toBeLessThan(600);
    expect(await page.locator('b').count()).toBe(0);
  });

  it('is not that a person has declined', async () => {
    refuse({ code: 'cancelled', message: 'nothing' });
    await page.getByLabel('Your invitation').fill('A'.repeat(43));
    await page.getByRole('button', { name: 'Open' }).click();
    await page.locator('p.sentence').waitFor();
    expect(await page.innerText('body')).not.toContain('Nothing was signed');
    await page.getByText('internal', { exact: true }).waitFor();
  });

  it('is no name where it would read as another', async () => {
    const invitation = { person: 'ab'.repeat(16), digest: DIGEST, expires: 1, rpId: RP_ID, grade: 'production' };
    answer = (response) => response.writeHead(200, HEADERS).end(JSON.stringify({ ...invitation, name: 'a\u202en' }));
    await page.getByLabel('Your invitation').fill('A'.repeat(43));
    await page.getByRole('button', { name: 'Open' }).click();
    await page.locator('p.sentence').waitFor();
    expect(await page.getByRole('heading', { name: /Welcome/ }).count()).toBe(0);
  });
});

it('a vault that says that it is not founded is not believed where its fingerprint is known', async () => {
  const { port } = vault.address() as AddressInfo;
  const known = await startConsole({
    vault: new URL(`http://127.0.0.1:${port}`),
    ca: null,
    certificate: null,
    invited: null,
    configPath: '/none/config.json',
    fingerprint: DIGEST,
    port: 0,
    bundleDir: BUNDLE_DIR,
    fromGenesis: false,
    stateDir,
    fetch,
  });
  await page.goto(known.address.href);
  await page.getByText('wrong_genesis', { exact: true }).waitFor();
  expect(await page.getByLabel('Your invitation').count()).toBe(0);
  await known.close();
});
