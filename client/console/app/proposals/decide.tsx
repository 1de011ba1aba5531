import { signal, useSignal } from '@preact/signals';
import type { Hex } from '../../../../src/core/bytes.ts';
import { CODES, type Code, must } from '../../../../src/core/errors.ts';
import { currentTally } from '../../../../src/core/state/entries/approval.ts';
import { isApproved, isOpen, isRelease, nextPhase, type Standing } from '../../../../src/core/state/lifecycle.ts';
import { reachOfStatement } from '../../../../src/core/state/reach.ts';
import { standingOf } from '../../../../src/core/state/standing.ts';
import type { Facts, Proposal, Vote } from '../../../../src/core/state/state.ts';
import { REQUEST_WORDS } from '../../../../src/core/statement/comparison-code.ts';
import type { StatementOf } from '../../../../src/core/statement/statement.ts';
import { CLONE, CLONE_TEXT, programCommand } from '../../../../src/platform/program-command.ts';
import { approve, deny } from '../../../custodian/approve.ts';
import type { Obstacle } from '../../../custodian/obstacles.ts';
import type { Review } from '../../../custodian/review.ts';
import { SentError } from '../../../custodian/sent.ts';
import { instant } from '../format.ts';
import { type Action, ActionButton, ActionError, GrantButton, useAction } from '../parts/action.tsx';
import { Notice } from '../parts/notice.tsx';
import { ReasonField, SignedReason } from '../parts/reason.tsx';
import { Panel } from '../parts/screen.tsx';
import { Answered } from '../parts/sent.tsx';
import { ProposeButton, useProposing } from '../parts/submit.tsx';
import { Text } from '../parts/text.tsx';
import { phaseOf } from '../parts/title.ts';
import { Words } from '../parts/words.tsx';
import { StopForm } from '../stopping/stop-form.tsx';
import { act, custodian, entries, now } from '../vault.ts';
import { OPEN_IN_VAIN, WhatADecisionBrings } from './brings.tsx';
import { wantingText } from './panels.tsx';

type Published = StatementOf<'publish'>;

/** At most this many obstacles are listed: 64 hosts may have thousands, which would hide the buttons. */
const MAX_OBSTACLES = 12;
/** A decision signed and sent from this page, with the error that came back; null where none came. */
interface SentDecision {
  readonly decision: Vote['decision'];
  readonly error: SentError | null;
}

/** By proposal. Kept while the page is open, so that a reopened screen still shows what was sent. */
const sent = signal<ReadonlyMap<Hex, SentDecision>>(new Map());

/** The comparison code, the obstacles and the two buttons. */
export function DecidePanel({ review, facts }: { review: Review; facts: Facts }) {
  const person = custodian.value?.person;
  const sentHere = sent.value.get(review.digest) ?? null;
  // A review takes a moment; what the log says of it is there at once.
  const proposal = facts.proposals.get(review.digest) ?? review.proposal;
  const standing = standingOf(facts, proposal, now.value);
  const [, phase] = phaseOf(facts, proposal, now.value);
  const own = proposal.votes.find((vote) => vote.person === person);
  const isDecided = own !== undefined || standing !== 'open';
  return (
    <Panel title={headingOf(standing, own)}>
      <p>
        The person who asked, and every custodian who decides, must see these four words. Compare them on another screen
        or by voice.
      </p>
      <Words digest={review.digest} count={REQUEST_WORDS} />
      <SecondPlace digest={review.digest} facts={facts} />
      {sentHere === null ? null : <Sent of={sentHere} facts={facts} proposal={proposal} own={own} />}
      {isDecided ? <Outcome phase={phase} own={own} /> : <Decision review={review} facts={facts} sentHere={sentHere} />}
      <ProposeAgain review={review} facts={facts} />
      <Withdraw review={review} facts={facts} />
    </Panel>
  );
}

/** The command to compare the code on another machine. It needs the key of a machine that may read the log. */
function SecondPlace({ digest, facts }: { digest: Hex; facts: Facts }) {
  const isPossible = facts.principals.some(({ role, retiredAt }) => role !== 'requester' && retiredAt === null);
  return (
    <p>
      A second place says what they stand for, and who has decided on it with which key, your own vote too. It shares no
      process, machine or screen with this page, only the program that replays the log.{' '}
      {isPossible ? (
        <>
          On another machine, with an auditor’s or a depositor’s key, run, with that key as FILE,{' '}
          <code>{programCommand(CLONE, 'twinlock', ['code', digest, '--key', 'FILE'])}</code>. {CLONE_TEXT}
        </>
      ) : (
        'It is possible once the key of an auditor or a depositor is enrolled.'
      )}
    </p>
  );
}

function headingOf(standing: Standing, own: Vote | undefined): string {
  if (standing === 'open') return own === undefined ? 'Compare, then decide' : 'You have decided';
  const isDecided = standing === 'approved' || standing === 'executed' || standing === 'denied' || standing === 'ended';
  return isDecided ? 'Decided' : 'Nothing is left to decide';
}

interface SentProps {
  readonly of: SentDecision;
  readonly facts: Facts;
  readonly proposal: Proposal;
  readonly own: Vote | undefined;
}

/** Shows what the log says about the sent decision. The vault's answer is only quoted. */
function Sent({ of, facts, proposal, own }: SentProps) {
  const answered = of.error === null ? null : <Answered error={of.error} />;
  if (own === undefined) {
    const name = nameOf(of.decision);
    return (
      <Notice
        tone="bad"
        title={`You have signed: your ${name} is not in the log as of entry ${entries.value - 1}`}
        result
      >
        {answered}
        <p>The vault has what you signed and can still record it. This page looks again by itself. Tell the others.</p>
      </Notice>
    );
  }
  return (
    <Notice tone="good" title={`Your ${nameOf(own.decision)} is recorded as entry ${own.index}`} result>
      {answered}
      <p>{whatCameOfIt(facts, proposal)}</p>
    </Notice>
  );
}

function nameOf(decision: Vote['decision']): string {
  return decision === 'approve' ? 'approval' : 'denial';
}

/** The state after the vote: the proposal may be open still, or another entry may have ended it. */
function whatCameOfIt(facts: Facts, proposal: Proposal): string {
  const { stop } = proposal;
  const [, text] = phaseOf(facts, proposal, now.value);
  if (stop !== null) return `The proposal was ${text} later, in entry ${stop.index}.`;
  if (standingOf(facts, proposal, now.value) !== 'open') return `The proposal is now ${text}.`;
  if (!reachOfStatement(facts, proposal.statement, proposal.votes).reachable) return `The proposal ${OPEN_IN_VAIN}.`;
  const { wanting, missingGroups } = currentTally(facts, proposal);
  return `The proposal is still open: it waits for ${wantingText(wanting, missingGroups)}.`;
}

function Outcome({ phase, own }: { phase: string; own: Vote | undefined }) {
  if (own === undefined) return <p>This proposal is {phase}. You have not decided on it.</p>;
  return (
    <p>
      This proposal is {phase}. You {own.decision === 'approve' ? 'approved' : 'denied'} it on {instant(own.time)}.
    </p>
  );
}

interface DecisionProps {
  readonly review: Review;
  readonly facts: Facts;
  readonly sentHere: SentDecision | null;
}

function Decision({ review, facts, sentHere }: DecisionProps) {
  const approving = useDecision(review.digest, 'approve', () => act((replica, self) => approve(self, replica, review)));
  const reason = useSignal('');
  const denying = useDecision(review.digest, 'deny', () => {
    const said = reason.value.trim();
    return act((replica, self) => deny(self, replica, review.digest, said === '' ? null : said));
  });
  const { obstacles, denialObstacles } = review;
  return (
    <>
      {obstacles.length === 0 ? null : (
        <div id="obstacles">
          <Notice tone={obstacles.some(isAlarming) ? 'bad' : 'warn'} title="You cannot approve this">
            <ul>
              {obstacles.slice(0, MAX_OBSTACLES).map(({ code, message }) => (
                <li key={message} class="sentence">
                  <Text of={message} /> <code>{code}</code>
                </li>
              ))}
              {obstacles.length > MAX_OBSTACLES ? <li>and {obstacles.length - MAX_OBSTACLES} more, above</li> : null}
            </ul>
          </Notice>
        </div>
      )}
      <WhatADecisionBrings review={review} facts={facts} />
      {denialObstacles.length > 0 ? null : (
        <>
          <ReasonField label="Reason for a denial, for the person who asked (optional)" reason={reason} />
          <SignedReason reason={reason} />
        </>
      )}
      <ActionError action={approving} />
      <ActionError action={denying} />
      <div class="row">
        <GrantButton
          action={approving}
          kind="primary"
          disabled={denying.busy || obstacles.length > 0}
          describedBy={obstacles.length > 0 ? 'obstacles' : undefined}
        >
          {sentHere?.decision === 'approve' ? 'Sign the approval again' : 'Approve'}
        </GrantButton>
        <ActionButton
          action={denying}
          kind="danger"
          disabled={approving.busy}
          waits={denialObstacles[0] === undefined ? null : `It cannot be denied: ${denialObstacles[0].message}`}
        >
          {sentHere?.decision === 'deny' ? 'Sign the denial again' : 'Deny'}
        </ActionButton>
        <span class="quiet">
          {sentHere === null
            ? 'Each needs a touch, and you cannot take it back.'
            : 'If you sign more than one decision, only the one that the vault records first counts.'}
        </span>
      </div>
    </>
  );
}

/** Once a decision was signed and sent, an error is an answer to it, not a failure of the act. */
function useDecision(digest: Hex, decision: Vote['decision'], decide: () => Promise<unknown>): Action {
  return useAction(async () => {
    let error: SentError | null = null;
    try {
      await decide();
    } catch (thrown) {
      if (!(thrown instanceof SentError)) throw thrown;
      error = thrown;
    }
    sent.value = new Map(sent.value).set(digest, { decision, error });
  });
}

/** Returns false for obstacles of normal use: an overtaken or decided proposal is no sign of an attack. */
function isAlarming({ code }: Obstacle): boolean {
  return (CODES.alert as readonly Code[]).includes(code);
}

/** Proposes again what ended without a decision, on the current log. A host must ask again itself, with new keys. */
function ProposeAgain({ review: { again, standing, statement }, facts }: { review: Review; facts: Facts }) {
  const proposing = useProposing(() => {
    must(again !== null, 'proposal_closed', 'it cannot be proposed again');
    return () => again;
  });
  if (statement.kind === 'release') {
    return standing === 'overtaken' || standing === 'expired' ? (
      <p>
        A host asks again with new keys: <code>twinlock request</code>, or <code>twinlock fetch</code>.
      </p>
    ) : null;
  }
  if (again === null) return null;
  return (
    <>
      {statement.kind === 'publish' ? <PublishedAgain facts={facts} statement={statement} /> : null}
      <ActionError action={proposing} />
      <ProposeButton action={proposing}>Propose again</ProposeButton>
    </>
  );
}

/**
 * Advises to propose from the machine: a custodian who proposes a publication loses their vote, the owner has none
 * anyway.
 */
function PublishedAgain({ facts, statement: { model, version, manifest } }: { facts: Facts; statement: Published }) {
  const owner = facts.versions.get(manifest)?.owner;
  if (owner === custodian.value?.person) return null;
  return (
    <p>
      If you propose it again, you have no vote on it. The machine that deposited it can propose it, too:{' '}
      <code>
        twinlock publish {model}@{version}
      </code>
    </p>
  );
}

/** The button to withdraw: for the proposer or the owner of the proposing machine; for a release, for any custodian. */
function Withdraw({ review, facts }: { review: Review; facts: Facts }) {
  const { proposal, digest, asked } = review;
  const isUndecided = isOpen(proposal) && !isApproved(proposal);
  const isOwn = asked.person === custodian.value?.person;
  const stopped = isRelease(proposal) ? nextPhase(proposal, 'stop') : null;
  const isOvertaken = standingOf(facts, proposal, now.value) === 'overtaken';
  const label = asked.key === null ? 'Withdraw my proposal' : 'Withdraw my machine’s proposal';
  if (isUndecided && isOwn) return <StopForm stopping={{ what: 'proposal', target: digest }} label={label} />;
  if (stopped !== null && (!isUndecided || isOvertaken))
    return (
      <StopForm
        stopping={{ what: 'release', target: digest }}
        label={stopped === 'revoked' ? 'Revoke this release' : 'Withdraw this request'}
      />
    );
  return null;
}
