import { type Person as Known, personOf, personText } from '../../../../src/core/state/checks/persons.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { visibleText } from '../../../display/visible.ts';
import { instant } from '../format.ts';
import { Digest } from './digest.tsx';
import { Mark } from './notice.tsx';
import { Quoted, Text } from './text.tsx';

/** Who somebody is, as the log has it: a name alone may be made to look like another's. */
export function Person({ facts, person, proposedName }: { facts: Facts; person: string; proposedName?: string }) {
  return <KnownPerson of={personOf(facts, person, proposedName)} />;
}

/** The same in the text of an option, which has room for no more. */
export function optionText(facts: Facts, person: string): string {
  return visibleText(personText(personOf(facts, person)));
}

/** A machine, or its key, by name, which never passes for a remark beside it. */
export function MachineName({ of }: { of: string }) {
  return <Quoted of={of} />;
}

/** A security key, by what its person calls it; the id tells it from what another person calls the same. */
export function KeyName({ name, credential }: { name: string; credential: string }) {
  return (
    <>
      <MachineName of={name} /> <code class="quiet">{credential}</code>
    </>
  );
}

/** The same for a key of the log. */
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

/** A person by name and id; `mark` is null for somebody who has no say. */
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
