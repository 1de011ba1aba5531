import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import tls from 'node:tls';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { type RunningConsole, startConsole } from '../../client/console/server.ts';
import type { PrincipalRecord } from '../../src/core/statement/statement.ts';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import { initialise, TLS_CERTIFICATE_FILE } from '../../src/initialise.ts';

const BUNDLE_DIR = join(import.meta.dirname, '../../dist/console');
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(executablePath = inject('chromium')): Promise<Browser> {
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: join(dirname(executablePath), 'al2023/lib'),
    FONTCONFIG_PATH: join(dirname(executablePath), 'fonts'),
  };
  return chromium.launch({ executablePath, headless: true, args: ARGS, env });
}

export interface TestVault {
  readonly daemon: Daemon;
  /** By founder's name. */
  readonly invitations: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** A simulation vault that nobody has founded yet, served by a real daemon over TLS. */
export async function openVault(
  founders: readonly string[],
  principals: readonly Omit<PrincipalRecord, 'owner'>[],
): Promise<TestVault> {
  const dataDir = mkdtempSync(join(tmpdir(), 'twinlock-vault-'));
  const invitations = await initialise({
    dataDir,
    grade: 'simulation',
    threshold: 2,
    founders: founders.map((name) => ({ name, groups: [] })),
    hosts: ['127.0.0.1'],
    policy: null,
    principals,
    invitationDays: 1,
    nowMs: Date.now(),
  });
  tls.setDefaultCACertificates([readFileSync(join(dataDir, TLS_CERTIFICATE_FILE), 'utf8')]);
  const daemon = await startDaemon({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    upkeepMs: 1000,
    heartbeatMs: 3_600_000,
    accessLog: ({ error, path }) => {
      if (error !== undefined && typeof error !== 'string') console.error(path, error);
    },
    onUpkeepError: (error) => console.error(error),
  });
  return {
    daemon,
    invitations: new Map(invitations.map(({ name, invitation }) => [name, invitation])),
    close: async () => {
      await daemon.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

export interface Workstation {
  readonly console: RunningConsole;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Console messages, page errors and policy violations, in order. */
  readonly complaints: string[];
  /** Takes the security key out and puts a new one in. */
  insertNewKey(): Promise<void>;
  close(): Promise<void>;
}

/** What one custodian has: a console with its own memory, a browser context, and a security key with PRF. */
export async function openWorkstation(
  browser: Browser,
  vault: URL,
  { fingerprint = null }: { readonly fingerprint?: string | null } = {},
): Promise<Workstation> {
  const stateDir = mkdtempSync(join(tmpdir(), 'twinlock-console-'));
  const running = await startConsole({ vault, fingerprint, port: 0, bundleDir: BUNDLE_DIR, stateDir, fetch });
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints = listenForComplaints(page);
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (e) => {
      console.error(`violation: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`);
    });
  });
  return {
    console: running,
    context,
    page,
    complaints,
    insertNewKey: await plugKeys(context, page),
    close: async () => {
      await context.close();
      await running.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}

function listenForComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Chromium recommends RS256; we accept only ES256 and EdDSA.
    if (!message.text().startsWith('publicKey.pubKeyCredParams')) {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`pageerror: ${error.message}`));
  return complaints;
}

/** A virtual YubiKey with firmware up to 5.7; it belongs to the page and survives navigation. */
async function plugKeys(context: BrowserContext, page: Page): Promise<() => Promise<void>> {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  let current: string | null = null;
  const insertNewKey = async () => {
    if (current !== null) await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: current });
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'usb',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        // Newer than the types.
        ...{ hasHmacSecret: true, hasPrf: false },
      },
    });
    current = authenticatorId;
  };
  await insertNewKey();
  return insertNewKey;
}
