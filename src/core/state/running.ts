import { must } from '../errors.ts';
import type { Stop } from '../statement/statement.ts';
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

/** What a stop stops, and whose it is, in one line. */
export function stoppedText({ what, target, by }: Stop): string {
  const signer = by.kind === 'custodian' ? `the security key ${by.credential}` : `the key ${by.key}`;
  return `${what === 'all' ? 'everything' : `${NAMED[what]} ${target}`}, by ${signer}`;
}

const NAMED = {
  release: 'the release',
  version: 'the version with the manifest',
  proposal: 'the proposal',
  principal: 'the machine’s key with the digest',
  authenticator: 'the security key with the digest',
} as const;

/** Throws `vault_stopped`, which says who stopped, when and why, while a stop of everything is in force. */
export function isRunning({ stopped }: Pick<Facts, 'stopped'>): void {
  if (stopped === null) return;
  const [{ name, reason, time }] = stopped;
  const who = stopped.map(stopText).join('; ');
  must(false, 'vault_stopped', `the vault is stopped (by ${who}): a quorum must resume it first`, {
    name,
    reason,
    time,
  });
}
