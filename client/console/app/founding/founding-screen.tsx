import { useSignal } from '@preact/signals';
import { counted } from '../../../display/exact.ts';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { Digest } from '../parts/digest.tsx';
import { Failure } from '../parts/failure.tsx';
import { Mark, Notice } from '../parts/notice.tsx';
import { KeyName, Named } from '../parts/person.tsx';
import { FactList, Panel, Screen } from '../parts/screen.tsx';
import { config } from '../vault.ts';
import { draft, enrolAuthenticator, hasSigned, invited, own, refusal, review } from './founding.ts';
import { GenesisPanels } from './genesis.tsx';

/** Characters of a name. */
const MAX_KEY_NAME = 64;

/** The steps of a founder, in order: enrol, wait for the others, compare, sign. */
export function FoundingScreen() {
  const guest = invited.value;
  if (guest === null) return null;
  return (
    <Screen
      title="Welcome"
      lead="Enrol your security keys, compare the genesis with every other founder, then sign it. Nothing takes effect before all founders have signed."
    >
      <p>
        <Named person={guest.person} name={guest.name} mark="founder" />
      </p>
      <VaultFacts />
      <EnrolPanel />
      <FoundersPanel />
      {refusal.value === null ? null : <Failure error={refusal.value} />}
      {review.value === null ? null : <GenesisPanels key={review.value.fingerprint} review={review.value} />}
    </Screen>
  );
}

/** The vault's address and certificate, as this workstation knows them, not as the vault claims. */
function VaultFacts() {
  const { vault, certificate } = config.value ?? {};
  if (vault === undefined) return null;
  return (
    <FactList
      of={[
        ['Vault', <code key="vault">{vault}</code>],
        certificate == null ? null : ['Certificate (SHA-256)', <Digest key="certificate" hex={certificate} />],
      ]}
    />
  );
}

function EnrolPanel() {
  const keyName = useSignal('');
  const enrol = useAction(async () => {
    await enrolAuthenticator(keyName.value.trim());
    keyName.value = '';
  });
  const count = own.value.length;
  return (
    <Panel title="1. Your security keys">
      <p>
        Your shares of every model will be sealed to the keys you enrol here. Two are usual: one in use, one in a safe.
        If all of yours are lost, your shares are lost with them.
      </p>
      {count === 0 ? null : (
        <FactList
          of={own.value.map(({ keyName: name, credential }, i) => [
            `Key ${i + 1}`,
            <KeyName key={credential} name={name} credential={credential} />,
          ])}
        />
      )}
      {count === 1 ? (
        <Notice tone="warn" title="One key enrolled" result>
          <p>
            Take out this key, insert your second one, and enrol it too. You can do this until a founder has signed.
          </p>
        </Notice>
      ) : null}
      <label>
        What do you call the key that you enrol?
        <input
          type="text"
          maxLength={MAX_KEY_NAME}
          autocomplete="off"
          value={keyName.value}
          onInput={(event) => {
            keyName.value = event.currentTarget.value;
          }}
        />
        <small>
          For example YubiKey blue. You sign the name with the key, and all users see it. Give each of your keys another
          name.
        </small>
      </label>
      <ActionError action={enrol} />
      <div>
        <ActionButton
          action={enrol}
          kind={count === 0 ? 'primary' : 'plain'}
          waits={keyName.value.trim() === '' ? 'Name the key first.' : null}
        >
          {count === 0 ? 'Enrol a security key' : 'Enrol another key'}
        </ActionButton>
      </div>
    </Panel>
  );
}

function FoundersPanel() {
  const founders = draft.value?.founders ?? [];
  const missing = founders.filter(({ authenticators }) => authenticators === 0);
  return (
    <Panel title="2. The founders">
      <ul class="rows">
        {founders.map(({ person, name, authenticators, signed }) => (
          <li key={person} class="row">
            <span>
              <Named person={person} name={name} mark="founder" />
            </span>
            {person === invited.value?.person ? <span class="quiet">you</span> : null}
            <span class="row end">
              {authenticators === 0 ? (
                <Mark tone="warn">not enrolled</Mark>
              ) : (
                <Mark tone="good">{counted(authenticators, 'key')} enrolled</Mark>
              )}
              <Mark tone={signed ? 'good' : 'plain'}>{signed ? 'signed' : 'not signed'}</Mark>
            </span>
          </li>
        ))}
      </ul>
      <p role="status" class="quiet">
        {missing.length > 0
          ? `Waiting for ${counted(missing.length, 'founder')} to enrol, marked above. This page updates by itself.`
          : hasSigned.value
            ? 'You have signed. Waiting for the others.'
            : 'All founders have enrolled.'}
      </p>
    </Panel>
  );
}
