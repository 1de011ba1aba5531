import { Command, CommanderError, Option } from 'commander';
import { expect, onTestFinished, test, vi } from 'vitest';
import { foundersOf } from '../../src/cli/founders.ts';
import { requireWords, usageText } from '../../src/command-line/usage.ts';

const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) });

test.each([
  ['two', ['ana', 'ben'], /expected 3 founders or more, got “ana” and “ben”: write --founder before each/],
  ['one twice', ['ana', 'ben', 'ana'], /expected each founder once, got “ana” twice: .* NAME:GROUP,GROUP/],
  ['one twice, with a group', ['ana', 'ben', 'ana:ops'], /got “ana” twice/],
  ['one without a name', ['ana', 'ben', ':ops'], /expected NAME or NAME:GROUP,GROUP, got “:ops”/],
  ['a group that is empty', ['ana', 'ben', 'cleo:'], /got “cleo:”: write --founder/],
  ['groups behind two colons', ['ana', 'ben', 'cleo:ops:sec'], /got “cleo:ops:sec”/],
  [
    'several in one flag',
    ['ana,ben,cleo'],
    /got “ana,ben,cleo”: if these are several founders, write --founder before/,
  ],
])('refuses as founders %s, and says what to write', (_, texts, message) => {
  expect(() => foundersOf(texts)).toThrow(refused(message));
});

test('a founder has the groups that stand behind the name', () => {
  expect(foundersOf(['ana', 'ben:ops', 'Åsa Ström:ops,sec'])).toEqual([
    { name: 'ana', groups: [] },
    { name: 'ben', groups: ['ops'] },
    { name: 'Åsa Ström', groups: ['ops', 'sec'] },
  ]);
});

/** What a program of one command says of these words; null where the command is run. */
function said(...words: string[]): string | null {
  let wasRun = false;
  const program = new Command('twinlock').exitOverride().configureOutput({ outputError: () => undefined });
  program.addOption(new Option('--ca <file>').env('TWINLOCK_CA'));
  program.hook('preAction', (_, command) => requireWords(command));
  program
    .command('code <proposal...>')
    .option('--to <folder>')
    .option('--also <url>', '', (text: string, before: string[] = []) => [...before, text])
    .action(() => {
      wasRun = true;
    });
  program.command('serve').action(() => undefined);
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    expect(wasRun).toBe(false);
    return usageText(error, program, words);
  }
  return null;
}

test('a word that an unset variable has left empty is named, and the command is not run', () => {
  expect(said('code', '')).toBe('PROPOSAL is empty: see whether the variable is set that it comes from');
  expect(said('code', '1', '--to', '')).toMatch(/^--to is empty/);
  expect(said('code', '1', '--also', 'a', '--also', '')).toMatch(/^--also is empty/);
  expect(said('code', '1', '--to', 'a', '--also', 'b')).toBeNull();
});

test('a flag of all commands that is empty is named too; a variable in its place says nothing', () => {
  for (const words of [
    ['code', '1', '--ca', ''],
    ['--ca', '', 'code', '1'],
  ]) {
    expect(said(...words)).toBe('--ca is empty: see whether the variable is set that it comes from');
  }
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  vi.stubEnv('TWINLOCK_CA', '');
  expect(said('code', '1')).toBeNull();
});

test('words that no command takes are refused with where the right ones are', () => {
  expect(said('cod')).toBe("unknown command 'cod' (Did you mean code?): twinlock --help lists the commands");
  expect(said('code')).toMatch(/^missing required argument 'proposal': twinlock code --help shows what belongs where$/);
  expect(said('code', '1', '--t')).toMatch(/^unknown option '--t' .*: twinlock code --help lists the flags$/);
  expect(said('serve', 'ana')).toMatch(
    /^too many arguments for 'serve'.*: twinlock serve --help shows what belongs where: a flag that may be repeated stands before each/,
  );
});
