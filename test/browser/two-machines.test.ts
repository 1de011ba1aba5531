import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StopKitFiles } from '../../client/console/server/stop-kit-file.ts';
import { parseFounderFile } from '../../src/wire/founder-file.ts';
import { makeAuthority } from '../tls/company.ts';
import { launchBrowser } from './workstation.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The vault's machine has this address and no other; the workstations have 127.0.0.1. */
const VAULT_HOST = '127.0.0.2';
const FINGERPRINT = 'ab'.repeat(32);

let browser: Browser;
let folder: string;
let port: number;
let told: { url: string; certificate: string; referenceValuesDigest: string; invitations: { file: string }[] };
const running: ChildProcess[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  folder = mkdtempSync(join(tmpdir(), 'twinlock-two-'));
  port = await freePort();
  const named = ['--host', VAULT_HOST, '--url', `https://${VAULT_HOST}:${port}`, '--out', join(folder, 'handed')];
  const founders = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
  const { stdout } = await ended(
    start('src/main.ts', ['init', '--grade', 'simulation', '--json', ...named, ...founders]),
  );
  told = JSON.parse(stdout) as typeof told;
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await browser.close();
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, VAULT_HOST, resolve));
  const { port: taken } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return taken;
}

/** A program of the repository, for somebody who has nothing but an empty home. */
function start(program: string, args: readonly string[], home = folder) {
  const data = program === 'src/main.ts' ? ['--data', join(folder, 'data')] : [];
  const child = spawn(process.execPath, [join(ROOT, program), ...data, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const run = { child, stdout: '', stderr: '' };
  child.stdout.on('data', (piece: Buffer) => {
    run.stdout += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    run.stderr += piece.toString();
  });
  return run;
}
type Run = ReturnType<typeof start>;

async function ended(run: Run): Promise<Run> {
  if (run.child.exitCode === null) await once(run.child, 'close');
  return run;
}

/** What the pattern finds in what the program prints. */
async function said(run: Run, pattern: RegExp): Promise<string> {
  for (;;) {
    const found = pattern.exec(run.stdout + run.stderr)?.[0];
    if (found !== undefined) return found;
    if (run.child.exitCode !== null) throw new Error(`it has ended: ${run.stdout}${run.stderr}`);
    await Promise.race([once(run.child.stdout, 'data'), once(run.child.stderr, 'data'), once(run.child, 'close')]);
  }
}

const anasFile = () => told.invitations[0]?.file ?? '';

test('a founder’s console says why it does not reach a vault that does not run', async () => {
  const { child, stderr } = await ended(start('client/cli.ts', ['console', '--invitation', anasFile()]));
  expect(child.exitCode).toBe(69);
  expect(stderr).toMatch(new RegExp(`${VAULT_HOST}:${port}: nothing listens there \\(ECONNREFUSED\\)`));
  // There is nothing to stop yet.
  expect(stderr).not.toContain('a stop needs');
});

test('a console that can stop the vault opens without it, and says why it was not reached', async () => {
  const home = join(folder, 'ben');
  await new StopKitFiles(join(home, '.local/state/twinlock')).put({
    v: 1,
    kind: 'twinlock-stop-kit',
    vault: FINGERPRINT,
    rpId: 'tl-0123456789abcdef.localhost',
    grade: 'simulation',
    size: 1,
    verified: 1,
    resumption: null,
    custodians: [],
  });
  const console = start('client/cli.ts', ['console', '--vault', told.url, '--fingerprint', FINGERPRINT], home);
  await said(console, /the console is at http/);
  await said(console, /ECONNREFUSED.*The console stops the vault all the same/);
  console.child.kill('SIGTERM');
});

test('a founder on another machine needs one file: it opens their invitation, over a certificate whose name is checked', async () => {
  const daemon = start('src/main.ts', ['serve', '--listen', `${VAULT_HOST}:${port}`]);
  await said(daemon, /"serving"/);
  const console = start('client/cli.ts', ['console', '--invitation', anasFile()]);
  const address = await said(console, /http:\S+#open=\S+/);
  const { invitation } = parseFounderFile(readFileSync(anasFile()), 'ana');
  const page = await browser.newPage();
  await page.goto(address);
  await page.getByRole('heading', { name: /^Welcome/ }).waitFor();
  expect(page.url()).toBe(address.replace(/#.*/, ''));
  const shown = (name: string) =>
    page.locator('dt', { hasText: name }).locator('xpath=following-sibling::dd[1]').first().innerText();
  expect(await shown('Vault')).toBe(told.url);
  expect((await shown('Certificate')).replaceAll(/\s/g, '')).toBe(told.certificate);
  await page.reload();
  await page.getByRole('heading', { name: /^Welcome/ }).waitFor();
  // Opened once: a second page with the same address is told so, and has no invitation.
  const other = await browser.newPage();
  await other.goto(address);
  await other.getByText('has been opened with this address already').waitFor();
  expect(console.stdout + console.stderr + daemon.stdout + daemon.stderr).not.toContain(invitation);
  console.child.kill('SIGTERM');

  const elsewhere = start('client/cli.ts', ['console', '--founding', '--vault', `https://localhost:${port}`]);
  expect((await ended(elsewhere)).stderr).toMatch(/ECONNREFUSED/);
});

test('a founder whose file vouches for another certificate is told so, and gives the right one beside it', async () => {
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue([VAULT_HOST]);
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries({
    'own.crt': cert,
    'own.key': key,
    'company.crt': authority.certificate,
  })) {
    put(name, text);
  }
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(running.map(async (child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  const tls = ['--tls-cert', join(folder, 'own.crt'), '--tls-key', join(folder, 'own.key')];
  const daemon = start('src/main.ts', ['serve', '--listen', `${VAULT_HOST}:${port}`, ...tls]);
  await said(daemon, /"level":50.*the founders’ consoles will not connect/);
  await said(daemon, /"serving"/);
  const refused = await ended(start('client/cli.ts', ['console', '--invitation', anasFile()]));
  expect([refused.child.exitCode, refused.stderr]).toEqual([64, expect.stringMatching(/is not trusted.*--ca FILE/)]);
  const given = start('client/cli.ts', ['console', '--invitation', anasFile(), '--ca', join(folder, 'company.crt')]);
  await said(given, /the console is at http/);
  given.child.kill('SIGTERM');
});
