import { useSignal } from '@preact/signals';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { missingReason, ReasonField } from '../parts/reason.tsx';

interface StopAllProps {
  readonly stop: (reason: string) => Promise<void>;
  /** What else has to be said first; null where nothing has. */
  readonly waits?: string | null;
}

/** Why everything is to be stopped, and the button that does it. */
export function StopAll({ stop, waits = null }: StopAllProps) {
  const reason = useSignal('');
  const sure = useSignal(false);
  const stopping = useAction(() => stop(reason.value.trim()));
  return (
    <>
      <p>No new release takes effect, and hosts are served nothing more, until a quorum has resumed the vault.</p>
      <ReasonField label="Reason, for the log" reason={reason} />
      <label class="tick">
        <input
          type="checkbox"
          checked={sure.value}
          onChange={(event) => {
            sure.value = event.currentTarget.checked;
          }}
        />
        <span>Stop every release of every model, now</span>
      </label>
      <ActionError action={stopping} />
      <div>
        <ActionButton
          action={stopping}
          kind="primary danger"
          waits={waits ?? missingReason(reason) ?? (sure.value ? null : 'Tick the box first.')}
        >
          Stop everything
        </ActionButton>
      </div>
    </>
  );
}
