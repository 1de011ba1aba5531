import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, expect, test, vi } from 'vitest';
import { twinlockProgram } from '../../../client/cli/program.ts';
import { runProgram } from '../../world/command-line.ts';

const home = mkdtempSync(join(tmpdir(), 'twinlock-help-'));
afterAll(() => rmSync(home, { recursive: true }));

/** Every command and what is below it, by its words. */
function commandsOf(
  parent: Command,
  words: readonly string[] = [],
): readonly (readonly [readonly string[], Command])[] {
  return parent.commands.flatMap((command) => {
    const own = [...words, command.name()];
    const one: readonly [readonly string[], Command] = [own, command];
    return [one, ...commandsOf(command, own)];
  });
}

/** What `--help` prints. */
function helpOf(command: Command): string {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    command.outputHelp();
    return written.mock.calls.map(([text]) => text).join('');
  } finally {
    written.mockRestore();
  }
}

test('every command has its examples and its global flags', () => {
  const program = twinlockProgram();
  const main = helpOf(program);
  const commands = commandsOf(program);
  expect(commands.length).toBeGreaterThanOrEqual(22);
  for (const [words, command] of commands) {
    expect(main).toContain(`\n  ${words[0]}`);
    const help = helpOf(command);
    // `release` has one command, whose examples are its own.
    if (command.commands.length !== 1) expect(help).toContain(`Examples:\n  twinlock ${words.join(' ')}`);
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(help).toContain('--fingerprint <hex or words>');
    expect(help).toContain('--json');
  }
});

test('help is printed and is no failure, and says what the exit codes mean', async () => {
  const main = await runProgram('client/cli.ts', ['--help'], home);
  expect([main.code, main.stderr, main.stdout]).toEqual([0, '', helpOf(twinlockProgram())]);
  expect(main.stdout).toContain('Exit codes:');
  expect(main.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  const key = await runProgram('client/cli.ts', ['key', 'create', '--help'], home);
  expect([key.code, key.stderr]).toEqual([0, '']);
  expect(key.stdout).toContain('Examples:\n  twinlock key create');
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
        message: "unknown option '--frsh': twinlock audit --help lists the flags",
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

test('a console refuses an empty --ca, in place of the certificates of an invitation', {
  timeout: 60_000,
}, async () => {
  const { code, stderr } = await runProgram(
    'client/cli.ts',
    ['console', '--invitation', 'founder.json', '--ca', ''],
    home,
  );
  expect([code, stderr]).toEqual([64, expect.stringMatching(/^twinlock: --ca is empty: .*\(usage\)\n$/)]);
});

test('refuses a port that is none', async () => {
  const env = { TWINLOCK_VAULT: 'https://127.0.0.1:1', TWINLOCK_FINGERPRINT: 'ab'.repeat(32) };
  const run = await runProgram('client/cli.ts', ['console', '--port', '70000', '--json'], home, { env });
  expect([run.code, JSON.parse(run.stderr)]).toEqual([64, { error: expect.objectContaining({ code: 'usage' }) }]);
});
