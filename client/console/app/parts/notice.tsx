import type { ComponentChildren } from 'preact';
import { TwinlockError } from '../../../../src/core/errors.ts';
import { useResult } from './focus.ts';

type Tone = 'good' | 'bad' | 'warn' | 'plain';

interface NoticeProps {
  readonly tone: Tone;
  readonly title: string;
  /** True for the result of an act: the notice then takes the focus from the button. */
  readonly result?: boolean;
  readonly children?: ComponentChildren;
}

export function Notice({ tone, title, result = false, children }: NoticeProps) {
  const place = useResult<HTMLDivElement>(result);
  const focusable = result ? { tabIndex: -1, 'aria-label': title } : {};
  return (
    <div ref={place} class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'} {...focusable}>
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
