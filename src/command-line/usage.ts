import type { Command, CommanderError } from 'commander';

/** The person's next step, by the parser's code of the mistake. */
const NEXT: Readonly<Record<string, string>> = {
  'commander.unknownCommand': 'lists the commands',
  'commander.unknownOption': 'lists the flags',
  'commander.excessArguments': 'shows what belongs where: a flag that may be repeated stands before each of its values',
  'commander.missingArgument': 'shows what belongs where',
  'commander.missingMandatoryOptionValue': 'shows what belongs where',
  'commander.optionMissingArgument': 'shows what belongs where',
};

/**
 * What was wrong with the words of a command line, in one line, and which command says what is right: the one that
 * `words`, all that were given after the program's name, begin with.
 */
export function usageText({ code, message }: CommanderError, program: Command, words: readonly string[]): string {
  const said = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  const next = NEXT[code];
  return next === undefined ? said : `${said}: ${commandIn(program, words)} --help ${next}`;
}

/** By its whole name, `twinlock key create` for instance. */
function commandIn(program: Command, words: readonly string[]): string {
  let command = program;
  const names = [program.name()];
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) continue;
    command = next;
    names.push(word);
  }
  return names.join(' ');
}

/**
 * To be called before every command is run. No word of a command line is empty where it has been thought of: a script's
 * unset variable makes it so. A variable of the environment that stands for a flag of all commands is left out: empty, it
 * says nothing. Throws `CommanderError`.
 */
export function requireWords(command: Command): void {
  for (const [i, argument] of command.registeredArguments.entries()) {
    const given = [command.processedArgs[i]].flat();
    if (given.length > 0 && given.every((word) => word === '')) command.error(emptyText(argument.name().toUpperCase()));
  }
  for (let one: Command | null = command; one !== null; one = one.parent) {
    for (const option of one.options) {
      const name = option.attributeName();
      const isVariable = one !== command && one.getOptionValueSource(name) === 'env';
      const given = [one.getOptionValue(name)].flat();
      if (given.includes('') && !isVariable) command.error(emptyText(option.long ?? option.flags));
    }
  }
}

function emptyText(name: string): string {
  return `error: ${name} is empty: see whether the variable is set that it comes from`;
}
