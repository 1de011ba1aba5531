import type { Signal } from '@preact/signals';
import { Text } from './text.tsx';

/** Characters that a statement's reason has at most. */
const MAX_LENGTH = 500;

/** For a button that waits for a reason. */
export function missingReason(reason: Signal<string>): string | null {
  return reason.value.trim() === '' ? 'Give a reason first.' : null;
}

interface ReasonFieldProps {
  readonly label: string;
  readonly reason: Signal<string>;
}

/** What is signed with a denial, whole: a field shows a part of it. */
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

/** A person's reason for what they sign, which the log keeps. */
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
