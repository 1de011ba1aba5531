import type { Command } from 'commander';
import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { isPending } from '../../src/core/state/lifecycle.ts';
import { TAKEN_EFFECT } from '../../src/core/state/standing.ts';
import { parseStatement, statementDigest } from '../../src/core/statement/statement.ts';
import type { ProposalView } from '../api/api.ts';
import { exactInstant } from '../display/exact.ts';
import type { Stopping } from '../statements/stop.ts';
import { signIn } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { parseTarget, stopAsMachine } from './stop.ts';

interface EndFlags {
  readonly reason: string;
}

/** The default reason: the log keeps a reason with every stop. */
const NO_LONGER_NEEDED = 'no longer needed';

/** Adds `withdraw` and `release end`: a machine ends by itself what its own key asked for. */
export function addWithdraw(program: Command): void {
  program
    .command('withdraw <digest>')
    .description('withdraws a proposal of the key of --key before it is decided: give all 64 digits')
    .option('--reason <text>', 'why, for the log', NO_LONGER_NEEDED)
    .addHelpText(
      'after',
      `
Nothing else is needed, no custodian and no session. A custodian withdraws their own proposal in the console. Where the
proposal has taken effect, nothing is withdrawn, and the exit code is 8, also once a release is over; one in force is ended
with twinlock release end. Where it was withdrawn or denied before, or has expired, the exit code is 0.

DIGEST is the whole digest, as twinlock proposals --all and twinlock code print it: it is signed as it stands.

Examples:
  twinlock withdraw "$DIGEST" --key depositor.key
  twinlock withdraw "$DIGEST" --key serving.key --reason 'asked for the wrong version' --json`,
    )
    .action((digest: string, { reason }: EndFlags, command: Command) =>
      invoke(command, (invocation) =>
        end(invocation, { what: 'proposal', target: parseTarget(digest, 'DIGEST'), reason }),
      ),
    );
}

export function addRelease(program: Command): void {
  program
    .command('release')
    .description('ends releases that a requester has asked for')
    .command('end <release>')
    .description('ends a release that the key of --key has asked for: the vault stops serving it')
    .option('--reason <text>', 'why, for the log', NO_LONGER_NEEDED)
    .addHelpText(
      'after',
      `
RELEASE is the whole digest of a release that is asked for, approved or in force; or MODEL@VERSION, where this key has one
such release of it. Where it has several, they are listed, and nothing is ended. What a host has fetched, it keeps.

Examples:
  twinlock release end acme/ocr@1 --key serving.key
  twinlock release end "$DIGEST" --key serving.key --reason 'the host is gone' --json`,
    )
    .action((named: string, { reason }: EndFlags, command: Command) =>
      invoke(command, async (invocation) => {
        const target = named.includes('@') ? await releaseOf(invocation, named) : parseTarget(named, 'DIGEST');
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

type Shown = Pick<ProposalView, 'digest' | 'kind' | 'standing' | 'statement' | 'time' | 'expires' | 'leaseEnds'>;

/** An error lists at most this many releases. */
const MAX_LISTED = 16;

/**
 * Returns the one release of a version that is requested, approved or in force. The vault shows a requester only its own
 * releases. The requester signs a digest, so this function checks that it is the digest of the statement shown: a vault
 * could otherwise end another release. Throws
 * `proposal_unknown`, `object_mismatch`, `usage` where there are several, and the codes of `parseStatement`.
 */
export function runningRelease(proposals: readonly Shown[], named: string): Hex {
  const running = proposals.filter((proposal) => isRunning(proposal) && versionOf(proposal) === named);
  const [release] = running;
  must(release !== undefined, 'proposal_unknown', `no release of ${named} that this key has asked for is left to end`);
  must(
    running.length === 1,
    'usage',
    `this key has ${running.length} releases of ${named}, and nothing was ended: ${listed(running)}: end one with twinlock release end DIGEST`,
  );
  const digest = statementDigest(parseStatement(release.statement));
  must(
    digest === release.digest,
    'object_mismatch',
    `expected the release ${digest}, as its statement says, got ${release.digest}: this vault’s answer is false; tell the custodians`,
  );
  return digest;
}

function listed(running: readonly Shown[]): string {
  const more = running.length - MAX_LISTED;
  const each = running.slice(0, MAX_LISTED).map(({ digest, standing, time, expires, leaseEnds }) => {
    const state = standing === 'executed' ? TAKEN_EFFECT.release : standing;
    return `${digest} (${state}, asked for at ${exactInstant(time)}, until ${exactInstant(leaseEnds ?? expires)})`;
  });
  return [...each, ...(more > 0 ? [`${more} more, which twinlock proposals lists`] : [])].join(', ');
}

function isRunning({ kind, standing }: Shown): boolean {
  return kind === 'release' && (isPending(standing) || standing === 'executed');
}

function versionOf({ statement: { model, version } }: Shown): string {
  return `${String(model)}@${String(version)}`;
}
