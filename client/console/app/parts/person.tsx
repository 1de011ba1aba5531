import { type Person as Known, personOf, personText } from '../../../../src/core/state/checks/persons.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { visibleText } from '../../../display/visible.ts';
import { instant } from '../format.ts';
import { Digest } from './digest.tsx';
import { Mark } from './notice.tsx';
import { Quoted, Text } from './text.tsx';

/** A person as the log knows them, with the id: a person can choose a name that looks like another person's. */
export function Person({ facts, person, proposedName }: { facts: Facts; person: string; proposedName?: string }) {
  return <KnownPerson of={personOf(facts, person, proposedName)} />;
}

/** A person in the short text of an option. */
export function optionText(facts: Facts, person: string): string {
  return visibleText(personText(personOf(facts, person)));
}

/** The name of a machine or its key, set apart so that it cannot imitate a remark beside it. */
export function MachineName({ of }: { of: string }) {
  return <Quoted of={of} />;
}

/** A security key: the name that its person gave it, and its id, since two persons may use the same name. */
export function KeyName({ name, credential }: { name: string; credential: string }) {
  return (
    <>
      <MachineName of={name} /> <code class="quiet">{credential}</code>
    </>
  );
}

/** A security key of the log, by name and id. */
export function Key({ facts, credential }: { facts: Facts; credential: string }) {
  const known = facts.authenticators.get(credential);
  return known === undefined ? <code>{credential}</code> : <KeyName name={known.name} credential={credential} />;
}

function KnownPerson({ of: { person, name, custodian, firstSeen } }: { of: Known }) {
  return (
    <>
      <Named person={person} name={name} mark={custodian ? 'custodian' : null} />{' '}
      <span class="quiet">
        {firstSeen === null
          ? 'not known before this'
          : `first seen in entry ${firstSeen.index}, ${instant(firstSeen.time)}`}
      </span>
    </>
  );
}

/** A person by name and id; `mark` is null for a person who is no custodian. */
export function Named({ person, name, mark }: { person: string; name: string; mark: string | null }) {
  return (
    <>
      <strong>
        <Text of={name} />
      </strong>{' '}
      <Mark tone={mark === null ? 'bad' : 'good'}>{mark ?? 'no custodian'}</Mark>{' '}
      <span class="quiet">
        id <Digest hex={person} />
      </span>
    </>
  );
}
