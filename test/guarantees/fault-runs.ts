import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { expect, vi } from 'vitest';
import { writePrincipalKey } from '../../client/principal/principal-file.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { exitCodeOf } from '../../src/core/exit-codes.ts';
import { systemError } from '../../src/platform/files/system-error.ts';
import type { Vault } from '../world/vault/vault.ts';
import { type FileCall, withFaults } from './faults.ts';

/** One a place by turns; all of them everywhere with TWINLOCK_ALL_FAULTS=1, which takes minutes. */
export const ERRNOS = ['EIO', 'EROFS', 'ENOSPC', 'EACCES', 'ENAMETOOLONG', 'EMFILE', 'EDQUOT', 'EFBIG', 'ESTALE']
  .concat(['ENODEV', 'EINVAL', 'EBUSY', 'EPERM', 'EXDEV', 'ENFILE', 'ETIMEDOUT', 'ETXTBSY', 'ELOOP', 'ENOTDIR'])
  .concat(['EISDIR', 'ENOENT', 'EEXIST']);
export const isThorough = process.env['TWINLOCK_ALL_FAULTS'] === '1';

/** What a command left behind: its exit code, and its standard error. */
export interface Ran {
  readonly code: number;
  readonly said: string;
}

/** A person's home folder, in which the commands of a test find everything. */
export interface Home {
  readonly folder: string;
  path(...names: string[]): string;
  /** Writes the configuration and the keys of the machines of a vault. */
  configure(vault: Vault): Promise<void>;
  remove(): void;
}

export function makeHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-faults-'));
  const path = (...names: string[]) => join(folder, ...names);
  vi.stubEnv('HOME', folder);
  vi.stubEnv('XDG_STATE_HOME', path('state'));
  vi.stubEnv('XDG_CONFIG_HOME', path('config'));
  process.setMaxListeners(0);
  return {
    folder,
    path,
    configure: async (vault) => {
      mkdirSync(path('config', 'twinlock'), { recursive: true });
      const { baseUrl, fingerprint, prepared } = vault;
      const config = { vault: baseUrl, fingerprint, ca: join(prepared.dataDir, 'tls.crt') };
      writeFileSync(path('config', 'twinlock', 'config.json'), JSON.stringify(config));
      for (const role of ['depositor', 'requester', 'auditor'] as const) {
        rmSync(path(`${role}.key`), { force: true });
        await writePrincipalKey(path(`${role}.key`), vault[role].principal);
      }
    },
    remove: () => {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `twinlock` of these commands, in this process; `onOutput` is given what it prints. */
export async function twinlock(
  commands: readonly ((program: Command) => void)[],
  args: readonly string[],
  onOutput: (text: string) => void = () => undefined,
): Promise<Ran> {
  const program = new Command('twinlock')
    .option('--key <file>')
    .option('--config <file>')
    .option('--json')
    .exitOverride();
  for (const add of commands) add(program);
  return told(onOutput, async () => {
    await program.parseAsync(['node', 'twinlock', ...args]);
    return Number(process.exitCode);
  });
}

/** `twinlockd`, as main.ts runs it. */
export async function twinlockd(commands: readonly ((program: Command) => void)[], args: readonly string[]) {
  const program = new Command('twinlockd').option('--data <folder>').exitOverride();
  for (const add of commands) add(program);
  return told(
    () => undefined,
    async () => {
      try {
        await program.parseAsync(['node', 'twinlockd', ...args]);
        return 0;
      } catch (error) {
        const known = systemError(error);
        if (!(known instanceof TwinlockError)) throw known;
        process.stderr.write(`twinlockd: ${known.message} (${known.code})\n`);
        return exitCodeOf(known);
      }
    },
  );
}

async function told(onOutput: (text: string) => void, act: () => Promise<number>): Promise<Ran> {
  const said: string[] = [];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text, ...more) => {
      onOutput(String(text));
      const done = more.at(-1);
      if (typeof done === 'function') done();
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0),
  ];
  process.exitCode = 0;
  try {
    return { code: await act(), said: said.join('') };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}

/** What any refusal of the system may come to; `names` are what files are called besides by their paths. */
function expectTold({ code, said }: Ran, call: FileCall, errno: string, names: readonly string[]): void {
  const about = `${errno} at ${call.name} ${call.path}: ${said}`;
  expect.soft([0, 64, 69, 75], about).toContain(code);
  if (code === 0) return;
  const lines = said.split('\n').filter((line) => /^twinlockd?: /.test(line));
  expect.soft(lines, about).toHaveLength(1);
  expect.soft(said, about).not.toMatch(/\(internal\)|^\s+at |refused by a test/m);
  // Of a configuration that is not there, what is missing is told.
  const others = [...names, 'in the config'];
  expect
    .soft(
      [basename(call.path), dirname(call.path), ...others].some((name) => said.includes(name)),
      about,
    )
    .toBe(true);
}

export interface Failing {
  /** Calls in it are refused. */
  readonly folder: string;
  /** Before every run. */
  readonly before?: () => Promise<void> | void;
  /** `run` counts from 0. */
  readonly act: (run: number) => Promise<Ran>;
  /** After a run that was refused something: what must hold then. */
  readonly after?: () => Promise<void> | void;
  /** Places that are refused unless all are, from the first to the last. */
  readonly most?: number;
  /** What errors call files besides by their paths. */
  readonly names?: readonly string[];
}

/** Runs a command over and over, each time with another call of it refused. Returns how many it makes. */
export async function failEverywhere({
  folder,
  before,
  act,
  after,
  most = Infinity,
  names = [],
}: Failing): Promise<number> {
  await before?.();
  let run = 0;
  const { calls, result } = await withFaults(
    folder,
    () => null,
    () => act(run++),
  );
  expect(result, result.said).toMatchObject({ code: 0 });
  const step = isThorough ? 1 : Math.max(1, calls.length / most);
  for (let next = 0; next < calls.length; next += step) {
    const at = Math.floor(next);
    for (const errno of isThorough ? ERRNOS : [ERRNOS[(at + run) % ERRNOS.length] as string]) {
      await before?.();
      let hit: FileCall | null = null;
      const refuse = (call: FileCall, index: number) => {
        if (index === at) hit = call;
        return index === at ? errno : null;
      };
      const { result } = await withFaults(folder, refuse, () => act(run++));
      if (hit === null) continue;
      expectTold(result, hit, errno, names);
      if (result.code !== 0) await after?.();
    }
  }
  return calls.length;
}

export const atLeast = (least: number) =>
  expect.toSatisfy((count: number) => count >= least, `at least ${least} places`);
