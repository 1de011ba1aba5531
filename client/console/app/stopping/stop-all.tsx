import { useSignal } from '@preact/signals';
import type { Hex } from '../../../../src/core/bytes.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { ActionButton, useAction } from '../parts/action.tsx';
import { Consequences } from '../parts/consequences.tsx';
import { Notice } from '../parts/notice.tsx';
import { ReasonForm } from '../parts/reason.tsx';
import { custodian, facts } from '../vault.ts';

interface StopAllProps {
  /** Returns the digest of the stop that was signed and taken; null where there was none. */
  readonly stop: (reason: string) => Promise<Hex | null>;
  /** What the person must do first; null where nothing. */
  readonly waits?: string | null;
}

/** The reason for a stop of everything, and the button. */
export function StopAll({ stop, waits = null }: StopAllProps) {
  const reason = useSignal('');
  const sure = useSignal(false);
  const done = useSignal<Hex | null>(null);
  const stopping = useAction(async () => {
    done.value = null;
    done.value = await stop(reason.value.trim());
    reason.value = '';
    sure.value = false;
  });
  const known = facts.value;
  const recorded = known?.stopped?.find(({ digest }) => digest === done.value);
  const form = (
    <>
      <p>No new release takes effect, and the vault serves nothing to hosts, until a quorum has resumed the vault.</p>
      {known === null ? null : <Consequences facts={known} change={{ what: 'all' }} />}
      <ReasonForm
        label="Reason, for the log"
        reason={reason}
        action={stopping}
        button={(missing) => (
          <div>
            <ActionButton
              action={stopping}
              kind="primary danger"
              waits={waits ?? missing ?? (sure.value ? null : 'Tick the box first.')}
            >
              Stop everything
            </ActionButton>
          </div>
        )}
      >
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
      </ReasonForm>
    </>
  );
  return (
    <>
      {recorded === undefined ? null : (
        <Notice tone="good" title={`Recorded as entry ${recorded.index}`} result>
          <p>You have stopped the vault.</p>
        </Notice>
      )}
      {isStoppedBySelf(known, done.value) ? (
        <details>
          <summary>Sign another stop anyway</summary>
          <div class="stack">{form}</div>
        </details>
      ) : (
        form
      )}
    </>
  );
}

/** Returns whether the custodian's own stop is in force by the log, or was accepted and is not in the log yet. */
function isStoppedBySelf(known: Facts | null, done: Hex | null): boolean {
  const person = custodian.value?.person;
  if (known?.stopped?.some((stop) => stop.person === person) === true) return true;
  return done !== null && known?.statements.has(done) !== true;
}
