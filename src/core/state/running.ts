import { must } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { instantText } from '../x509/time.ts';
import type { Facts, RecordedStop } from './state.ts';

/** The first instant of the year 10000. Our texts write no later instant as a date. */
const MAX_TEXT_MS = 253_402_300_800_000;

/** The two times of a stop that is sent at once differ by less than this. */
const TIMES_DIFFER_MS = 60_000;

/**
 * The time at which its signer signed a stop, if it differs from its entry's time (the stop was carried, or clocks
 * differ). Else null.
 */
export function signedBefore({ created, time }: Pick<RecordedStop, 'created' | 'time'>): number | null {
  return Math.abs(time - created) > TIMES_DIFFER_MS ? created : null;
}

/**
 * One line: the name and id of the person who stopped, the vault's time, the reason, and the time from signedBefore.
 */
export function stopText(stop: Pick<RecordedStop, 'name' | 'person' | 'created' | 'time' | 'reason'>): string {
  const { name, person, time, reason } = stop;
  const signed = signedBefore(stop);
  const ownTime = signed === null ? '' : ` (signed at ${when(signed)} by their own clock)`;
  return `${quoted(name)}, person ${person}, at ${when(time)}: ${quoted(reason)}${ownTime}`;
}

function when(ms: number): string {
  return ms < MAX_TEXT_MS ? instantText(ms) : `${ms} ms`;
}

/** Throws `vault_stopped`, which says who stopped, when and why, while a stop of everything is in force. */
export function requireRunning({ stopped }: Pick<Facts, 'stopped'>): void {
  if (stopped === null) return;
  const [{ name, reason, time }] = stopped;
  const who = stopped.map(stopText).join('; ');
  must(
    false,
    'vault_stopped',
    `the vault is stopped (by ${who}): a quorum must resume it first, which a custodian proposes in the console, under Propose`,
    {
      name,
      reason,
      time,
    },
  );
}
