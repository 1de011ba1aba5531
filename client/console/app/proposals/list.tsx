import { committeeOf } from '../../../../src/core/state/committees.ts';
import { currentTally } from '../../../../src/core/state/entries/approval.ts';
import { isPending } from '../../../../src/core/state/lifecycle.ts';
import { reachOfStatement } from '../../../../src/core/state/reach.ts';
import { howToEnd, overtakenBy, standingOf } from '../../../../src/core/state/standing.ts';
import type { Facts, Proposal } from '../../../../src/core/state/state.ts';
import type { Custodian } from '../../../custodian/ceremony.ts';
import { fromNow, instant } from '../format.ts';
import { Mark } from '../parts/notice.tsx';
import { Proposer } from '../parts/proposer.tsx';
import { Screen } from '../parts/screen.tsx';
import { Text } from '../parts/text.tsx';
import { phaseOf, titleOf } from '../parts/title.ts';
import { now } from '../vault.ts';

/** At most this many closed proposals are listed. */
const MAX_CLOSED = 50;

export function ProposalsScreen({ facts, custodian }: { facts: Facts; custodian: Custodian }) {
  const latest = facts.proposals.valueSeq().sortBy(({ index }) => -index);
  const isOpen = (proposal: Proposal) => isPending(standingOf(facts, proposal, now.value));
  const open = latest.filter(isOpen).toArray();
  const closed = latest
    .filter((proposal) => !isOpen(proposal))
    .take(MAX_CLOSED)
    .toArray();
  const card = (proposal: Proposal) => (
    <li key={proposal.digest}>
      <Card facts={facts} proposal={proposal} person={custodian.person} />
    </li>
  );
  return (
    <Screen title="Proposals" lead="Granting needs a quorum. Stopping needs only you.">
      <section class="stack" aria-label="Open proposals">
        <h2>Open</h2>
        {open.length === 0 ? <p class="quiet">Nothing waits for you. This page updates by itself.</p> : null}
        <ul class="cards">{open.map(card)}</ul>
      </section>
      {closed.length === 0 ? null : (
        <section class="stack" aria-label="Closed proposals">
          <h2>Closed</h2>
          <ul class="cards">{closed.map(card)}</ul>
        </section>
      )}
    </Screen>
  );
}

function Card({ facts, proposal, person }: { facts: Facts; proposal: Proposal; person: string }) {
  const { digest, statement, votes } = proposal;
  const { created, expires } = statement;
  const [tone, phase] = phaseOf(facts, proposal, now.value);
  const own = votes.find((vote) => vote.person === person);
  const { approvals } = currentTally(facts, proposal);
  const standing = standingOf(facts, proposal, now.value);
  const isOpen = standing === 'open';
  const isLost = isOpen && !reachOfStatement(facts, statement, votes).reachable;
  return (
    <a class="card" href={`#/proposals/${digest}`}>
      <div class="row">
        <strong>
          <Text of={titleOf(statement)} />
        </strong>
        <span class="row end">
          {own === undefined ? null : (
            <Mark tone="plain">you {own.decision === 'approve' ? 'approved' : 'denied'}</Mark>
          )}
          {isOpen ? (
            <Mark tone="plain">
              {approvals.length} of {committeeOf(facts, statement).threshold} approved
            </Mark>
          ) : null}
          {isLost ? <Mark tone="bad">no quorum can approve it</Mark> : null}
          <Mark tone={tone}>{phase}</Mark>
        </span>
      </div>
      <Proposer facts={facts} statement={statement} />
      <span class="quiet">
        Asked {instant(created)}, {fromNow(created, now.value)}
        {isOpen ? `; expires ${instant(expires)}, ${fromNow(expires, now.value)}` : ''}
      </span>
      {standing === 'overtaken' && overtakenBy(facts, statement) === 'policy' ? (
        <span class="quiet">
          If its policy is in force again, so are its votes: to prevent that, {howToEnd(statement)}.
        </span>
      ) : null}
      {'reason' in statement ? <Text of={statement.reason} /> : null}
    </a>
  );
}
