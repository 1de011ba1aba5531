import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from './vault.ts';

const home = mkdtempSync(join(tmpdir(), 'twinlock-help-'));
afterAll(() => rmSync(home, { recursive: true }));

const COMMANDS = [
  ['deposit'],
  ['publish'],
  ['request'],
  ['fetch'],
  ['withdraw'],
  ['release', 'end'],
  ['evidence'],
  ['appraise'],
  ['reference-values'],
  ['reference-values', 'from-evidence'],
  ['reference-values', 'from-rim'],
  ['reference-values', 'diff'],
  ['reference-values', 'check'],
  ['proposals'],
  ['status'],
  ['stop'],
  ['audit'],
  ['code'],
  ['console'],
  ['key'],
  ['key', 'create'],
  ['key', 'show'],
];

test('every command has its examples, its global flags, and says what its exit codes mean', {
  timeout: 60_000,
}, async () => {
  const main = await runProgram('client/cli.ts', ['--help'], home);
  expect([main.code, main.stderr]).toEqual([0, '']);
  expect(main.stdout).toContain('Exit codes:');
  expect(main.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  for (const command of COMMANDS) {
    expect(main.stdout).toContain(`\n  ${command[0]}`);
    const { code, stdout } = await runProgram('client/cli.ts', [...command, '--help'], home);
    expect(code).toBe(0);
    expect(stdout).toContain(`Examples:\n  twinlock ${command.join(' ')}`);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toContain('--fingerprint <hex or words>');
    expect(stdout).toContain('--json');
  }
});

test('refuses an unknown command and an unknown flag with usage, as JSON where that is wanted', async () => {
  const unknown = await runProgram('client/cli.ts', ['stats'], home);
  expect([unknown.code, unknown.stdout, unknown.stderr]).toEqual([
    64,
    '',
    "twinlock: unknown command 'stats' (Did you mean status?): twinlock --help lists the commands (usage)\n",
  ]);
  const flag = await runProgram('client/cli.ts', ['audit', '--frsh', '--json'], home);
  expect([flag.code, JSON.parse(flag.stderr)]).toEqual([
    64,
    {
      error: {
        code: 'usage',
        message: "unknown option '--frsh': twinlock --help lists the flags, after the command’s name",
        detail: {},
      },
    },
  ]);
});

test.each([
  ['--vault', ['--invitation', 'founder.json', '--vault', 'https://vault.example']],
  ['--fingerprint', ['--invitation', 'founder.json', '--fingerprint', 'ab'.repeat(32)]],
  ['--founding', ['--invitation', 'founder.json', '--founding']],
  ['--key', ['--key', 'serving.key']],
])('a console refuses a flag that would do nothing: %s', { timeout: 60_000 }, async (flag, args) => {
  const { code, stderr } = await runProgram('client/cli.ts', ['console', ...args], home);
  expect([code, stderr]).toEqual([64, expect.stringMatching(new RegExp(`^twinlock: ${flag}: .*\\(usage\\)\n$`))]);
});

test('refuses a port that is none', async () => {
  const env = { TWINLOCK_VAULT: 'https://127.0.0.1:1', TWINLOCK_FINGERPRINT: 'ab'.repeat(32) };
  const run = await runProgram('client/cli.ts', ['console', '--port', '70000', '--json'], home, { env });
  expect([run.code, JSON.parse(run.stderr)]).toEqual([64, { error: expect.objectContaining({ code: 'usage' }) }]);
});
