import type { Recorder } from './recorder.ts';

/** What the daemon has found wrong in its own log, for anybody to read: a code and the entry. Null while nothing was. */
export function viewFault({ fault }: Pick<Recorder, 'fault'>) {
  if (fault === null) return null;
  const entry = fault.detail['entry'];
  return { code: fault.code, entry: typeof entry === 'number' ? entry : null };
}
