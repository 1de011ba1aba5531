import type { ComponentChildren } from 'preact';
import { TwinlockError } from '../../../../src/core/errors.ts';

type Tone = 'good' | 'bad' | 'warn' | 'plain';

export function Notice({ tone, title, children }: { tone: Tone; title: string; children?: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Mark({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`mark ${tone}`}>{children}</span>;
}

/** A caught value as one of our errors. A value that is not one of them is a fault of this page. */
export function asFailure(error: unknown): TwinlockError {
  if (error instanceof TwinlockError) return error;
  console.error(error);
  return new TwinlockError('internal', 'this page failed; reload it and try again', {}, { cause: error });
}
