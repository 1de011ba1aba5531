import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { Context } from './context.ts';
import { MAX_WAITERS } from './limits.ts';

let waiting = 0;

/** Resolves as soon as the proposal's phase differs from `phase`, the time is over, or the signal is given. */
export async function waitForPhase(
  context: Context,
  digest: Hex,
  phase: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const differs = () => context.recorder.facts.proposals.get(digest)?.phase !== phase;
  if (differs()) return;
  must(waiting < MAX_WAITERS, 'rate_limited', `expected at most ${MAX_WAITERS} waiting requests: ask without wait`);
  waiting++;
  const over = AbortSignal.any([signal, AbortSignal.timeout(waitMs), context.closing]);
  let stop = () => {};
  try {
    await new Promise<void>((resolve) => {
      stop = context.recorder.onRecorded(() => {
        if (differs()) resolve();
      });
      over.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    stop();
    waiting--;
  }
}
