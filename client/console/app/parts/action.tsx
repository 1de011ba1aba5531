import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { TwinlockError } from '../../../../src/core/errors.ts';
import { SentError } from '../../../custodian/sent.ts';
import { cutOff, measureCutOff } from './cut-off.ts';
import { Failure } from './failure.tsx';
import { holdFocus } from './focus.ts';
import { asFailure, Notice } from './notice.tsx';
import { SentFailure } from './sent.tsx';
import { Text } from './text.tsx';

export interface Action {
  readonly busy: boolean;
  readonly error: TwinlockError | null;
  run(): void;
}

/** A slow act that may fail. It runs once at a time, and receives the error of the last run. */
export function useAction(act: (before: TwinlockError | null) => Promise<void>): Action {
  const busy = useSignal(false);
  const error = useSignal<TwinlockError | null>(null);
  const run = async () => {
    if (busy.value) return;
    holdFocus();
    busy.value = true;
    const before = error.value;
    error.value = null;
    try {
      await act(before);
    } catch (thrown) {
      error.value = asFailure(thrown);
    } finally {
      busy.value = false;
    }
  };
  return { busy: busy.value, error: error.value, run: () => void run() };
}

interface ActionButtonProps {
  readonly action: Action;
  readonly kind?: 'primary' | 'danger' | 'primary danger' | 'plain';
  readonly disabled?: boolean;
  /** What the person must do first; the button is disabled until then, and shows this text beside it. */
  readonly waits?: string | null;
  readonly describedBy?: string | undefined;
  readonly children: ComponentChildren;
}

/** Keeps the focus while it acts, since a disabled button would lose it; ignores another press. */
export function ActionButton(props: ActionButtonProps) {
  const { action, kind, disabled = false, waits = null, describedBy, children } = props;
  const why = useId();
  return (
    <>
      <button
        type="button"
        class={kind ?? ''}
        disabled={disabled || waits !== null}
        aria-disabled={action.busy || undefined}
        aria-busy={action.busy}
        aria-describedby={waits === null ? describedBy : why}
        onClick={action.run}
      >
        {children}
      </button>
      {waits === null ? null : (
        <span id={why} class="quiet sentence">
          {' '}
          <Text of={waits} />
        </span>
      )}
    </>
  );
}

/** A button for acts that grant something: disabled while anything on the screen is cut off. Stops do not need this. */
export function GrantButton({ action, disabled = false, describedBy, ...rest }: ActionButtonProps) {
  const missing = cutOff.value;
  const run = () => {
    const screen = document.querySelector('main');
    if (screen !== null && measureCutOff(screen) === null) action.run();
  };
  return (
    <>
      {missing === null ? null : (
        <div id="cut-off">
          <Notice tone="bad" title="Something on this page cannot be seen">
            <p>
              <Text of={missing} />. You sign what is shown, so the button waits until all of it is: make the window
              wider or the letters smaller.
            </p>
          </Notice>
        </div>
      )}
      <ActionButton
        action={{ ...action, run }}
        disabled={disabled || missing !== null}
        describedBy={missing === null ? describedBy : 'cut-off'}
        {...rest}
      />
    </>
  );
}

export function ActionError({ action }: { action: Action }) {
  const { error } = action;
  if (error instanceof SentError) return <SentFailure error={error} />;
  return error === null ? null : <Failure error={error} result />;
}
