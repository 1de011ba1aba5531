import { useSignal } from '@preact/signals';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { Screen } from '../parts/screen.tsx';
import { openInvitation } from './founding.ts';

/** The first screen of a founding: the page does not know yet which founder uses it. */
export function InvitationScreen() {
  const text = useSignal('');
  const open = useAction(() => openInvitation(text.value));
  return (
    <Screen
      title="Found this vault"
      lead="The vault has no custodians yet. Each founder enrols their security keys here, with the invitation they were given."
    >
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          open.run();
        }}
      >
        <label>
          Your invitation
          <textarea
            class="code"
            autocomplete="off"
            spellcheck={false}
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
          <small>
            Show it to no other person: anyone who has it can enrol in your name until the vault is founded.
          </small>
        </label>
        <ActionError action={open} />
        <div>
          <ActionButton
            action={open}
            kind="primary"
            waits={text.value.trim() === '' ? 'Paste your invitation first.' : null}
          >
            Open
          </ActionButton>
        </div>
      </form>
    </Screen>
  );
}
