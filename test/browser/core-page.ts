import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { startConsole } from '../../client/console/server.ts';
import type { core } from './vectors/main.ts';

const BUNDLE_DIR = join(import.meta.dirname, '../../node_modules/.cache/twinlock/test-page');
const RP_ID = 'tl-abcdefgh01234567.localhost';

/** What the page gives to `evaluate`. */
export interface WithCore {
  readonly twinlockCore: typeof core;
}

export interface CorePage {
  readonly url: URL;
  close(): Promise<void>;
}

/** The core and a panel of the console as a page of their own, which the console's server serves under its policy. */
export async function serveCorePage(): Promise<CorePage> {
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
  const { url, close } = await startConsole({
    vault: new URL('http://127.0.0.1:9'),
    fingerprint: null,
    port: 0,
    bundleDir: BUNDLE_DIR,
    stateDir: join(BUNDLE_DIR, 'none'),
    fetch: async () => Response.json({ rpId: RP_ID }),
  });
  return { url, close };
}

/** Opens it and waits until the core is there. */
export async function openCorePage(page: Page, { url }: CorePage): Promise<void> {
  await page.goto(url.href);
  await page.waitForFunction(() => 'twinlockCore' in globalThis);
}
