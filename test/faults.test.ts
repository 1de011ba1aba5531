import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { addAudit } from '../client/cli/audit.ts';
import { addKey } from '../client/cli/key.ts';
import { addStatus } from '../client/cli/status.ts';
import { addStop } from '../client/cli/stop.ts';
import { writePrincipalKey } from '../client/principal-file.ts';
import { TwinlockError } from '../src/core/errors.ts';
import { systemError } from '../src/platform/system-error.ts';
import { dropUpload } from '../src/vault/upload.ts';
import { type FileCall, takesNothing, withFaults } from './faults.ts';
import { depositFiles, openVault, startInProcess, type Vault } from './vault-kit.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** One a place by turns; all of them everywhere with TWINLOCK_ALL_FAULTS=1, which takes minutes. */
const ERRNOS = ['EIO', 'EROFS', 'ENOSPC', 'EACCES', 'ENAMETOOLONG', 'EMFILE', 'EDQUOT', 'EFBIG', 'ESTALE', 'ENODEV']
  .concat(['EINVAL', 'EBUSY', 'EPERM', 'EXDEV', 'ENFILE', 'ETIMEDOUT', 'ETXTBSY', 'ELOOP', 'ENOTDIR', 'EISDIR'])
  .concat(['ENOENT', 'EEXIST']);
const isThorough = process.env['TWINLOCK_ALL_FAULTS'] === '1';

let vault: Vault;
let home: string;
const path = (...names: string[]) => join(home, ...names);

beforeAll(async () => {
  vault = await openVault();
});
afterAll(() => vault.close());
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'twinlock-faults-'));
  vi.stubEnv('HOME', home);
  vi.stubEnv('XDG_STATE_HOME', path('state'));
  vi.stubEnv('XDG_CONFIG_HOME', path('config'));
  process.setMaxListeners(0);
  mkdirSync(path('config', 'twinlock'), { recursive: true });
  const { baseUrl, fingerprint, prepared } = vault;
  const config = { vault: baseUrl, fingerprint, ca: join(prepared.dataDir, 'tls.crt') };
  writeFileSync(path('config', 'twinlock', 'config.json'), JSON.stringify(config));
  for (const role of ['depositor', 'requester', 'auditor'] as const) {
    await writePrincipalKey(path(`${role}.key`), vault[role].principal);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly said: string;
}

/** `twinlock`, in this process. */
async function twinlock(...args: string[]): Promise<Ran> {
  const program = new Command('twinlock')
    .option('--key <file>')
    .option('--config <file>')
    .option('--json')
    .exitOverride();
  for (const add of [addAudit, addKey, addStatus, addStop]) add(program);
  const said: string[] = [];
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  process.exitCode = 0;
  try {
    await program.parseAsync(['node', 'twinlock', ...args]);
    return { code: Number(process.exitCode), said: said.join('') };
  } finally {
    process.exitCode = undefined;
    vi.restoreAllMocks();
  }
}

/** What any refusal of the system may come to. */
function expectTold({ code, said }: Ran, call: FileCall, errno: string): void {
  const about = `${errno} at ${call.name} ${call.path}: ${said}`;
  expect([0, 64, 69, 75], about).toContain(code);
  if (code === 0) return;
  const lines = said.split('\n').filter((line) => line.startsWith('twinlock: '));
  expect(lines, about).toHaveLength(1);
  expect(said, about).not.toMatch(/\(internal\)|^\s+at |refused by a test/m);
  expect(said.includes(basename(call.path)) || said.includes(dirname(call.path)), about).toBe(true);
}

/** Runs a command over and over, each time with another call of it refused. */
async function failEverywhere(
  before: () => Promise<void> | void,
  args: (run: number) => readonly string[],
): Promise<number> {
  await before();
  let run = 0;
  const { calls, result } = await withFaults(
    home,
    () => null,
    () => twinlock(...args(run++)),
  );
  expect(result, result.said).toMatchObject({ code: 0 });
  for (let at = 0; at < calls.length; at++) {
    for (const errno of isThorough ? ERRNOS : [ERRNOS[(at + run) % ERRNOS.length] as string]) {
      await before();
      let hit: FileCall | null = null;
      const refuse = (call: FileCall, index: number) => {
        if (index === at) hit = call;
        return index === at ? errno : null;
      };
      const { result } = await withFaults(home, refuse, () => twinlock(...args(run++)));
      if (hit !== null) expectTold(result, hit, errno);
    }
  }
  return calls.length;
}

const clean =
  (...names: string[]) =>
  () => {
    for (const name of names) rmSync(path(name), { recursive: true, force: true });
  };

const none = () => undefined;
const atLeast = (least: number) => expect.toSatisfy((count: number) => count >= least, `at least ${least} places`);

test('wherever twinlock touches a file, what the system refuses is told with the file, and exits 64, 69 or 75', async () => {
  const named = ['--role', 'auditor', '--name', 'audit', '--owner', 'ana'];
  expect([
    await failEverywhere(clean('a.key', 'a.key.json'), () => ['key', 'create', path('a.key'), ...named]),
    await failEverywhere(none, () => ['key', 'show', path('a.key')]),
    await failEverywhere(none, () => ['status', '--key', path('auditor.key')]),
    await failEverywhere(clean('state'), () => ['audit', '--key', path('auditor.key')]),
  ]).toEqual([atLeast(15), atLeast(6), atLeast(5), atLeast(15)]);
});

test('the same of stops that are made into a file and of stops that are brought to a host', async () => {
  const stop = ['stop', '--release', 'ab'.repeat(32), '--reason', 'a test', '--key', path('requester.key')];
  expect([
    await failEverywhere(clean('stop.json'), () => [...stop, '--out', path('stop.json')]),
    await failEverywhere(
      () => void mkdirSync(path('stops'), { recursive: true }),
      () => ['stop', path('stop.json'), '--to-host', path('stops')],
    ),
  ]).toEqual([atLeast(10), atLeast(12)]);
});

test('what the vault’s disk refuses in the middle of a deposit is told as one to try again, and leaves a log that verifies', async () => {
  const { dataDir } = vault.prepared;
  const folder = join(dataDir, 'uploads');
  let run = 0;
  const act = () => depositFiles(vault, { 'a.bin': new Uint8Array(3) }, { model: `acme/middle-${run++}` });
  const { calls } = await withFaults(folder, () => null, act);
  // A key may begin 60 uploads an hour.
  const step = Math.ceil(calls.length / (isThorough ? 50 : 10));
  for (let at = 0; at < calls.length; at += step) {
    const errno = ERRNOS[(at / step) % ERRNOS.length] as string;
    const failed = withFaults(folder, (_, index) => (index === at ? errno : null), act);
    const error = await failed.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    const { context } = vault.daemon;
    for (const upload of await context.uploads.uploads()) await dropUpload(context, upload);
    if (error === null) continue;
    expect(error, `${errno} at ${calls[at]?.name} ${calls[at]?.path}`).toMatchObject({ group: 'retry' });
    expect(String(error)).not.toContain(dataDir);
  }
  expect(calls.length).toBeGreaterThan(15);
  await depositFiles(vault, { 'a.bin': new Uint8Array(3) }, { model: 'acme/after' });
  await vault.restart();
  expect((await vault.anonymous.vault()).fingerprint).toBe(vault.fingerprint);
});

test('the same of twinlockd, whose folder starts as if nothing had been once the disk is well again', async () => {
  const { dataDir } = vault.prepared;
  await vault.daemon.close();
  const start = async () => (await startInProcess(dataDir, [])).close();
  const { calls } = await withFaults(dataDir, () => null, start);
  for (let at = 0; at < calls.length; at++) {
    const errno = ERRNOS[at % ERRNOS.length] as string;
    const failed = withFaults(dataDir, (_, index) => (index === at ? errno : null), start);
    const error = await failed.then(
      () => null,
      (thrown: unknown) => systemError(thrown),
    );
    if (error === null) continue;
    const about = `${errno} at ${calls[at]?.name} ${calls[at]?.path}: ${String(error)}`;
    expect(error, about).toBeInstanceOf(TwinlockError);
    expect(error, about).toMatchObject({ message: expect.stringContaining(dataDir) });
    expect(
      (error as TwinlockError).code === 'storage_corrupt' || (error as TwinlockError).group !== 'alert',
      about,
    ).toBe(true);
  }
  expect(calls.length).toBeGreaterThan(15);
  await vault.restart();
  expect((await vault.auditor.api.status()).fingerprint).toBe(vault.fingerprint);
});

test.each(['ENOSPC', 'EROFS', 'EIO'])(
  'a stop of a machine is sent from a disk that takes nothing more (%s)',
  async (errno) => {
    const args = ['stop', '--retire', '--reason', 'a test', '--key', path('requester.key')];
    const { result, calls } = await withFaults(home, takesNothing(errno), () => twinlock(...args));
    expect(result).toEqual({ code: 0, said: '' });
    expect(calls.filter(({ isWrite }) => isWrite)).toEqual([]);
    const { facts } = vault.daemon.context.recorder;
    expect(facts.principals.get(vault.requester.principal.key)?.retiredAt).not.toBeNull();
  },
);
