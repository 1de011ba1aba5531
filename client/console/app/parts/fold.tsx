import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

interface FoldProps {
  readonly summary: ComponentChildren;
  readonly open: boolean;
  /** Rendered when the reader opens it: a release to 64 hosts has 10,000 rows, and a reader looks at few of them. */
  readonly children: () => ComponentChildren;
}

/** A part that the reader can open and close. It stays as the reader last set it. */
export function Fold({ summary, open, children }: FoldProps) {
  const chosen = useSignal<boolean | null>(null);
  const isOpen = chosen.value ?? open;
  return (
    <details
      open={isOpen}
      onToggle={(event) => {
        if (event.currentTarget.open !== isOpen) chosen.value = event.currentTarget.open;
      }}
    >
      <summary>{summary}</summary>
      {isOpen ? <div class="stack">{children()}</div> : null}
    </details>
  );
}
