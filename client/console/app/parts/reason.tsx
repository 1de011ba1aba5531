import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { type Action, ActionError } from './action.tsx';
import { Text } from './text.tsx';

/** Characters that a statement's reason has at most. */
const MAX_LENGTH = 500;

/** The text of a button that waits for a reason; null once there is one. */
function missingReason(reason: Signal<string>): string | null {
  return reason.value.trim() === '' ? 'Give a reason first.' : null;
}

interface ReasonFieldProps {
  readonly label: string;
  readonly reason: Signal<string>;
}

/** The whole reason that a denial signs: the field may show only a part. */
export function SignedReason({ reason }: { reason: Signal<string> }) {
  const signed = reason.value.trim();
  if (signed === '') return null;
  return (
    <>
      <p>Your denial signs this reason:</p>
      <blockquote class="reason">
        <Text of={signed} />
      </blockquote>
    </>
  );
}

interface ReasonFormProps extends ReasonFieldProps {
  readonly action: Action;
  /** Content between the field and the error. */
  readonly children?: ComponentChildren;
  /** Makes the button. `missing` is the text of a button that waits for a reason; null once there is one. */
  readonly button: (missing: string | null) => ComponentChildren;
}

/** The end of a form that signs a reason: its field, the error of the last attempt, and the button. */
export function ReasonForm({ label, reason, action, children, button }: ReasonFormProps) {
  return (
    <>
      <ReasonField label={label} reason={reason} />
      {children}
      <ActionError action={action} />
      {button(missingReason(reason))}
    </>
  );
}

/** The field for a person's reason, which the log keeps. */
export function ReasonField({ label, reason }: ReasonFieldProps) {
  return (
    <label>
      {label}
      <input
        type="text"
        maxLength={MAX_LENGTH}
        value={reason.value}
        onInput={(event) => {
          reason.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}
