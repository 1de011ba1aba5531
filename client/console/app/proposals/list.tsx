import type { Facts, Proposal } from '../../../../src/core/state/state.ts';
import type { Custodian } from '../../../custodian/ceremony.ts';
import { howToEnd } from '../../../custodian/standing.ts';
import { fromNow, instant } from '../format.ts';
import { Mark } from '../parts/notice.tsx';
import { Screen } from '../parts/screen.tsx';
import { Text } from '../parts/text.tsx';
import { now } from '../vault.ts';
import { Proposer } from './proposer.tsx';
import { isOvertaken, phaseOf, titleOf } from './title.ts';

/** Of what has been decided: enough to see what became of the last ones. */
const MAX_DECIDED = 50;

export function ProposalsScreen({ facts, custodian }: { facts: Facts; custodian: Custodian }) {
  const latest = facts.proposals.valueSeq().sortBy(({ index }) => -index);
  const open = latest.filter(({ phase }) => phase === 'open' || phase === 'approved').toArray();
  const decided = latest
    .filter(({ phase }) => phase !== 'open' && phase !== 'approved')
    .take(MAX_DECIDED)
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
        {open.length === 0 ? <p class="quiet">Nothing waits for you. This page notices by itself.</p> : null}
        <ul class="cards">{open.map(card)}</ul>
      </section>
      {decided.length === 0 ? null : (
        <section class="stack" aria-label="Decided proposals">
          <h2>Decided</h2>
          <ul class="cards">{decided.map(card)}</ul>
        </section>
      )}
    </Screen>
  );
}

function Card({ facts, proposal, person }: { facts: Facts; proposal: Proposal; person: string }) {
  const { digest, statement, votes } = proposal;
  const { created, expires } = statement;
  const [tone, phase] = phaseOf(facts, proposal);
  const own = votes.find((vote) => vote.person === person);
  const approvals = votes.filter(({ decision }) => decision === 'approve').length;
  const isOpen = proposal.phase === 'open';
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
              {approvals} of {facts.committee.threshold} approved
            </Mark>
          ) : null}
          <Mark tone={tone}>{phase}</Mark>
        </span>
      </div>
      <Proposer facts={facts} statement={statement} />
      <span class="quiet">
        Asked {instant(created)}, {fromNow(created, now.value)}
        {isOpen ? `; expires ${instant(expires)}, ${fromNow(expires, now.value)}` : ''}
      </span>
      {isOvertaken(facts, proposal) ? (
        <span class="quiet">
          If its policy is in force again, so are its votes: to prevent that, {howToEnd(statement)}.
        </span>
      ) : null}
      {'reason' in statement ? <Text of={statement.reason} /> : null}
    </a>
  );
}
