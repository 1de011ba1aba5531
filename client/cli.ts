import { CommanderError } from 'commander';
import { usageText } from '../src/command-line/usage.ts';
import { TwinlockError } from '../src/core/errors.ts';
import { EXIT } from '../src/core/exit-codes.ts';
import { fileError } from '../src/platform/files/error.ts';
import { readPeerNamesAlone } from '../src/sockets/peer-names.ts';
import { twinlockProgram } from './cli/program.ts';
import { openTerminal } from './cli/terminal.ts';

readPeerNamesAlone();

const program = twinlockProgram();

// The reader of the output may close it early (`twinlock status | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  openTerminal(process.argv.includes('--json'), { out: process.stdout, err: process.stderr }).failure(
    fileError(error, 'standard output'),
  );
  process.exit(EXIT.retry);
});
// An error of standard error cannot be reported; the exit code still shows the failure.
process.stderr.on('error', () => undefined);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // commander throws after it has printed the help that the user asked for.
  if (error.exitCode !== 0) {
    const terminal = openTerminal(process.argv.includes('--json'), { out: process.stdout, err: process.stderr });
    const text = usageText(error, program, process.argv.slice(2));
    if (error.code !== 'commander.help') terminal.failure(new TwinlockError('usage', text));
    process.exitCode = EXIT.mend;
  }
}
