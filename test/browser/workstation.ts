import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import tls from 'node:tls';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { soleCertificate } from '../../client/cli/trust.ts';
import type { OpeningInvitation } from '../../client/console/server/opening.ts';
import { type RunningConsole, startConsole } from '../../client/console/server.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import type { PrincipalRecord } from '../../src/core/statement/statement.ts';
import { NODE, startProcess } from '../world/daemon-process.ts';

const DAEMON = join(import.meta.dirname, '../../src/main.ts');
export const BUNDLE_DIR = join(import.meta.dirname, '../../dist/console');
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
  readonly url: URL;
  /** The path of its TLS certificate. */
  readonly ca: string;
  /** By founder's name. */
  readonly invitations: ReadonlyMap<string, string>;
  readonly dataDir: string;
  /** What hosts must show, as twinlockd init told the operator: SHA-256. */
  readonly referenceValuesDigest: string;
  /** Ends the daemon; the folder stays. */
  halt(): Promise<void>;
  /** Starts it again, at the same address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A simulation vault that is not founded yet, served over TLS by a daemon of its own, as an operator runs it. */
export async function openVault(
  founders: readonly string[],
  principals: readonly Omit<PrincipalRecord, 'owner'>[],
  policy: Policy | null = null,
): Promise<TestVault> {
  const dir = mkdtempSync(join(tmpdir(), 'twinlock-vault-'));
  const dataDir = join(dir, 'data');
  const files = principals.map((principal, i) => {
    const file = join(dir, `principal-${i}.json`);
    writeFileSync(file, JSON.stringify(principal));
    return ['--principal', file];
  });
  const init = ['init', '--grade', 'simulation', '--json', ...founders.flatMap((name) => ['--founder', name])];
  const policyFile = join(dir, 'policy.json');
  if (policy !== null) writeFileSync(policyFile, JSON.stringify(policy));
  const policies = policy === null ? [] : ['--policy', policyFile];
  const printed = execFileSync(NODE, [DAEMON, '--data', dataDir, ...init, ...files.flat(), ...policies]);
  const { invitations, referenceValuesDigest } = JSON.parse(printed.toString()) as {
    invitations: { name: string; invitation: string }[];
    referenceValuesDigest: string;
  };
  const ca = join(dataDir, 'tls.crt');
  tls.setDefaultCACertificates([readFileSync(ca, 'utf8')]);
  let daemon = startProcess(dataDir);
  const url = new URL(await daemon.url);
  return {
    url,
    ca,
    invitations: new Map(invitations.map(({ name, invitation }) => [name, invitation])),
    dataDir,
    referenceValuesDigest,
    halt: async () => void (await daemon.stop()),
    restart: async () => {
      daemon = startProcess(dataDir, Number(url.port));
      await daemon.url;
    },
    close: async () => {
      await daemon.stop();
      rmSync(dir, { recursive: true });
    },
  };
}

export interface Workstation {
  readonly console: RunningConsole;
  /** What its console keeps. */
  readonly stateDir: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Console messages, page errors and policy violations, in order. */
  readonly complaints: string[];
  /** Takes the security key out and puts a new one in. */
  insertNewKey(): Promise<void>;
  close(): Promise<void>;
}

export interface WorkstationOptions {
  readonly fingerprint?: string | null;
  readonly ca?: string | null;
  readonly invited?: OpeningInvitation | null;
}

/** What one custodian has: a console with its own memory, a browser context, and a security key with PRF. */
export async function openWorkstation(
  browser: Browser,
  vault: URL,
  { fingerprint = null, ca = null, invited = null }: WorkstationOptions = {},
): Promise<Workstation> {
  const stateDir = mkdtempSync(join(tmpdir(), 'twinlock-console-'));
  const running = await startConsole({
    vault,
    ca,
    certificate: ca === null ? null : soleCertificate(ca),
    invited,
    configPath: join(stateDir, 'config', 'config.json'),
    fingerprint,
    port: 0,
    bundleDir: BUNDLE_DIR,
    fromGenesis: false,
    stateDir,
    fetch,
  });
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints = listenForComplaints(page);
  await knowKeyOf(running, context);
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (e) => {
      console.error(`violation: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`);
    });
  });
  return {
    console: running,
    stateDir,
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

/** Every page of the context has the key of the console, as if each had been opened by the address that it printed. */
export async function knowKeyOf({ address }: RunningConsole, context: BrowserContext): Promise<void> {
  const key = /^#key=(.+)$/.exec(address.hash)?.[1];
  if (key === undefined) return;
  const known = { host: address.host, key };
  await context.addInitScript(({ host, key }) => {
    if (location.host === host) sessionStorage.setItem('twinlock-console-key', key);
  }, known);
}

export function listenForComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Chromium recommends RS256; we accept only ES256 and EdDSA.
    if (!message.text().startsWith('publicKey.pubKeyCredParams')) {
      complaints.push(`${message.type()}: ${message.text()} at ${message.location().url}`);
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
