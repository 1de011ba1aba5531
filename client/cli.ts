import { Command, CommanderError, Option } from 'commander';
import own from '../package.json' with { type: 'json' };
import { withWrappedHelp } from '../src/cli/help-text.ts';
import { requireWords, usageText } from '../src/cli/usage.ts';
import { TwinlockError } from '../src/core/errors.ts';
import { EXIT } from '../src/core/exit-codes.ts';
import { addAppraise } from './cli/appraise.ts';
import { addAudit } from './cli/audit.ts';
import { addCode } from './cli/code.ts';
import { addConsole } from './cli/console.ts';
import { addDeposit } from './cli/deposit.ts';
import { addRelease, addWithdraw } from './cli/end.ts';
import { ENVIRONMENT_HELP } from './cli/environment-help.ts';
import { addEvidence } from './cli/evidence.ts';
import { EXIT_HELP } from './cli/exit.ts';
import { addFetch } from './cli/fetch.ts';
import { addKey } from './cli/key.ts';
import { addProposals } from './cli/proposals.ts';
import { addPublish } from './cli/publish.ts';
import { addReferenceValues } from './cli/reference-values.ts';
import { addRequest } from './cli/request.ts';
import { addStatus } from './cli/status.ts';
import { addStop } from './cli/stop.ts';
import { openTerminal } from './cli/terminal.ts';
import { fileError } from './file-error.ts';

const program = withWrappedHelp(new Command('twinlock'))
  .version(own.version, '--version', 'prints the version')
  .description('AI model weights under two-person control: deposit, publish, request, fetch, audit')
  .addOption(new Option('--vault <url>', 'where the vault answers: https://HOST:PORT').env('TWINLOCK_VAULT'))
  .addOption(
    new Option('--fingerprint <hex or words>', 'which vault it is: given to you, never learnt from it').env(
      'TWINLOCK_FINGERPRINT',
    ),
  )
  .addOption(
    new Option(
      '--ca <file>',
      "certificates in PEM that vouch for the vault's, where this machine trusts none that does",
    ).env('TWINLOCK_CA'),
  )
  .addOption(new Option('--key <file>', "a machine's key, from twinlock key create").env('TWINLOCK_KEY'))
  .addOption(
    new Option(
      '--config <file>',
      'JSON with any of vault, fingerprint, ca, key (default: twinlock/config.json in $XDG_CONFIG_HOME, ~/.config)',
    ),
  )
  .addOption(
    new Option(
      '--state <folder>',
      'what this machine keeps of the logs it has verified, so that a change of them is found out (default: ~/.local/state/twinlock)',
    ).env('TWINLOCK_STATE'),
  )
  .option('--json', 'one JSON document as the result; errors as JSON too')
  .addHelpText('after', `\n${ENVIRONMENT_HELP}\n\n${EXIT_HELP}`)
  .exitOverride()
  .hook('preAction', (_, command) => requireWords(command));

for (const add of [
  addDeposit,
  addPublish,
  addRequest,
  addFetch,
  addWithdraw,
  addRelease,
  addEvidence,
  addProposals,
  addStatus,
  addStop,
  addAppraise,
  addReferenceValues,
  addAudit,
  addCode,
  addConsole,
  addKey,
]) {
  add(program);
}

// The reader of the output may close it early (`twinlock status | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  openTerminal(process.argv.includes('--json'), { out: process.stdout, err: process.stderr }).failure(
    fileError(error, 'standard output'),
  );
  process.exit(EXIT.retry);
});
// What cannot be said there can be said nowhere; the exit code still tells it.
process.stderr.on('error', () => undefined);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help that was asked for has been printed, and nothing is wrong.
  if (error.exitCode !== 0) {
    const terminal = openTerminal(process.argv.includes('--json'), { out: process.stdout, err: process.stderr });
    if (error.code !== 'commander.help') terminal.failure(new TwinlockError('usage', usageText(error, 'twinlock')));
    process.exitCode = EXIT.mend;
  }
}
