import type { Signal } from '@preact/signals';
import { quoted } from '../../../../src/core/quoted.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import type { PrincipalRecord } from '../../../../src/core/statement/statement.ts';
import { allOwners, type Owner, type Owners, ownerNamed, whyNoOwner } from '../../../custodian/owner.ts';
import { visibleText } from '../../../display/visible.ts';
import { Notice } from './notice.tsx';
import { Person } from './person.tsx';
import { Quoted, Text } from './text.tsx';

type Role = PrincipalRecord['role'];

/** The value of the option for a person whom the log does not know. */
export const NEW_OWNER = 'new';

/** By role of a machine: what its owner cannot approve later. */
const OWNER_OF: Readonly<Record<Role, string>> = {
  depositor: 'Its owner cannot approve the publication of what it deposits.',
  requester: 'Its owner cannot approve the releases that it asks for.',
  auditor: 'It only reads the log: its owner keeps every vote.',
};

interface OwnerFieldProps {
  readonly facts: Facts;
  readonly owners: Owners;
  /** Null until an owner is chosen. */
  readonly owner: Owner | null;
  /** The id of a person, NEW_OWNER, or null while the file decides. */
  readonly chosen: Signal<string | null>;
  /** A new person's name as typed; null for the name in the file. */
  readonly newName: Signal<string | null>;
  /** Null while no key is pasted. */
  readonly role: Role | null;
}

export function OwnerField({ facts, owners, owner, chosen, newName, role }: OwnerFieldProps) {
  const { custodians, others, proposed } = owners;
  return (
    <>
      <label>
        Its owner
        <select
          value={chosen.value ?? owner?.person ?? ''}
          onChange={(event) => {
            chosen.value = event.currentTarget.value;
          }}
        >
          <option value="">Choose</option>
          <option value={NEW_OWNER}>A new person, who is no custodian</option>
          {others.map((one) => option(one, 'no custodian'))}
          {proposed.map((one) => option(one, 'no custodian, proposed'))}
          {custodians.map((one) => option(one, 'custodian'))}
        </select>
        <small>Its owner has no vote on the enrolment. {role === null ? null : OWNER_OF[role]}</small>
      </label>
      {chosen.value === NEW_OWNER && owner !== null ? (
        <label>
          What the new person is called
          <input
            type="text"
            autocomplete="off"
            value={owner.name}
            onInput={(event) => {
              newName.value = event.currentTarget.value;
            }}
          />
          <small>
            This page has chosen their id at random. The id identifies this person from now on, also for further
            machines.
          </small>
        </label>
      ) : null}
      {owner === null ? null : (
        <p>
          <Person facts={facts} person={owner.person} proposedName={owner.name} />
        </p>
      )}
      {owner === null || role === null || role === 'auditor' ? null : (
        <NoCustodian isCustodian={custodians.some(({ person }) => person === owner.person)} />
      )}
    </>
  );
}

/** Shows the id beside the quoted name: only the id identifies a person. */
function option({ person, name }: Owner, standing: string) {
  return (
    <option key={person} value={person}>
      {visibleText(`${quoted(name)}, ${standing}, id ${person}`)}
    </option>
  );
}

/** Warns the approvers of an enrolment too: the log does not show who a new person is. */
export function NoCustodian({ isCustodian }: { isCustodian: boolean }) {
  if (isCustodian) return null;
  return (
    <Notice tone="warn" title="Its owner is no custodian">
      <p>
        So every custodian has a vote on what comes of this machine. If one of them answers for it in truth, that one
        must be its owner.
      </p>
    </Notice>
  );
}

interface OtherOwnerProps {
  readonly facts: Facts;
  readonly owners: Owners;
  /** As the pasted file says. */
  readonly ownerName: string;
  /** The chosen owner; null until one is chosen. */
  readonly owner: Owner | null;
}

/** Warns where the file names an owner other than the chosen one; the vault accepts both. */
export function OtherOwner({ facts, owners, ownerName, owner }: OtherOwnerProps) {
  const named = ownerNamed(owners, ownerName);
  const isSame = owner !== null && owner.name === ownerName && (named === null || named.person === owner.person);
  if (isSame || (named !== null && owner === null)) return null;
  const whyNot = whyNoOwner(owners, ownerName);
  return (
    <Notice tone="warn" title="The file names another owner">
      <p>
        The file names{' '}
        {named === null ? (
          <Quoted of={ownerName} />
        ) : (
          <Person facts={facts} person={named.person} proposedName={named.name} />
        )}{' '}
        as its owner; you chose{' '}
        {owner === null ? 'no owner yet' : <Person facts={facts} person={owner.person} proposedName={owner.name} />}.
      </p>
      {whyNot === null ? null : (
        <p class="sentence">
          <Text of={whyNot} />.
        </p>
      )}
    </Notice>
  );
}

/** The owner with an id; null where there is none. */
export function ownerById(owners: Owners, id: string): Owner | null {
  return allOwners(owners).find(({ person }) => person === id) ?? null;
}
