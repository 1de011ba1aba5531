import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NODE } from '../world/daemon-process.ts';

vi.setConfig({ testTimeout: 60_000 });

const ROOT = join(import.meta.dirname, '../..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-output-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a program as a shell does, with `redirections` of its own. */
function run(file: string, args: readonly string[], redirections: string) {
  const command = `mkfifo unread; exec 3<> unread 4> unread 3>&-; exec "$0" "$@" ${redirections}`;
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, HOME: folder, NODE_COMPILE_CACHE };
  const ran = spawnSync('bash', ['-c', command, NODE, join(ROOT, file), ...args], { cwd: folder, env });
  rmSync(join(folder, 'unread'));
  return { code: ran.status, stdout: ran.stdout.toString(), stderr: ran.stderr.toString() };
}

const FOUNDERS = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
const init = (redirections: string, ...more: string[]) =>
  run('src/main.ts', ['--data', 'data', 'init', '--grade', 'simulation', ...FOUNDERS, ...more], redirections);

test.runIf(existsSync('/dev/full'))(
  'an init whose invitations go nowhere leaves no vault, and does the same again once they can be read',
  () => {
    const left = () => [readdirSync(join(folder, 'data')), readdirSync(join(folder, 'data-founders'))];
    const full = init('> /dev/full');
    expect(full.stderr).toMatch(
      /^twinlockd: standard output: the disk is full: .*same command again \(storage_full\)$/m,
    );
    expect([full.code, left()]).toEqual([75, [[], []]]);
    const unread = init('>& 4', '--json');
    expect(unread.stderr).toMatch(/^twinlockd: standard output: what reads it has closed it: .*\(storage_failed\)$/m);
    expect([unread.code, left()]).toEqual([75, [[], []]]);
    expect(init('').code).toBe(0);
  },
);

test('an init whose invitations nothing can read writes nothing, and one with --out needs no reader', () => {
  for (const nowhere of ['>&-', '> /dev/null']) {
    const { code, stderr } = init(nowhere, '--json');
    expect([code, stderr]).toEqual([64, expect.stringMatching(/^twinlockd: standard output is closed .* \(usage\)$/m)]);
    expect(readdirSync(folder)).toEqual([]);
  }
  expect(init('>&-', '--json', '--out', 'handed').code).toBe(0);
  expect(readdirSync(join(folder, 'handed'))).toHaveLength(3);
});

test.runIf(existsSync('/dev/full')).each([
  ['client/cli.ts', ['status'], '2> /dev/full', 64],
  ['client/cli.ts', ['status'], '<&- >&- 2>&-', 64],
  ['src/main.ts', ['--help'], '> /dev/full', 75],
] as const)('says by its exit code what it can say nowhere else: %s %s %s', (file, args, redirections, code) => {
  const ran = run(file, args, redirections);
  expect(ran).toEqual({ code, stdout: '', stderr: expect.not.stringMatching(/^ +at /m) });
});
