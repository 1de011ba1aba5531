import { useComputed, useSignal } from '@preact/signals';
import { toHex } from '../../../../src/core/bytes.ts';
import { must, TwinlockError } from '../../../../src/core/errors.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { platformRandom } from '../../../../src/platform/random.ts';
import { type PrincipalInvitation, parsePrincipalInvitation } from '../../../../src/wire/principal-invitation.ts';
import { type Owner, type Owners, ownerNamed, ownersOf, whyNoNewOwner, whyNoOwner } from '../../../custodian/owner.ts';
import { ActionError } from '../parts/action.tsx';
import { asFailure } from '../parts/notice.tsx';
import { NEW_OWNER, OtherOwner, OwnerField, ownerById } from '../parts/owner.tsx';
import { MachineName } from '../parts/person.tsx';
import { FactList, Panel } from '../parts/screen.tsx';
import { ProposeButton, useProposing } from '../parts/submit.tsx';
import { now } from '../vault.ts';

/** The state of the form: the pasted key, the chosen owner and models, and the resulting proposal. */
function useMachine(facts: Facts) {
  const pasted = useSignal('');
  const chosen = useSignal<string | null>(null);
  const newId = useSignal(newPerson());
  const newName = useSignal<string | null>(null);
  const models = useSignal<string | null>(null);
  const read = useComputed(() => readPasted(pasted.value));
  const owners = ownersOf(facts, now.value);
  const { record } = read.value;
  const fresh = { person: newId.value, name: newName.value ?? record?.ownerName ?? '' };
  const owner = ownerOf(owners, chosen.value, fresh, record);
  const modelText = models.value ?? record?.models.join(', ') ?? '';
  const scopes = modelText.split(/[\s,]+/).filter((scope) => scope !== '');
  const waits =
    read.value.why ??
    (owner === null ? (whyNoOwner(owners, record?.ownerName ?? '') ?? 'Choose its owner first.') : null) ??
    (owner === fresh ? whyNoNewOwner(owners, fresh) : null) ??
    (scopes.length === 0 ? 'Choose the models that it may use.' : null);
  const paste = (text: string) => {
    pasted.value = text;
    // The earlier choices were for the key pasted before.
    chosen.value = null;
    newId.value = newPerson();
    newName.value = null;
    models.value = null;
  };
  return { pasted, paste, record, owners, owner, chosen, newName, models, modelText, scopes, waits };
}

/** The owner: as chosen, else as the pasted text names them. */
function ownerOf(
  owners: Owners,
  chosen: string | null,
  fresh: Owner,
  record: PrincipalInvitation | null,
): Owner | null {
  if (chosen === NEW_OWNER) return fresh;
  if (chosen !== null) return ownerById(owners, chosen);
  return record === null ? null : ownerNamed(owners, record.ownerName);
}

/** Proposes a machine's key: the custodian pastes its record, and chooses its owner and its models. */
export function MachineForm({ facts }: { facts: Facts }) {
  const { pasted, paste, record, owners, owner, chosen, newName, models, modelText, scopes, waits } = useMachine(facts);
  const submit = useProposing(() => {
    const shape = parsePasted(pasted.value);
    must(owner !== null, 'person_unknown', 'expected an owner: choose the owner of the machine');
    const principal = { ...shape, owner: owner.person, ownerName: owner.name, models: scopes };
    return () => ({ kind: 'principal', principal });
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
          onInput={(event) => paste(event.currentTarget.value)}
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
      <OwnerField
        facts={facts}
        owners={owners}
        owner={owner}
        chosen={chosen}
        newName={newName}
        role={record?.role ?? null}
      />
      {record === null ? null : <OtherOwner facts={facts} owners={owners} ownerName={record.ownerName} owner={owner} />}
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
      <ProposeButton action={submit} kind="primary" waits={waits}>
        Propose to enrol it
      </ProposeButton>
    </Panel>
  );
}

/** A random id for a person whom the log does not know. */
function newPerson(): string {
  return toHex(platformRandom(16));
}

/** Reads a key from a pasted text; returns why it is none where it is not valid. */
function readPasted(text: string): { readonly record: PrincipalInvitation | null; readonly why: string | null } {
  if (text.trim() === '') return { record: null, why: 'Paste its key first.' };
  try {
    return { record: parsePasted(text), why: null };
  } catch (error) {
    return { record: null, why: `What is pasted cannot be enrolled: ${asFailure(error).message}` };
  }
}

function parsePasted(text: string): PrincipalInvitation {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TwinlockError('malformed', 'expected JSON as twinlock key show prints it', {}, { cause });
  }
  return parsePrincipalInvitation(value, 'key');
}
