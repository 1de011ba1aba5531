import type { AppraisalClaim } from '../attest/appraise.ts';
import type { Hex } from '../bytes.ts';
import { digestOf } from '../canonical.ts';
import { aheadText } from '../duration.ts';
import { must } from '../errors.ts';
import type { SignatureClaim } from '../signature/claim.ts';
import type { History } from './chain.ts';
import type { Facts } from './state.ts';

/** A statement that the fold relies on and has not checked. The caller discharges it before it uses the state. */
export type Claim = SignatureClaim | AppraisalClaim;

/** The objects that an entry names, by digest; attacker-controlled, checked against it here. */
export type Objects = ReadonlyMap<Hex, Uint8Array>;

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

/** The object under a digest. Throws `object_missing`, or `object_mismatch` where the bytes are others. */
export function objectOf(objects: Objects, digest: Hex, what: string): Uint8Array {
  const bytes = objects.get(digest);
  must(bytes !== undefined, 'object_missing', `the ${what} ${digest} is not beside the log`);
  const got = digestOf(bytes);
  must(got === digest, 'object_mismatch', `expected a ${what} with digest ${digest}, got ${got}`);
  return bytes;
}

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
