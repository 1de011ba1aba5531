import type { AppraisalClaim } from '../attest/appraise.ts';
import { aheadText } from '../duration.ts';
import { must } from '../errors.ts';
import type { SignatureClaim } from '../signature/claim.ts';
import type { History } from './chain.ts';
import type { Objects } from './objects.ts';
import type { Facts } from './state.ts';

/** A statement that the fold relies on and has not checked. The caller discharges it before it uses the state. */
export type Claim = SignatureClaim | AppraisalClaim;

export interface Judgement {
  readonly facts: Facts;
  readonly claims: readonly Claim[];
}

/** The input of every rule besides the facts and the entry. */
export interface Surroundings {
  readonly objects: Objects;
  readonly history: History;
}

/** Clocks may differ by this much, no more (design: ARCHITECTURE, "Log entries"). */
export const MAX_SKEW_MS = 5 * 60_000;

/** Throws `clock_skew` unless the two instants are within five minutes. */
export function requireWithinSkew(instantMs: number, entryTimeMs: number, what: string): void {
  const seconds = Math.round((instantMs - entryTimeMs) / 1000);
  must(
    Math.abs(instantMs - entryTimeMs) <= MAX_SKEW_MS,
    'clock_skew',
    `expected ${what} within 5 minutes of the vault’s clock, got ${aheadText(instantMs, entryTimeMs)} it: set the one that is wrong`,
    { seconds },
  );
}
