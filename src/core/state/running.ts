import { must } from '../errors.ts';
import { instantText } from '../x509/time.ts';
import type { Facts, RecordedStop } from './state.ts';

/** The first instant of the year 10000, which no text of ours says. */
const MAX_TEXT_MS = 253_402_300_800_000;

/** Who stopped, by name and id, when by the vault's clock, and why, in one line. */
export function stopText(stop: Pick<RecordedStop, 'name' | 'person' | 'time' | 'reason'>): string {
  const { name, person, time, reason } = stop;
  const when = time < MAX_TEXT_MS ? instantText(time) : `${time} ms`;
  return `“${name}”, person ${person}, at ${when}: “${reason}”`;
}

/** Throws `vault_stopped`, which says who stopped, when and why, while a stop of everything is in force. */
export function requireRunning({ stopped }: Pick<Facts, 'stopped'>): void {
  if (stopped === null) return;
  const [{ name, reason, time }] = stopped;
  const who = stopped.map(stopText).join('; ');
  must(false, 'vault_stopped', `the vault is stopped (by ${who}): a quorum must resume it first`, {
    name,
    reason,
    time,
  });
}
