import type { SignatureClaim } from './claim.ts';

/** Enough to keep a platform's thread pool busy; more only holds memory. */
const IN_FLIGHT_MAX = 50;

/**
 * Discharges claims with an asynchronous verifier, at most 50 at a time. Resolves when all are true; the
 * first failure ends it and is thrown as it came (of several in flight, whichever fails first).
 */
export async function discharge(
  claims: Iterable<SignatureClaim>,
  verify: (claim: SignatureClaim) => Promise<void>,
): Promise<void> {
  const queue = claims[Symbol.iterator]();
  let failed = false;
  const work = async (): Promise<void> => {
    while (!failed) {
      const next = queue.next();
      if (next.done === true) return;
      try {
        await verify(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, work));
}

/** Discharges claims in order with a synchronous verifier; the first failure is thrown as it came. */
export function dischargeSync(claims: Iterable<SignatureClaim>, verify: (claim: SignatureClaim) => void): void {
  for (const claim of claims) verify(claim);
}
