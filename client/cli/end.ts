import type { Command } from 'commander';
import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { isPending } from '../../src/core/state/standing.ts';
import { parseStatement, statementDigest } from '../../src/core/statement/statement.ts';
import type { ProposalView } from '../api.ts';
import type { Stopping } from '../stop.ts';
import { signIn } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { stopAsMachine, targetOf } from './stop.ts';

interface EndFlags {
  readonly reason: string;
}

/** What is said where nobody says more: the log keeps a reason with every stop. */
const NO_LONGER_NEEDED = 'no longer needed';

/** `withdraw` and `release end`: ending what one has asked for takes only the one who asked. */
export function addWithdraw(program: Command): void {
  program
    .command('withdraw <digest>')
    .description('takes back what the key of --key has proposed, before it is decided: all 64 digits')
    .option('--reason <text>', 'why, for the log', NO_LONGER_NEEDED)
    .addHelpText(
      'after',
      `
Nothing else is needed, no custodian and no session. What is released already is ended with twinlock release end; a
custodian withdraws their own proposal in the console. Exits with 8 where it has taken effect.

Examples:
  twinlock withdraw "$DIGEST" --key depositor.key
  twinlock withdraw "$DIGEST" --key serving.key --reason 'asked for the wrong version' --json`,
    )
    .action((digest: string, { reason }: EndFlags, command: Command) =>
      invoke(command, (invocation) =>
        end(invocation, { what: 'proposal', target: targetOf(digest, 'DIGEST'), reason }),
      ),
    );
}

export function addRelease(program: Command): void {
  program
    .command('release')
    .description('ends releases that a requester has asked for')
    .command('end <release>')
    .description('ends a release that the key of --key has asked for: the vault serves no more of it')
    .option('--reason <text>', 'why, for the log', NO_LONGER_NEEDED)
    .addHelpText(
      'after',
      `
RELEASE is a digest, or MODEL@VERSION, of one that is asked for, approved or in force: by MODEL@VERSION where there is one such release of this key;
where there are several, twinlock proposals --all lists their digests. What a host has fetched, it keeps.

Examples:
  twinlock release end acme/ocr@1 --key serving.key
  twinlock release end "$DIGEST" --key serving.key --reason 'the host is gone' --json`,
    )
    .action((named: string, { reason }: EndFlags, command: Command) =>
      invoke(command, async (invocation) => {
        const target = named.includes('@') ? await releaseOf(invocation, named) : targetOf(named, 'DIGEST');
        await end(invocation, { what: 'release', target, reason });
      }),
    );
}

async function end(invocation: Invocation, stopping: Stopping): Promise<void> {
  must(stopping.reason.trim() !== '', 'usage', '--reason: expected a reason, which the log keeps');
  await stopAsMachine(invocation, stopping);
}

async function releaseOf(invocation: Invocation, named: string): Promise<Hex> {
  const { api } = await signIn(invocation, ['requester']);
  return runningRelease((await api.proposals('all')).proposals, named);
}

type Shown = Pick<ProposalView, 'digest' | 'kind' | 'standing' | 'statement'>;

/**
 * The one release of a version that is asked for, approved or in force. A requester is shown its own alone, and signs by
 * digest: that digest must be of the statement beside it, or a vault could have another release ended. Throws
 * `release_unknown`, `object_mismatch`, `usage` where there are several, and the codes of `parseStatement`.
 */
export function runningRelease(proposals: readonly Shown[], named: string): Hex {
  const running = proposals.filter((proposal) => isRunning(proposal) && versionOf(proposal) === named);
  const [release] = running;
  must(release !== undefined, 'release_unknown', `no release of ${named} that this key has asked for is left to end`);
  must(
    running.length === 1,
    'usage',
    `${running.length} releases of ${named} run: name one by its digest, of ${running.map(({ digest }) => digest).join(', ')}`,
  );
  const digest = statementDigest(parseStatement(release.statement));
  must(
    digest === release.digest,
    'object_mismatch',
    `expected the release ${digest}, as its statement says, got ${release.digest}: end nothing by this vault’s word`,
  );
  return digest;
}

function isRunning({ kind, standing }: Shown): boolean {
  return kind === 'release' && (isPending(standing) || standing === 'executed');
}

function versionOf({ statement: { model, version } }: Shown): string {
  return `${String(model)}@${String(version)}`;
}
