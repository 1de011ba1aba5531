import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trustCa } from '../../client/cli/trust.ts';
import { readPrincipalKey } from '../../client/principal/principal-file.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import { type DaemonProcess, NODE, startProcess } from './daemon-process.ts';
import { foundVault, type Members } from './vault/members.ts';
import { FOUNDERS, type Prepared } from './vault/prepared.ts';

const ROOT = join(import.meta.dirname, '../..');
const ROLES = ['depositor', 'requester', 'auditor'] as const;

/** What a command left behind. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document of a run with --json. */
  json(): Record<string, unknown>;
}

export interface RunOptions {
  /** Undefined where it is not to be set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Interrupts it, once, when this has come up on standard error. */
  readonly interruptAt?: string;
  /** As a terminal and a launcher do that both pass it on. */
  readonly isInterruptedTwice?: boolean;
  /** Kills it (`kill -9`) when this is aborted. */
  readonly kill?: AbortSignal;
  /** Runs it as this user and their group of the same number; only root can. */
  readonly uid?: number;
}

/** Runs a program of the repository as its users do: in a process of its own, without a configuration. */
export function runProgram(
  file: string,
  args: readonly string[],
  home: string,
  options: RunOptions = {},
): Promise<Run> {
  const { NODE_COMPILE_CACHE } = process.env;
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: home, NODE_COMPILE_CACHE, ...options.env };
  const user = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  const child = spawn(NODE, [join(ROOT, file), ...args], {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  let stdout = '';
  let stderr = '';
  let interruptAt = options.interruptAt ?? null;
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (interruptAt === null || !stderr.includes(interruptAt)) return;
    interruptAt = null;
    child.kill('SIGINT');
    // Later than the first, so that the two do not become one; sooner than the vault has answered.
    if (options.isInterruptedTwice === true) setTimeout(() => child.kill('SIGINT'), 5);
  });
  options.kill?.addEventListener('abort', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> });
    });
  });
}

/** A founded vault, its daemon a process, and a folder with the keys that the command line takes. */
export interface CliVault extends Members {
  readonly folder: string;
  path(name: string): string;
  /** `twinlock`, with the vault, its CA and its fingerprint from the environment; `role` says whose key. */
  twinlock(role: (typeof ROLES)[number], args: readonly string[], options?: RunOptions): Promise<Run>;
  close(): Promise<void>;
}

export interface CliVaultOptions {
  /** What `twinlockd init --policy` reads; the default of the grade unless given. */
  readonly policy?: Policy;
  /** Further arguments of `twinlockd serve`. */
  readonly serve?: readonly string[];
}

/** Keys, invitations and the daemon come from the programs themselves; only the founders are the library's. */
export async function openCliVault({ policy, serve = [] }: CliVaultOptions = {}): Promise<CliVault> {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-cli-'));
  const path = (name: string) => join(folder, name);
  for (const role of ROLES) {
    const named = ['--role', role, '--name', `${role}-key`, '--owner', 'ana', '--models', 'acme/*'];
    const made = await runProgram('client/cli.ts', ['key', 'create', path(`${role}.key`), ...named], folder);
    if (made.code !== 0) throw new Error(made.stderr);
  }
  const dataDir = path('data');
  const founders = FOUNDERS.flatMap((name) => ['--founder', name]);
  const principals = ROLES.flatMap((role) => ['--principal', path(`${role}.key.json`)]);
  if (policy !== undefined) writeFileSync(path('policy.json'), JSON.stringify(policy));
  const policies = policy === undefined ? [] : ['--policy', path('policy.json')];
  const init = ['--data', dataDir, 'init', '--grade', 'simulation', '--json', ...founders, ...principals, ...policies];
  const { invitations } = (await runProgram('src/main.ts', init, folder)).json() as {
    invitations: { name: string; invitation: string }[];
  };
  const ca = join(dataDir, 'tls.crt');
  trustCa(ca);
  const daemon: DaemonProcess = startProcess(dataDir, 0, serve);
  const machines = Object.fromEntries(
    await Promise.all(ROLES.map(async (role) => [role, await readPrincipalKey(path(`${role}.key`))] as const)),
  ) as Prepared['machines'];
  const byName = Object.fromEntries(invitations.map(({ name, invitation }) => [name, invitation]));
  const prepared: Prepared = { dataDir, machines, owner: 'ana', invitations: byName as Prepared['invitations'] };
  const members = await foundVault(await daemon.url, prepared);
  return {
    ...members,
    folder,
    path,
    twinlock: (role, args, options = {}) => {
      const { baseUrl: TWINLOCK_VAULT, fingerprint: TWINLOCK_FINGERPRINT } = members;
      const env = { TWINLOCK_VAULT, TWINLOCK_FINGERPRINT, TWINLOCK_CA: ca, ...options.env };
      return runProgram('client/cli.ts', [...args, '--key', path(`${role}.key`)], folder, { ...options, env });
    },
    close: async () => {
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
