import type { Signal } from '@preact/signals';
import { Text } from './text.tsx';

/** Characters that a statement's reason has at most. */
const MAX_LENGTH = 500;

/** The text of a button that waits for a reason; null once there is one. */
export function missingReason(reason: Signal<string>): string | null {
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
