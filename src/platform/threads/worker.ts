import { parentPort } from 'node:worker_threads';
import { firstRefuted } from '../../core/state/discharge.ts';
import type { Claim } from '../../core/state/judgement.ts';
import { verifyNode } from '../verify-node.ts';
import type { Answer } from './discharging-threads.ts';

/** Discharges claims on a thread of its own, a batch at a time. */

const port = parentPort;
if (port === null) throw new Error('expected to be a worker thread');
port.on('message', async (claims: readonly Claim[]) => {
  // The engine's own error is no verdict on a claim: it ends this thread.
  const refuted = await firstRefuted(claims, verifyNode);
  port.postMessage(refuted === null ? null : answerOf(refuted));
});

function answerOf({ place, error: { code, message, detail } }: NonNullable<Awaited<ReturnType<typeof firstRefuted>>>) {
  return { place, code, message, detail } satisfies Answer;
}
