import type { SignatureClaim } from './claim.ts';

/** Enough to keep a platform's thread pool busy; more only holds memory. */
const IN_FLIGHT_MAX = 50;

/**
 * Discharges claims with an asynchronous verifier, at most 50 at a time. Resolves when all are true; the
 * first failure ends it and is thrown as it came (of several in flight, the one that fails first).
 */
export async function discharge(
  claims: Iterable<SignatureClaim>,
  verify: (claim: SignatureClaim) => Promise<void>,
): Promise<void> {
  const queue = claims[Symbol.iterator]();
  let isOver = false;
  const work = async (): Promise<void> => {
    for (let next = queue.next(); !isOver && next.done !== true; next = queue.next()) await verify(next.value);
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, work));
  } finally {
    isOver = true;
  }
}

/** Discharges claims in order with a synchronous verifier; the first failure is thrown as it came. */
export function dischargeSync(claims: Iterable<SignatureClaim>, verify: (claim: SignatureClaim) => void): void {
  for (const claim of claims) verify(claim);
}
