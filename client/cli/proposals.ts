import type { Command } from 'commander';
import { reachAdvice, reachText } from '../../src/core/state/reach.ts';
import { stopText } from '../../src/core/state/running.ts';
import { standingText } from '../../src/core/state/standing.ts';
import { comparisonCode, REQUEST_WORDS } from '../../src/core/statement/comparison-code.ts';
import type { ProposalView } from '../api/api.ts';
import { exactInstant } from '../display/exact.ts';
import { signIn } from './connect.ts';
import { invoke } from './invocation.ts';
import { deniesText, marked, personLines } from './persons.ts';
import { shortDigest, table } from './text.ts';

export function addProposals(program: Command): void {
  program
    .command('proposals')
    .description('lists the proposals that wait for the custodians, newest first')
    .option('--all', 'lists also proposals that were decided, withdrawn or overtaken, or have expired')
    .addHelpText(
      'after',
      `
Examples:
  twinlock proposals
  twinlock proposals --all --json | jq '.proposals[] | {digest, phase}'`,
    )
    .action((options: { all?: boolean }, command: Command) =>
      invoke(command, async (invocation) => {
        const { api } = await signIn(invocation, ['auditor', 'depositor', 'requester']);
        const list = await api.proposals(options.all === true ? 'all' : 'open');
        for (const stop of list.stopped ?? [])
          invocation.terminal.note(`STOPPED      the vault says: by ${stopText(stop)}`);
        invocation.terminal.result(list, linesOf(list.proposals));
      }),
    );
}

function linesOf(proposals: readonly ProposalView[]): readonly string[] {
  if (proposals.length === 0) return ['nothing waits for a decision'];
  const rows = proposals.map((proposal) => [
    proposal.kind,
    subjectOf(proposal),
    marked(proposal.asked),
    stateOf(proposal),
    votesOf(proposal),
    exactInstant(proposal.leaseEnds ?? proposal.expires),
    comparisonCode(proposal.digest, REQUEST_WORDS),
    // The whole digest, which twinlock stop requires.
    proposal.digest,
  ]);
  return [
    ...table(['KIND', 'WHAT', 'ASKED BY', 'STATE', 'VOTES', 'UNTIL', 'CODE', 'DIGEST'], rows),
    '',
    ...proposals.flatMap(unreachable),
    ...personLines(proposals.flatMap(({ asked, votes }) => [asked, ...votes])),
  ];
}

export function stateOf({
  kind,
  standing,
  overtaken,
  setBack,
  reach,
}: Pick<ProposalView, 'kind' | 'standing' | 'overtaken' | 'setBack' | 'reach'>): string {
  const cannot = reach?.reachable === false ? ', and no quorum can approve it' : '';
  return `${standingText(kind, standing, overtaken, setBack)}${cannot}`;
}

/** Why no quorum can approve a proposal, and what to do; empty for a proposal that can be approved. */
export function unreachable({ digest, reach }: Pick<ProposalView, 'digest' | 'reach'>): readonly string[] {
  return reach?.reachable === false ? [`${shortDigest(digest)}: ${reachText(reach)}: ${reachAdvice(reach)}`] : [];
}

/** The subject of a statement as the vault reports it, not verified; empty for an unknown kind or shape. */
function subjectOf({ statement }: ProposalView): string {
  const { model, version, principal, document, action, credential } = statement;
  if (typeof model === 'string' && typeof version === 'string') return `${model}@${version}`;
  if (typeof document === 'string') return shortDigest(document);
  if (action === 'retire' && typeof credential === 'string') return `retire ${shortDigest(credential)}`;
  const name = (principal as { name?: unknown } | undefined)?.name;
  return typeof name === 'string' ? JSON.stringify(name) : '';
}

function votesOf({ votes, wanting, standing }: ProposalView): string {
  const cast = votes
    .map((vote) => `${marked(vote)}${vote.decision === 'approve' ? '' : ` ${deniesText(vote)}`}`)
    .join(', ');
  const missing = standing === 'open' ? `${wanting} wanting` : '';
  return [cast, missing].filter((part) => part !== '').join('; ');
}
