import { must } from '../../errors.ts';
import type { EntryBodyOf, EntryOf } from '../../log/entry.ts';
import { REFUSALS } from '../bounds.ts';
import type { Judgement } from '../judgement.ts';
import type { Facts } from '../state.ts';
import { earliestMs } from './time.ts';

const HOUR_MS = 60 * 60_000;
/** Between two entries of one code, act and caller: what comes in between is counted in the second. */
export const REFUSAL_WINDOW_MS = HOUR_MS;
/** In 24 hours: the most that one key can make the vault write for ever. */
export const REFUSALS_A_DAY_A_CALLER = 24;
/** In 24 hours, of all callers together. */
export const REFUSALS_A_DAY = 128;

/**
 * Judges the vault's count of refused requests. No signature proves it, so it changes nothing else.
 * It is bounded, so that no caller and no vault can fill the log with it. Throws `principal_unknown` for a
 * caller that the log does not know, and `limit_exceeded`.
 */
export function judgeRefusal(facts: Facts, { body, time }: EntryOf<'refusal'>): Judgement {
  must(
    isKnownCaller(facts, body.who),
    'principal_unknown',
    'refusal.who: expected null, or a credential or key that the log knows',
  );
  const fault = excessOf(facts.refusals, body, time);
  must(fault === null, 'limit_exceeded', `refusal: ${fault}`);
  // Before that no entry can be dated so near that it would count: dates that go back and forth make the log forget
  // none that could.
  const counting = facts.refusals.filter((told) => told.time > earliestMs(facts) - 24 * HOUR_MS);
  return { facts: { ...facts, refusals: withRefusal(counting, body, time) }, claims: [] };
}

/** Whether a caller is null (the entry names no caller) or known to the log, retired ones included. */
export function isKnownCaller({ authenticators, principals }: Facts, who: string | null): boolean {
  return who === null || authenticators.has(who) || principals.has(who);
}

/** The limit that an entry would exceed, with those of the last day; null if it may be recorded. */
export function excessOf(told: Facts['refusals'], refusal: EntryBodyOf<'refusal'>, timeMs: number): string | null {
  // Both directions count: a wrong clock may have dated a refusal ahead.
  const within = (ms: number) => told.filter(({ time }) => Math.abs(time - timeMs) < ms);
  const ofCaller = within(24 * HOUR_MS).filter(({ who }) => who === refusal.who);
  const { code, act } = refusal;
  const isTold = ofCaller.some(
    (one) => one.code === code && one.act === act && Math.abs(one.time - timeMs) < REFUSAL_WINDOW_MS,
  );
  if (isTold) return `expected one entry an hour of ${code} at ${act} by one caller`;
  if (ofCaller.size >= REFUSALS_A_DAY_A_CALLER)
    return `expected at most ${REFUSALS_A_DAY_A_CALLER} a day of one caller`;
  return within(24 * HOUR_MS).size >= REFUSALS_A_DAY ? `expected at most ${REFUSALS_A_DAY} a day` : null;
}

/** With one more. */
export function withRefusal(
  told: Facts['refusals'],
  { code, act, who }: EntryBodyOf<'refusal'>,
  timeMs: number,
): Facts['refusals'] {
  return told.push({ time: timeMs, code, act, who }).takeLast(REFUSALS);
}
