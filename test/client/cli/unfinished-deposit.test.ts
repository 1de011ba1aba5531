import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CliVault, openCliVault, type RunOptions } from '../../world/command-line.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MIB = 1 << 20;
/** Long enough to be killed before its end. */
const WEIGHTS_BYTES = 96 * MIB;

let vault: CliVault;
beforeAll(async () => {
  vault = await openCliVault();
  mkdirSync(vault.path('model'));
  writeFileSync(vault.path('model/config.json'), '{}');
  writeFileSync(vault.path('model/weights.bin'), '');
  truncateSync(vault.path('model/weights.bin'), WEIGHTS_BYTES);
});
afterAll(() => vault?.close());

const states = () => readdirSync(vault.path('.local/state/twinlock/deposits'));
const depositing = (version: string, options: RunOptions = {}, more: readonly string[] = []) =>
  vault.twinlock('depositor', ['deposit', vault.path('model'), '--as', `acme/ocr@${version}`, ...more], options);

/** Kills a deposit once the vault has more of it than `storedBytes`. Returns what the vault has then. */
async function killed(version: string, storedBytes: number): Promise<number> {
  const kill = new AbortController();
  const run = depositing(version, { kill: kill.signal });
  let isOver = false;
  const end = run.then(() => {
    isOver = true;
  });
  const { api } = vault.depositor;
  const stored = async () => {
    const { uploads } = await api.uploads();
    return Number(uploads.find((upload) => upload.version === version)?.storedBytes ?? 0);
  };
  while (!isOver && (await stored()) <= storedBytes) await sleep(10);
  kill.abort();
  await end;
  expect((await run).code).toBeNull();
  return stored();
}

test('a deposit that was killed twice goes on where it was, and leaves nothing on the machine', async () => {
  const first = await killed('1', 0);
  expect(states()).toHaveLength(1);
  const second = await killed('1', first);
  expect(second).toBeGreaterThan(first);
  const interrupted = await depositing('1', { interruptAt: 'goes on' });
  expect(interrupted.stderr).toMatch(
    /interrupted: the deposit is unfinished: run the same command again within an hour to go on, or .* --abandon acme\/ocr@1 \(cancelled\)\n$/,
  );
  expect(interrupted.code).toBe(130);
  const { stdout, stderr, code } = await depositing('1');
  expect(stderr).toMatch(/goes on +with the deposit that was begun at/);
  expect(stdout).toMatch(/deposited +acme\/ocr@1: 2 files/);
  expect(code).toBe(0);
  expect(states()).toEqual([]);
});

test('a deposit that was killed is not given up for another machine’s, and is listed, and given up', async () => {
  const stored = await killed('2', 0);
  const elsewhere = { env: { XDG_STATE_HOME: vault.path('another-machine') } };
  const other = await depositing('2', elsewhere, ['--json']);
  expect([other.code, JSON.parse(other.stderr).error]).toMatchObject([64, { code: 'upload_conflict' }]);
  expect(other.stderr).toMatch(/another machine with this key .* heard of it .* ago: .* deposit --replace/);
  const list = await vault.twinlock('depositor', ['deposit', '--list']);
  expect(list.stdout).toMatch(
    /^version +files +stored +begun +ends after\nacme\/ocr@2 +2 files +\d.* min of silence, or /,
  );
  const { uploads } = (await vault.twinlock('depositor', ['deposit', '--list', '--json'])).json();
  expect(uploads).toMatchObject([{ model: 'acme/ocr', version: '2', files: 3, storedBytes: String(stored) }]);
  const abandon = ['deposit', '--abandon', 'acme/ocr@2'];
  const { stdout } = await vault.twinlock('depositor', abandon);
  expect(stdout).toBe(
    'given up     acme/ocr@2\nvault        has dropped what it had\nmachine      has erased what it kept\n',
  );
  expect(states()).toEqual([]);
  expect((await vault.twinlock('depositor', ['deposit', '--list'])).stdout).toMatch(/^nothing /);
  const again = await vault.twinlock('depositor', [...abandon, '--json']);
  expect([again.code, JSON.parse(again.stderr).error.code]).toEqual([64, 'upload_unknown']);
});

test('what is to be done is said, and one thing', async () => {
  for (const args of [[], ['x'], ['x', '--list']]) {
    const { code, stderr } = await vault.twinlock('depositor', ['deposit', ...args, '--json']);
    expect([code, JSON.parse(stderr).error.code], args.join(' ')).toEqual([64, 'usage']);
  }
});
