import type { Hex } from '../core/bytes.ts';
import type { Context } from './context.ts';

/** Waits until the proposal's phase differs from `phase`, `waitMs` is over, `signal` aborts, or the daemon closes. */
export async function waitForPhase(
  { recorder, closing }: Context,
  digest: Hex,
  phase: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const differs = () => recorder.facts.proposals.get(digest)?.phase !== phase;
  const over = AbortSignal.any([signal, closing]);
  if (differs() || over.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, waitMs);
  over.addEventListener('abort', () => resolve(), { once: true });
  const stop = recorder.onRecorded(() => {
    if (differs()) resolve();
  });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    stop();
  }
}
