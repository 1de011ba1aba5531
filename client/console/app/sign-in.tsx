import { useSignal } from '@preact/signals';
import { fromBase64url, fromHex } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { reachingCommand } from './command.ts';
import { rememberCredential } from './local.ts';
import { ActionButton, ActionError, useAction } from './parts/action.tsx';
import { Failure } from './parts/failure.tsx';
import { Screen } from './parts/screen.tsx';
import { ended, fingerprint, signIn } from './vault.ts';

export function SignInScreen() {
  const enter = useAction(signIn);
  return (
    <Screen title="Sign in" lead="Use one of the security keys that you enrolled. Signing in approves nothing.">
      <div class="panel">
        {ended.value === null ? null : <Failure error={ended.value} />}
        <ActionError action={enter} />
        <div>
          <ActionButton action={enter} kind="primary">
            Sign in with your security key
          </ActionButton>
        </div>
        <details>
          <summary>I use this workstation for the first time</summary>
          <NewWorkstation />
        </details>
      </div>
    </Screen>
  );
}

/** Adds a credential id by hand, since security keys do not list their credentials. */
function NewWorkstation() {
  const text = useSignal('');
  const done = useSignal(false);
  const add = useAction(async () => {
    const credential = text.value.trim();
    must(fromBase64url(credential).length > 0, 'malformed', 'expected a credential id');
    await rememberCredential({
      credential,
      keyEpoch: 1,
      name: 'added by hand',
      keyName: null,
      person: null,
      enrolment: null,
    });
    done.value = true;
  });
  return (
    <div class="stack">
      <label>
        Credential id
        <input
          type="text"
          class="code"
          autocomplete="off"
          spellcheck={false}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            done.value = false;
          }}
        />
        <small>The id of one of your keys: any custodian’s console shows it under Committee.</small>
      </label>
      <ActionError action={add} />
      <div class="row">
        <ActionButton action={add} waits={text.value.trim() === '' ? 'Paste the id first.' : null}>
          Add it
        </ActionButton>
        <span role="status">{done.value ? 'Added. Sign in above.' : ''}</span>
      </div>
    </div>
  );
}

/** Asks for the fingerprint of a founded vault, where the console was started without it. */
export function FingerprintScreen() {
  const text = useSignal('');
  const use = useAction(async () => {
    const hex = text.value.replaceAll(/\s/g, '').toLowerCase();
    must(fromHex(hex).length === 32, 'malformed', 'expected 64 hexadecimal digits');
    fingerprint.value = hex;
  });
  return (
    <Screen
      title="Which vault is this?"
      lead="This console was started without the vault’s fingerprint. Enter the one that a custodian gave you. The console never takes it from the vault."
    >
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          use.run();
        }}
      >
        <label>
          Fingerprint, 64 hexadecimal digits
          <input
            type="text"
            class="code"
            autocomplete="off"
            spellcheck={false}
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
          <small>For this session.</small>
        </label>
        <p>
          From now on, start the console with it. A founder too: the file of <code>console --invitation FILE</code> was
          written before there was a fingerprint, and is for the founding alone.
        </p>
        <pre>{reachingCommand(['console', '--open', '--fingerprint', 'FINGERPRINT'])}</pre>
        <ActionError action={use} />
        <div>
          <ActionButton
            action={use}
            kind="primary"
            waits={text.value.trim() === '' ? 'Give the fingerprint first.' : null}
          >
            Use this fingerprint
          </ActionButton>
        </div>
      </form>
    </Screen>
  );
}
