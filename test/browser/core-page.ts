import { join } from 'node:path';
import type { Page, ViewportSize } from 'playwright-core';
import { build } from 'vite';
import { type RunningConsole, startConsole } from '../../client/console/server.ts';
import { PAGE_ENTRIES, vaultSource } from '../../client/log/source.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import type { Vault } from '../world/vault/vault.ts';
import type { CarriedLog } from './vectors/core-run.ts';
import type { core } from './vectors/main.ts';
import { knowKeyOf, launchBrowser, listenForComplaints } from './workstation.ts';

const BUNDLE_DIR = join(import.meta.dirname, '../../node_modules/.cache/twinlock/test-page');
const RP_ID = 'tl-abcdefgh01234567.localhost';

/** What the page gives to `evaluate`. */
export interface WithCore {
  readonly twinlockCore: typeof core;
}

/** A browser that opens the page of the core. */
export interface CoreBrowser {
  /** Opens the page in a window of its own, and waits until the core is there. */
  open(viewport?: ViewportSize): Promise<Page>;
  /** What the pages have complained of. */
  complaints(): readonly string[];
  close(): Promise<void>;
}

/** Serves the page of the core and starts a browser for it; `executable` is Chromium's, by default the test run's. */
export async function openCoreBrowser(executable?: string): Promise<CoreBrowser> {
  const running = await serveCorePage();
  const browser = await launchBrowser(executable);
  const complaints: string[][] = [];
  return {
    open: async (viewport) => {
      const page = await browser.newPage(viewport === undefined ? {} : { viewport });
      complaints.push(listenForComplaints(page));
      await knowKeyOf(running, page.context());
      await page.goto(running.url.href);
      await page.waitForFunction(() => 'twinlockCore' in globalThis);
      return page;
    },
    complaints: () => complaints.flat(),
    close: async () => {
      await browser.close();
      await running.close();
    },
  };
}

/** The vault's log and objects as the page takes them, at most one page of them. */
export async function carriedLog({ auditor }: Vault): Promise<CarriedLog> {
  const { entries, objects } = await vaultSource(auditor.api).page(0, PAGE_ENTRIES);
  return { entries, objects: Object.fromEntries([...objects].map(([digest, bytes]) => [digest, toBase64url(bytes)])) };
}

/** The core and a panel of the console as a page of their own, which the console's server serves under its policy. */
async function serveCorePage(): Promise<RunningConsole> {
  await build({
    configFile: false,
    root: join(import.meta.dirname, 'vectors'),
    base: '/',
    publicDir: join(import.meta.dirname, '../../client/console/public'),
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: BUNDLE_DIR,
      emptyOutDir: true,
      target: 'es2024',
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2000,
    },
  });
  return startConsole({
    vault: new URL('http://127.0.0.1:9'),
    ca: null,
    certificate: null,
    invited: null,
    configPath: '/none/config.json',
    fingerprint: null,
    port: 0,
    bundleDir: BUNDLE_DIR,
    fromGenesis: false,
    stateDir: join(BUNDLE_DIR, 'none'),
    fetch: async () => Response.json({ rpId: RP_ID }),
  });
}
