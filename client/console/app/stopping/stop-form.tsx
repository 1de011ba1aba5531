import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Change } from '../../../custodian/consequences.ts';
import { ActionButton, useAction } from '../parts/action.tsx';
import { Consequences } from '../parts/consequences.tsx';
import { ReasonForm } from '../parts/reason.tsx';
import { facts } from '../vault.ts';
import { stopNow } from './signed-stops.ts';

type StoppingTarget = Exclude<Change, { readonly what: 'policy' }>;

interface StopFormProps {
  readonly stopping: StoppingTarget;
  readonly label: string;
  /** An explanation of the effect, where one is needed. */
  readonly children?: ComponentChildren;
}

/** A stop by one person, with the reason that the log keeps. Folded, so that a person does not press it by mistake. */
export function StopForm({ stopping, label, children }: StopFormProps) {
  const reason = useSignal('');
  const place = useRef<HTMLDetailsElement>(null);
  const stopIt = useAction(async () => {
    await stopNow({ ...stopping, reason: reason.value.trim() });
    reason.value = '';
    // The head of the page shows the effect. A form left open would look as if nothing had been stopped.
    place.current?.removeAttribute('open');
  });
  return (
    <details ref={place}>
      <summary>{label}</summary>
      <div class="stack">
        {children}
        {facts.value === null ? null : <Consequences facts={facts.value} change={stopping} />}
        <ReasonForm
          label="Reason, for the log"
          reason={reason}
          action={stopIt}
          button={(missing) => (
            <div>
              <ActionButton action={stopIt} kind="danger" waits={missing}>
                {label}
              </ActionButton>
            </div>
          )}
        />
      </div>
    </details>
  );
}
