import { must } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { instantText } from '../x509/time.ts';
import type { Facts, RecordedStop } from './state.ts';

/** The first instant of the year 10000, which no text of ours says. */
const MAX_TEXT_MS = 253_402_300_800_000;

/** A stop that is sent at once has about one time. */
const TIMES_DIFFER_MS = 60_000;

/** When its signer signed a stop, where that is another time than its entry's: it was carried, or clocks differ. Else null. */
export function signedBefore({ created, time }: Pick<RecordedStop, 'created' | 'time'>): number | null {
  return Math.abs(time - created) > TIMES_DIFFER_MS ? created : null;
}

/** Who stopped, by name and id, when by the vault's clock, and why, in one line; and when it was signed, as above. */
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
