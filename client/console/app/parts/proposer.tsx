import type { Facts, Proposable } from '../../../../src/core/state/state.ts';
import { MachineName, Person } from './person.tsx';

/** The proposer: a custodian, or a machine and its owner. */
export function Proposer({ facts, statement: { proposer } }: { facts: Facts; statement: Proposable }) {
  return (
    <span>
      {proposer.kind === 'custodian' ? null : (
        <>
          <MachineName of={facts.principals.get(proposer.key)?.name ?? proposer.key} />, a machine of{' '}
        </>
      )}
      <Person facts={facts} person={proposer.person} />
    </span>
  );
}
