import { toHex } from '../../bytes.ts';
import { type Code, TwinlockError } from '../../errors.ts';
import { unlessRefusedLater } from '../../refusal.ts';
import type { KeyClaim, SignatureClaim, Verify } from '../../signature/claim.ts';

/**
 * A verifier for one appraisal. Of what `verify` throws only the code is kept, and from the claim what is signed:
 * verifiers word the same refusal differently, and an appraisal is the same bytes under all of them. What somebody
 * claims again, as devices do that share their vendor's certificates, is not verified again.
 */
export function verifyOnce(verify: Verify): Verify {
  const outcomes = new Map<string, Promise<Code | null>>();
  return async (claim) => {
    const name = nameOf(claim);
    const outcome = outcomes.get(name) ?? codeOf(verify, claim);
    outcomes.set(name, outcome);
    const code = await outcome;
    if (code !== null) throw new TwinlockError(code, `${claim.what}: the signature does not hold`);
  };
}

/** Everything of a claim that an outcome depends on. */
function nameOf(claim: SignatureClaim | KeyClaim): string {
  const signed = claim.kind === 'signature' ? [claim.message, claim.signature] : [];
  return [claim.algorithm, ...[claim.publicKey, ...signed].map(toHex)].join(' ');
}

async function codeOf(verify: Verify, claim: SignatureClaim | KeyClaim): Promise<Code | null> {
  const work = async () => {
    await verify(claim);
    return null;
  };
  return unlessRefusedLater(TwinlockError, work, ({ code }) => code);
}
