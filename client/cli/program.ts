import { Command, Option } from 'commander';
import own from '../../package.json' with { type: 'json' };
import { withWrappedHelp } from '../../src/command-line/help-text.ts';
import { requireWords } from '../../src/command-line/usage.ts';
import { addAppraise } from './appraise.ts';
import { addAudit } from './audit.ts';
import { addCode } from './code.ts';
import { addConsole } from './console.ts';
import { addDeposit } from './deposit.ts';
import { addRelease, addWithdraw } from './end.ts';
import { ENVIRONMENT_HELP } from './environment-help.ts';
import { addEvidence } from './evidence.ts';
import { EXIT_HELP } from './exit.ts';
import { addFetch } from './fetch.ts';
import { addKey } from './key.ts';
import { addProposals } from './proposals.ts';
import { addPublish } from './publish.ts';
import { addReferenceValues } from './reference-values.ts';
import { addRequest } from './request.ts';
import { addStatus } from './status.ts';
import { addStop } from './stop.ts';

/** Every command of `twinlock`, with the flags that all of them take. */
export function twinlockProgram(): Command {
  const program = withWrappedHelp(new Command('twinlock'))
    .version(own.version, '--version', 'prints the version')
    .description('AI model weights under two-person control: deposit, publish, request, fetch, audit')
    .addOption(new Option('--vault <url>', 'the address of the vault: https://HOST:PORT').env('TWINLOCK_VAULT'))
    .addOption(
      new Option(
        '--fingerprint <hex or words>',
        'the vault’s fingerprint, which a custodian gave you; never take it from the vault',
      ).env('TWINLOCK_FINGERPRINT'),
    )
    .addOption(
      new Option(
        '--ca <file>',
        "certificates in PEM that certify the vault's, where this machine does not trust it otherwise",
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
        'the folder for the state of the logs that this machine has verified, to detect a changed log (default: ~/.local/state/twinlock)',
      ).env('TWINLOCK_STATE'),
    )
    .option(
      '--from-genesis',
      'verifies the whole log again from its first entry, without the state that this machine has kept',
    )
    .option('--json', 'prints the result, and errors, as one JSON document')
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
  return program;
}
