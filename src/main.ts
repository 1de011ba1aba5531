import { Command, CommanderError, Option } from 'commander';
import { addInit } from './cli/init.ts';
import { DEFAULT_DATA } from './cli/options.ts';
import { printable } from './cli/printable.ts';
import { addServe } from './cli/serve.ts';
import { addStop } from './cli/stop.ts';
import { TwinlockError } from './core/errors.ts';

/** sysexits.h: what a supervisor can act on. */
const EXIT = { mend: 64, retry: 75, alert: 70 } as const;

const program = new Command('twinlockd')
  .description('the daemon of a twinlock vault: AI model weights under two-person control')
  .addOption(
    new Option('--data <folder>', 'where the vault keeps its log, keys and ciphertext')
      .env('TWINLOCK_DATA')
      .default(DEFAULT_DATA),
  )
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    `
Examples:
  twinlockd init --grade simulation --founder alice --founder bob --founder carol
  twinlockd init --founder alice:security --founder bob:research --founder carol --reference-values hosts.json
  twinlockd serve --listen 0.0.0.0:8443

Exit codes:
    0  done                            70  alert: something that must not be
   64  mend the input                  75  try again, later`,
  )
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

for (const add of [addInit, addServe, addStop]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exit(failed(error));
}

/** Tells what went wrong, and gives the exit code. What nothing of ours throws is thrown on. */
function failed(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help that was asked for has been printed, and nothing is wrong.
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    if (error.code !== 'commander.help') console.error(`twinlockd: ${message} (usage)`);
    return EXIT.mend;
  }
  if (error instanceof TwinlockError) {
    console.error(`twinlockd: ${printable(error.message)} (${error.code})`);
    return EXIT[error.group];
  }
  // What the operating system refuses: a port that is taken, a folder that is not writable, a file not there.
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) throw error;
  const isListening = syscall === 'getaddrinfo' || syscall === 'listen' || syscall === 'bind';
  const advice = isListening ? 'name another --listen' : 'name another file or folder, or make way for it';
  console.error(`twinlockd: ${message}: ${advice}`);
  return EXIT.mend;
}
