import type { Signal } from '@preact/signals';

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
