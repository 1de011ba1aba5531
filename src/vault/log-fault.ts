import type { Recorder } from './recorder.ts';

/** Returns the public view of the first fault in the daemon's own log: its code and entry. Null if there is none. */
export function viewFault({ fault }: Pick<Recorder, 'fault'>) {
  if (fault === null) return null;
  const entry = fault.detail['entry'];
  return { code: fault.code, entry: typeof entry === 'number' ? entry : null };
}
