import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Hex, utf8 } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { fileError } from '../../src/platform/files/error.ts';
import { OWN_FOLDER } from '../../src/platform/files/own-folder.ts';
import { readSecretFile, writeSecretFile } from '../../src/platform/files/secret.ts';
import { portTrouble } from '../../src/sockets/blocked-ports.ts';
import { MAX_FOUNDER_BYTES, parseFounderFile } from '../../src/wire/founder-file.ts';
import type { Api } from '../api/api.ts';
import type { OpeningInvitation } from '../console/server/opening.ts';
import { StopKitFiles } from '../console/server/stop-kit-file.ts';
import { NOTHING_KEPT, startConsole } from '../console/server.ts';
import { connect, fingerprintOf, saysItIs, vaultOf } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { type Settings, vaultUrl } from './settings.ts';
import { soleCertificate } from './trust.ts';

const MAX_PORT = 65_535;

interface ConsoleFlags {
  readonly port: string;
  readonly open?: boolean;
  readonly founding?: boolean;
  readonly invitation?: string;
}

export function addConsole(program: Command): void {
  program
    .command('console')
    .description("runs the custodian's console on this workstation, on loopback only, until it is interrupted")
    .option('--port <port>', 'the port to listen on; a free one unless given', '0')
    .option('--open', 'opens it in the browser')
    .option(
      '--invitation <file>',
      'for a founder: the file that twinlockd init wrote for you; --ca FILE replaces the certificates in it',
    )
    .option('--founding', 'for a founder who received the invitation in another way: give --vault and --ca too')
    .addHelpText(
      'after',
      `
The page and its code come from this machine's own disk, never from the vault. After a custodian has signed in here, the
console also opens while the vault is out of reach, and signs a stop; it says then why the vault was not reached. A
founder's console needs the vault.

Examples:
  twinlock console --invitation founder-alice.json --open
  twinlock console --vault https://vault:8443 --ca tls.crt --fingerprint "$WORDS" --open`,
    )
    .action((flags: ConsoleFlags, command: Command) =>
      invoke(command, (invocation) => run(invocation, flags, command)),
    );
}

async function run(given: Invocation, flags: ConsoleFlags, command: Command): Promise<void> {
  const isGiven = (flag: string) => command.getOptionValueSourceWithGlobals(flag) === 'cli';
  requireTaken(isGiven, flags.invitation !== undefined);
  const port = portOf(flags.port);
  const bundleDir = bundle();
  const { invocation, invited } = await asInvited(given, flags.invitation ?? null, isGiven('ca'));
  const { settings, terminal, signal } = invocation;
  const api = connect(invocation);
  const kits = new StopKitFiles(settings.stateDir);
  const isFounding = flags.founding === true || invited !== null;
  const fingerprint = isFounding ? null : await fingerprintOf(settings, api, await kits.vaults());
  const canStop = fingerprint !== null && (await kits.readable(fingerprint)) !== null;
  const trouble = troubleWith(api, fingerprint);
  // A custodian who can stop without the vault need not wait for it.
  if (!canStop) requireNone(await trouble, isFounding);
  const running = await startConsole({
    vault: vaultUrl(settings),
    ca: settings.ca === null ? null : resolve(settings.ca),
    certificate: settings.ca === null ? null : soleCertificate(settings.ca),
    invited,
    configPath: resolve(settings.configPath),
    fingerprint,
    port,
    bundleDir,
    stateDir: settings.stateDir,
    fromGenesis: settings.fromGenesis,
    fetch: globalThis.fetch,
  });
  const { href } = running.address;
  terminal.result({ url: href }, [`the console is at ${href}`]);
  const opens = invited === null ? 'this console' : 'your invitation once';
  terminal.note(`this address opens ${opens}: keep it to yourself; interrupt (Ctrl-C) to end the console`);
  if (flags.open === true) openInBrowser(running.addressOnce.href, terminal.note);
  void trouble.then((error) => {
    if (error !== null) terminal.note(`${error.message} (${error.code}). The console stops the vault all the same`);
  });
  await interrupted(signal);
  await running.close();
}

/** Refuses a flag that would have no effect. Throws `usage`. */
function requireTaken(isGiven: (flag: string) => boolean, isInvited: boolean): void {
  must(!isGiven('key'), 'usage', '--key: a console takes no machine’s key: a custodian signs in with a security key');
  const idle = isInvited ? ['vault', 'fingerprint', 'founding'].find(isGiven) : undefined;
  must(idle === undefined, 'usage', `--${idle}: give it or --invitation, whose file says where the vault is`);
}

/**
 * Takes the settings of an --invitation from the founder's file, with the --ca of the command line if there is one.
 * Ignores this machine's other settings.
 */
async function asInvited(
  invocation: Invocation,
  path: string | null,
  isCaGiven: boolean,
): Promise<{ readonly invocation: Invocation; readonly invited: OpeningInvitation | null }> {
  if (path === null) return { invocation, invited: null };
  const { vault, ca, invitation, referenceValues } = parseFounderFile(
    await readSecretFile(path, MAX_FOUNDER_BYTES),
    path,
  );
  const caPath = isCaGiven ? invocation.settings.ca : ca === null ? null : await keptCa(invocation.settings, ca);
  const settings = { ...invocation.settings, vault, ca: caPath, fingerprint: null };
  return { invocation: { ...invocation, settings }, invited: { invitation, referenceValues } };
}

/**
 * Writes the founder's certificates to the state folder: the page prints commands that name the file. Returns its path.
 */
async function keptCa({ stateDir }: Settings, ca: string): Promise<string> {
  const caPath = join(stateDir, `ca-${createHash('sha256').update(ca).digest('hex').slice(0, 16)}.crt`);
  await mkdir(stateDir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, stateDir);
  });
  await writeSecretFile(caPath, utf8(ca), { replace: true });
  return caPath;
}

/** The error that prevents work with the vault; null where there is none. */
async function troubleWith(api: Api, fingerprint: Hex | null): Promise<TwinlockError | null> {
  try {
    if (fingerprint !== null) await saysItIs(api, fingerprint);
    else await vaultOf(api);
    return null;
  } catch (error) {
    if (error instanceof TwinlockError) return error;
    throw error;
  }
}

/** Throws the trouble during a founding: a vault that is not founded has nothing to stop. */
function requireNone(trouble: TwinlockError | null, isFounding: boolean): void {
  if (trouble === null) return;
  const { code, message, detail } = trouble;
  throw new TwinlockError(
    code,
    code === 'unavailable' && !isFounding ? `${message}, and ${NOTHING_KEPT}` : message,
    detail,
  );
}

function portOf(text: string): number {
  const port = Number(text);
  must(/^\d{1,5}$/.test(text) && port <= MAX_PORT, 'usage', `--port: expected a number up to ${MAX_PORT}, got ${text}`);
  const trouble = port === 0 ? null : portTrouble({ port: text });
  must(trouble === null, 'usage', `--port: ${trouble}`);
  return port;
}

/** The folder of the built page: beside this file's folder in the package, in dist/ of a clone. */
function bundle(): string {
  const isClone = import.meta.filename.endsWith('.ts');
  const dir = join(import.meta.dirname, isClone ? '../../dist/console' : '../../console');
  must(
    existsSync(join(dir, 'index.html')),
    'usage',
    `the console’s page has not been built: run npm run build in ${OWN_FOLDER} first`,
  );
  return dir;
}

function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Tries to open the address in a browser, and notes a failure; the address has been printed already. */
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
