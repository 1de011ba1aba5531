import { type Signal, useComputed, useSignal } from '@preact/signals';
import { must, TwinlockError } from '../../../../src/core/errors.ts';
import { parseAs } from '../../../../src/core/schema.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { type PrincipalRecord, principalInvitation } from '../../../../src/core/statement/statement.ts';
import { whyNoOwner } from '../../../custodian/owner.ts';
import { ActionError, GrantButton, useAction } from '../parts/action.tsx';
import { asFailure, Notice } from '../parts/notice.tsx';
import { MachineName, optionText, Person } from '../parts/person.tsx';
import { Facts as FactList, Panel } from '../parts/screen.tsx';
import { Text } from '../parts/text.tsx';
import { submitProposal } from './submit.ts';

type Shown = Omit<PrincipalRecord, 'owner'>;

/** Proposes a machine's key: what it says of itself is pasted, whose it is and what it may do is chosen here. */
export function MachineForm({ facts }: { facts: Facts }) {
  const pasted = useSignal('');
  const owner = useSignal<string | null>(null);
  const models = useSignal<string | null>(null);
  const read = useComputed(() => readPasted(pasted.value));
  const { members } = facts.committee;
  const { record } = read.value;
  const named = record === null ? undefined : memberNamed(facts, record.ownerName);
  const ownerId = owner.value ?? named?.person ?? '';
  const modelText = models.value ?? record?.models.join(', ') ?? '';
  const scopes = modelText.split(/[\s,]+/).filter((scope) => scope !== '');
  const waits =
    read.value.why ??
    (ownerId === '' ? (whyNoOwner(facts, record?.ownerName ?? '') ?? 'Choose its owner first.') : null) ??
    (scopes.length === 0 ? 'Say which models it may touch.' : null);
  const submit = useAction(async () => {
    const shape = parsePasted(pasted.value);
    const ownerName = members.find(({ person }) => person === ownerId)?.name;
    must(ownerName !== undefined, 'person_unknown', 'choose whose machine it is');
    const principal = { ...shape, owner: ownerId, ownerName, models: scopes };
    await submitProposal(() => ({ kind: 'principal', principal }));
  });
  return (
    <Panel title="Enrol a machine">
      <label>
        Its key
        <textarea
          class="code"
          autocomplete="off"
          spellcheck={false}
          value={pasted.value}
          onInput={(event) => {
            pasted.value = event.currentTarget.value;
            // What was chosen was chosen for what was pasted before.
            owner.value = null;
            models.value = null;
          }}
        />
        <small>
          What <code>twinlock key show</code> prints on the machine. The key itself never leaves it.
        </small>
      </label>
      {record === null ? null : (
        <FactList
          of={[
            ['Name', <MachineName key="name" of={record.name} />],
            ['Role', record.role],
            ['Key', <code key="key">{record.key}</code>],
          ]}
        />
      )}
      <OwnerField facts={facts} owner={ownerId} chosen={owner} role={record?.role ?? null} />
      {record === null ? null : <OtherOwner facts={facts} ownerName={record.ownerName} owner={ownerId} />}
      <label>
        Models
        <input
          type="text"
          class="code"
          value={modelText}
          onInput={(event) => {
            models.value = event.currentTarget.value;
          }}
        />
        <small>acme/ocr for one, acme/* for a namespace, * for all</small>
      </label>
      <ActionError action={submit} />
      <div>
        <GrantButton action={submit} kind="primary" waits={waits}>
          Propose to enrol it
        </GrantButton>
      </div>
    </Panel>
  );
}

interface OwnerFieldProps {
  readonly facts: Facts;
  /** The id of a person, empty for none. */
  readonly owner: string;
  readonly chosen: Signal<string | null>;
  /** Null while no key is pasted. */
  readonly role: Shown['role'] | null;
}

/** What an owner has no vote on later, because their machine asks for it. */
const OWNER_OF: Readonly<Record<Shown['role'], string>> = {
  depositor: 'What it deposits is its owner’s: they cannot approve that it is published.',
  requester: 'What it asks for, its owner asks for: they cannot approve it.',
  auditor: 'It reads the log and asks for nothing: its owner can approve what others ask for.',
};

function OwnerField({ facts, owner, chosen, role }: OwnerFieldProps) {
  return (
    <>
      <label>
        Its owner
        <select
          value={owner}
          onChange={(event) => {
            chosen.value = event.currentTarget.value;
          }}
        >
          <option value="">Choose</option>
          {facts.committee.members.map(({ person }) => (
            <option key={person} value={person}>
              {optionText(facts, person)}
            </option>
          ))}
        </select>
        <small>Its owner has no vote on the enrolment. {role === null ? null : OWNER_OF[role]}</small>
      </label>
      {owner === '' ? null : (
        <p>
          <Person facts={facts} person={owner} />
        </p>
      )}
    </>
  );
}

interface OtherOwnerProps {
  readonly facts: Facts;
  /** As the pasted file says. */
  readonly ownerName: string;
  /** The id of who is chosen, empty for none. */
  readonly owner: string;
}

/** Where the file names another owner than the one who would be signed for; the vault takes either. */
function OtherOwner({ facts, ownerName, owner }: OtherOwnerProps) {
  const named = memberNamed(facts, ownerName);
  if (named !== undefined && (owner === '' || named.person === owner)) return null;
  const whyNot = whyNoOwner(facts, ownerName);
  return (
    <Notice tone="warn" title="The file names another owner">
      <p>
        The file names{' '}
        {named === undefined ? (
          <>
            “<Text of={ownerName} />”
          </>
        ) : (
          <Person facts={facts} person={named.person} />
        )}{' '}
        as its owner; you chose {owner === '' ? 'no owner yet' : <Person facts={facts} person={owner} />}.
      </p>
      {whyNot === null ? null : (
        <p class="sentence">
          <Text of={whyNot} />.
        </p>
      )}
    </Notice>
  );
}

function memberNamed({ committee }: Facts, ownerName: string) {
  return committee.members.find(({ name }) => name === ownerName);
}

/** The key that a text is; or why it is none yet. */
function readPasted(text: string): { readonly record: Shown | null; readonly why: string | null } {
  if (text.trim() === '') return { record: null, why: 'Paste its key first.' };
  try {
    return { record: parsePasted(text), why: null };
  } catch (error) {
    return { record: null, why: `What is pasted is no key: ${asFailure(error).message}` };
  }
}

function parsePasted(text: string): Shown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TwinlockError('malformed', 'expected JSON as twinlock key show prints it', {}, { cause });
  }
  return parseAs(principalInvitation, value, 'key');
}
