import type { Command, CommanderError } from 'commander';

/** What a person does next, by the parser's name for what they did. */
const NEXT: Readonly<Record<string, string>> = {
  'commander.unknownCommand': 'lists the commands',
  'commander.unknownOption': 'lists the flags, after the command’s name',
  'commander.excessArguments':
    'shows what belongs where, after the command’s name: a flag that may be repeated stands before each of its values',
  'commander.missingArgument': 'shows what belongs where, after the command’s name',
  'commander.missingMandatoryOptionValue': 'shows what belongs where, after the command’s name',
  'commander.optionMissingArgument': 'shows what belongs where, after the command’s name',
};

/** What was wrong with the words of a command line, in one line, and where `program` says what is right. */
export function usageText({ code, message }: CommanderError, program: 'twinlock' | 'twinlockd'): string {
  const said = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  const next = NEXT[code];
  return next === undefined ? said : `${said}: ${program} --help ${next}`;
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
