import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runProgram } from './client/cli/vault.ts';
import { POLICY } from './world/founding.ts';

const SLOW = { timeout: 60_000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-main-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

function init(...args: string[]) {
  const founders = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
  return runProgram(
    'src/main.ts',
    ['--data', path('data'), 'init', '--grade', 'simulation', ...founders, ...args],
    folder,
  );
}

test.each(['--policy', '--reference-values', '--principal'])(
  'twinlockd init does not wait for a pipe without a writer: %s',
  SLOW,
  async (flag) => {
    execFileSync('mkfifo', [path('pipe')]);
    const { code, stderr } = await init(flag, path('pipe'));
    expect([code, stderr]).toEqual([
      64,
      expect.stringMatching(/^twinlockd: .*\/pipe: expected a file.* \(not_permitted\)\n$/),
    ]);
    expect(existsSync(path('data'))).toBe(false);
  },
);

test('twinlockd init refuses a founder who looks like another, and names that one', SLOW, async () => {
  const { code, stderr } = await init('--founder', 'Ana');
  expect(code).toBe(64);
  expect(stderr).toMatch(
    /^twinlockd: the name “ana” looks like “Ana”, .*: add what tells them apart.*\(person_exists\)\n$/,
  );
  expect(existsSync(path('data'))).toBe(false);
});

test('twinlockd init names the file that is no JSON', SLOW, async () => {
  const { code, stderr } = await init('--policy', put('{'));
  expect([code, stderr]).toEqual([64, `twinlockd: --policy ${path('policy.json')}: expected JSON (malformed)\n`]);
});

test(
  'twinlockd init names the flag of a file that is not there, and of values that no schema knows',
  SLOW,
  async () => {
    const absent = await init('--principal', path('absent.json'));
    expect([absent.code, absent.stderr]).toEqual([
      64,
      `twinlockd: --principal ${path('absent.json')}: there is no such file or folder (not_found)\n`,
    ]);
    const values = await init('--reference-values', put('{}'));
    expect(values.code).toBe(64);
    expect(values.stderr).toContain(`twinlockd: --reference-values ${path('policy.json')}: `);
  },
);

test('twinlockd init ends with the command that serves this very folder', SLOW, async () => {
  const { code, stdout } = await init();
  expect(code).toBe(0);
  expect(stdout).toContain(`npx twinlockd serve --data ${path('data')}\n`);
  expect(stdout).toContain(`--ca ${path('data')}/tls.crt`);
  expect(stdout).toMatch(/SHA-256 [0-9a-f]{64}/);
});

test('twinlockd serve names nothing but --listen where its host does not resolve', SLOW, async () => {
  await init();
  const args = ['serve', '--data', path('data'), '--listen', 'no-such-host.invalid:0'];
  const { code, stderr } = await runProgram('src/main.ts', args, folder);
  expect([code, stderr]).toEqual([
    64,
    expect.stringMatching(
      /^twinlockd: .*no-such-host\.invalid:0: .*: (name another --listen|.*\(EAI_AGAIN\).*) \(\w+\)\n$/,
    ),
  ]);
});

test('twinlockd serve refuses endorsements that are no folder before it opens anything', SLOW, async () => {
  const args = ['serve', '--data', path('data'), '--endorsements', path('absent')];
  const { code, stderr } = await runProgram('src/main.ts', args, folder);
  expect([code, stderr]).toEqual([
    64,
    `twinlockd: --endorsements ${path('absent')}: there is no such folder (usage)\n`,
  ]);
});

test('twinlockd init refuses a policy that leaves no time to approve', SLOW, async () => {
  const { code, stderr } = await init(
    '--policy',
    put(JSON.stringify({ ...POLICY, limits: { ...POLICY.limits, proposalMs: 1 } })),
  );
  expect(code).toBe(64);
  expect(stderr).toMatch(/proposalMs: expected at least 3600000 .*\(limit_exceeded\)/);
});

test.each([
  ['no command', [], /^Usage: twinlockd /],
  ['an unknown flag', ['serve', '--lisen', 'x'], /^twinlockd: unknown option '--lisen' .*\(usage\)\n$/],
  ['an address that is none', ['serve', '--listen', 'x'], /^twinlockd: .*expected HOST:PORT \(usage\)\n$/],
])('twinlockd refuses %s with usage and exit code 64', SLOW, async (_, args, said) => {
  const { code, stdout, stderr } = await runProgram('src/main.ts', args, folder);
  expect([code, stdout, stderr]).toEqual([64, '', expect.stringMatching(said)]);
});

test('every command of twinlockd has its examples, and says what its exit codes mean', SLOW, async () => {
  const main = await runProgram('src/main.ts', ['--help'], folder);
  expect([main.code, main.stderr]).toEqual([0, '']);
  expect(main.stdout).toContain('Exit codes:');
  for (const command of ['init', 'serve', 'stop']) {
    expect(main.stdout).toContain(`\n  ${command} `);
    const { code, stdout } = await runProgram('src/main.ts', [command, '--help'], folder);
    expect(code).toBe(0);
    expect(stdout).toContain(`Examples:\n  twinlockd ${command} `);
    expect(stdout).toContain('--data <folder>');
  }
});

function put(content: string): string {
  writeFileSync(path('policy.json'), content);
  return path('policy.json');
}
