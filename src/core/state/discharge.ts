import { dischargeAppraisal } from '../attest/appraise.ts';
import { TwinlockError } from '../errors.ts';
import { unlessRefusedLater } from '../refusal.ts';
import type { Verify } from '../signature/claim.ts';
import type { Claim } from './judgement.ts';

/** Claims under way at once: enough for a platform that verifies on every core, few enough to bound what is held. */
const IN_FLIGHT_MAX = 256;

/** A claim that is not true, by its place among the claims that were given. */
export interface Refuted {
  readonly place: number;
  readonly error: TwinlockError;
}

/**
 * Discharges claims of both kinds, up to 256 at once and in their order. Throws the error of the first claim in order
 * that is not true, so that every machine names the same one. No claim is begun after one was found untrue.
 */
export async function discharge(claims: readonly Claim[], verify: Verify): Promise<void> {
  const refuted = await firstRefuted(claims, verify);
  if (refuted !== null) throw refuted.error;
}

/** Discharges many claims at a time, for example on other threads. */
export interface Discharger {
  /** The first claim in order that is not true, null where all are true. What is thrown is no verdict. */
  firstRefuted(claims: readonly Claim[]): Promise<Refuted | null>;
}

/**
 * As `discharge`; returns the first claim in order that is not true, null where all are true. What is thrown is no
 * verdict: the engine's own error, as it came.
 */
export async function firstRefuted(claims: readonly Claim[], verify: Verify | Discharger): Promise<Refuted | null> {
  if (typeof verify !== 'function') return verify.firstRefuted(claims);
  const queue = claims.entries();
  let first: Refuted | null = null;
  let isOver = false;
  const work = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = isOver ? END : queue.next()) {
      const [place, claim] = next.value;
      const error = await refutationOf(claim, verify);
      if (error === null) continue;
      isOver = true;
      if (first === null || place < first.place) first = { place, error };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT_MAX, claims.length) }, work));
  } finally {
    isOver = true;
  }
  return first;
}

const END = { done: true, value: undefined } as const;

function refutationOf(claim: Claim, verify: Verify): Promise<TwinlockError | null> {
  const work = async () => {
    await (claim.kind === 'appraisal' ? dischargeAppraisal(claim, verify) : verify(claim));
    return null;
  };
  return unlessRefusedLater(TwinlockError, work, (error) => error);
}
