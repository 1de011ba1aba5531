import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { must } from '../../src/core/errors.ts';
import { StopKitFiles } from '../console/server/stop-kit-file.ts';
import { startConsole } from '../console/server.ts';
import { connect, fingerprintOf } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { vaultUrl } from './settings.ts';

const MAX_PORT = 65_535;

interface ConsoleFlags {
  readonly port: string;
  readonly open?: boolean;
  readonly founding?: boolean;
}

export function addConsole(program: Command): void {
  program
    .command('console')
    .description("runs the custodian's console on this workstation, on loopback only, until it is interrupted")
    .option('--port <port>', 'where it listens; a free one unless given', '0')
    .option('--open', 'opens it in the browser')
    .option('--founding', 'for a founder: the vault has no fingerprint yet')
    .addHelpText(
      'after',
      `
The page and its code come from this machine's own disk, never from the vault. Once a custodian has signed in here, the
console also opens while the vault is out of reach, and signs a stop.

Examples:
  twinlock console --vault https://vault:8443 --ca tls.crt --founding
  twinlock console --vault https://vault:8443 --ca tls.crt --fingerprint "$WORDS" --open`,
    )
    .action((flags: ConsoleFlags, command: Command) => invoke(command, (invocation) => run(invocation, flags)));
}

async function run(invocation: Invocation, flags: ConsoleFlags): Promise<void> {
  const { settings, terminal, signal } = invocation;
  const port = portOf(flags.port);
  const bundleDir = bundle();
  const api = connect(invocation);
  const followed = await new StopKitFiles(settings.stateDir).vaults();
  const running = await startConsole({
    vault: vaultUrl(settings),
    ca: settings.ca === null ? null : resolve(settings.ca),
    fingerprint: flags.founding === true ? null : await fingerprintOf(settings, api, followed),
    port,
    bundleDir,
    stateDir: settings.stateDir,
    fetch: globalThis.fetch,
  });
  terminal.result({ url: running.url.href }, [`the console is at ${running.url.href}`]);
  terminal.note('interrupt (Ctrl-C) to end it');
  if (flags.open === true) openInBrowser(running.url.href, terminal.note);
  await interrupted(signal);
  await running.close();
}

function portOf(text: string): number {
  const port = Number(text);
  must(/^\d{1,5}$/.test(text) && port <= MAX_PORT, 'usage', `--port: expected a number up to ${MAX_PORT}, got ${text}`);
  return port;
}

/** The built page: beside this file's folder in the package, in dist/ of a clone. */
function bundle(): string {
  const isClone = import.meta.filename.endsWith('.ts');
  const dir = join(import.meta.dirname, isClone ? '../../dist/console' : '../../console');
  must(existsSync(join(dir, 'index.html')), 'usage', 'the console’s page has not been built: run npm run build first');
  return dir;
}

function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Best effort: the address has been printed. Says so where no browser takes it. */
function openInBrowser(url: string, note: (line: string) => void): void {
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['explorer', [url]]
        : ['xdg-open', [url]];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  const failed = (why: string) => note(`no browser was opened (${command}: ${why}): open the address yourself`);
  child.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
  // Windows' explorer exits with 1 where it has opened the page.
  child.on('exit', (code) => {
    if (code !== 0 && code !== null && process.platform !== 'win32') failed(`exit code ${code}`);
  });
  child.unref();
}
