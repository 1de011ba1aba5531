import { committeeInForce } from '../../../../src/core/state/committees.ts';
import { isApproved } from '../../../../src/core/state/lifecycle.ts';
import type { Facts, Proposal } from '../../../../src/core/state/state.ts';
import { type Change, consequencesOf } from '../../../custodian/consequences.ts';
import { counted } from '../../../display/exact.ts';
import { now } from '../vault.ts';
import { Person } from './person.tsx';
import { Text } from './text.tsx';
import { titleOf } from './title.ts';

/** At most this many proposals are listed. */
const MAX_LISTED = 12;

const UNDONE: Readonly<Record<Change['what'], string>> = {
  all: 'Only a quorum can resume the vault.',
  release: 'It cannot be undone: the host must ask again, and a quorum approve.',
  version: 'It cannot be undone: the version must be deposited again, under another version.',
  proposal: 'It cannot be undone: a custodian or machine must propose it again.',
  principal: 'It cannot be undone: a quorum must enrol another key.',
  authenticator: 'It cannot be undone, and this vault version cannot enrol another key.',
  policy: 'Only another change of policy undoes it, with a quorum of its own.',
};

/** Shows before a touch what it would change, in numbers, and whether it can be undone. */
export function Consequences({ facts, change }: { facts: Facts; change: Change }) {
  const { releases, proposals, revived, owners, versions } = consequencesOf(facts, change, now.value);
  const { threshold, members } = committeeInForce(facts);
  return (
    <div class="stack">
      <p>
        {change.what === 'all' ? 'Releases that are served no more until then' : 'Releases that end now'}:{' '}
        {releases.length}.{' '}
        {change.what === 'all' ? 'Requests for release that wait until then' : 'Open proposals that are lost'}:{' '}
        {proposals.length}. {UNDONE[change.what]}
      </p>
      {change.what === 'all' ? null : <ProposalList of={[...releases, ...proposals]} />}
      {revived.length === 0 ? null : (
        <>
          <p>
            Proposals that can take effect again, with the votes that they have: {revived.length}. Of these, approved
            releases that the vault may grant at once, with no other touch: {revived.filter(isApproved).length}.
          </p>
          <ProposalList of={[...revived.filter(isApproved), ...revived.filter((proposal) => !isApproved(proposal))]} />
        </>
      )}
      {owners.length === 0 ? null : (
        <>
          <p>
            Afterwards {threshold} of {members.length} can no longer be reached for models whose depositor one of these
            custodians owns, nor for what their machines ask for
            {versions.length === 0 ? '' : `; never to be published then: ${versions.join(', ')}`}:
          </p>
          <ul class="plain">
            {owners.map((person) => (
              <li key={person}>
                <Person facts={facts} person={person} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function ProposalList({ of }: { of: readonly Proposal[] }) {
  if (of.length === 0) return null;
  return (
    <ul class="plain">
      {of.slice(0, MAX_LISTED).map(({ digest, statement }) => (
        <li key={digest}>
          <a href={`#/proposals/${digest}`}>
            <Text of={titleOf(statement)} />
          </a>
        </li>
      ))}
      {of.length > MAX_LISTED ? <li>and {counted(of.length - MAX_LISTED, 'more', 'more')}</li> : null}
    </ul>
  );
}
