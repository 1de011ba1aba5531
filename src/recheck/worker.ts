import { parentPort } from 'node:worker_threads';
import { TwinlockError } from '../core/errors.ts';
import { answerer } from './answer.ts';
import type { RecheckAnswer, RecheckQuestion } from './question.ts';

/** Verifies a log, page by page, on a thread of its own. It opens no file: the pages come from the daemon. */

const port = parentPort;
if (port === null) throw new Error('expected to be a worker thread');
const answered = answerer();
port.on('message', async (question: RecheckQuestion) => {
  const said: RecheckAnswer = await answered(question).catch((error: unknown) => {
    // The engine's own error is no verdict on the log: it ends this thread.
    if (!(error instanceof TwinlockError)) throw error;
    const { code, message, detail } = error;
    return { kind: 'fault', code, message, detail };
  });
  port.postMessage(said);
});
