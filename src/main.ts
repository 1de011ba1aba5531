import { Command, CommanderError, Option } from 'commander';
import own from '../package.json' with { type: 'json' };
import { addInit } from './cli/init.ts';
import { DEFAULT_DATA, folderNamed } from './cli/options.ts';
import { addPolicy } from './cli/policy.ts';
import { addServe } from './cli/serve.ts';
import { addStop } from './cli/stop.ts';
import { withWrappedHelp } from './command-line/help-text.ts';
import { printable } from './command-line/printable.ts';
import { requireWords, usageText } from './command-line/usage.ts';
import { TwinlockError } from './core/errors.ts';
import { EXIT, exitCodeOf } from './core/exit-codes.ts';
import { systemError } from './platform/files/system-error.ts';
import { readPeerNamesAlone } from './sockets/peer-names.ts';

readPeerNamesAlone();

const program = withWrappedHelp(new Command('twinlockd'))
  .version(own.version, '--version', 'prints the version')
  .description('the daemon of a twinlock vault: AI model weights under two-person control')
  .addOption(
    new Option('--data <folder>', 'where the vault keeps its log, keys and ciphertext')
      .env('TWINLOCK_DATA')
      .argParser(folderNamed)
      .default(DEFAULT_DATA),
  )
  .addHelpText(
    'after',
    `
Examples:
  twinlockd init --grade simulation --founder alice --founder bob --founder carol
  twinlockd policy template > policy.json
  twinlockd init --founder alice:ops --founder bob:ops --founder carol --policy policy.json --reference-values hosts.json
  twinlockd serve --listen 0.0.0.0:8443

Exit codes:
    0  done                            70  alert: something that must not be
   64  mend the input                  75  try again, later
   69  not reached: try again`,
  )
  .exitOverride()
  .hook('preAction', (_, command) => requireWords(command));

for (const add of [addInit, addPolicy, addServe, addStop]) add(program);

// A command that waits for what it prints, as init does, ends first and by itself.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') setImmediate(() => process.exit(failed(systemError(error, 'standard output'))));
});
// There is no other place for this message.
process.stderr.on('error', () => undefined);

try {
  await program.parseAsync();
} catch (error) {
  const code = failed(error);
  // Help that was asked for may still be told to be printed nowhere.
  if (code !== 0) process.exit(code);
}

/**
 * Tells what went wrong, and gives the exit code. What nothing of ours throws is thrown on: a fault of this program.
 */
function failed(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help that was asked for has been printed, and nothing is wrong.
    if (error.exitCode === 0) return 0;
    if (error.code !== 'commander.help')
      console.error(`twinlockd: ${usageText(error, program, process.argv.slice(2))} (usage)`);
    return EXIT.mend;
  }
  const known = systemError(error);
  if (!(known instanceof TwinlockError)) throw known;
  console.error(`twinlockd: ${printable(known.message)} (${known.code})`);
  return exitCodeOf(known);
}
