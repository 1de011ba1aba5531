import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Change } from '../../../custodian/consequences.ts';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { missingReason, ReasonField } from '../parts/reason.tsx';
import { facts, stopNow } from '../vault.ts';
import { Consequences } from './consequences.tsx';

type StoppingTarget = Exclude<Change, { readonly what: 'policy' }>;

interface StopFormProps {
  readonly stopping: StoppingTarget;
  readonly label: string;
  /** What it does, where that needs to be said. */
  readonly children?: ComponentChildren;
}

/** A stop by one person, with the reason that the log keeps. Folded, so that a person does not press it by mistake. */
export function StopForm({ stopping, label, children }: StopFormProps) {
  const reason = useSignal('');
  const stopIt = useAction(async () => {
    await stopNow({ ...stopping, reason: reason.value.trim() });
    reason.value = '';
  });
  return (
    <details>
      <summary>{label}</summary>
      <div class="stack">
        {children}
        {facts.value === null ? null : <Consequences facts={facts.value} change={stopping} />}
        <ReasonField label="Reason, for the log" reason={reason} />
        <ActionError action={stopIt} />
        <div>
          <ActionButton action={stopIt} kind="danger" waits={missingReason(reason)}>
            {label}
          </ActionButton>
        </div>
      </div>
    </details>
  );
}
