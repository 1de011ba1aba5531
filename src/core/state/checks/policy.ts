import { requireHardwareValues } from '../../attest/production.ts';
import { must } from '../../errors.ts';
import type { Grade } from '../../schema.ts';
import type { Policy } from '../../statement/policy.ts';

/** Custodians are people: proposals that end sooner could never be approved, the one that would mend it included. */
const PROPOSAL_MS_MIN = 60 * 60_000;

/**
 * What a policy must be when it comes into force, at genesis and by quorum: there is time to approve, and a
 * production vault takes evidence of real hardware only. That a committee can have another after it, mending.ts tries.
 * Throws `limit_exceeded`, `evidence_simulated` or `root_unknown`.
 */
export function requireSoundPolicy(policy: Policy, grade: Grade): void {
  const { proposalMs } = policy.limits;
  must(
    proposalMs >= PROPOSAL_MS_MIN,
    'limit_exceeded',
    `policy.limits.proposalMs: expected at least ${PROPOSAL_MS_MIN} (one hour), got ${proposalMs}: custodians could not approve anything in that time, another policy included`,
  );
  if (grade === 'production') requireHardwareValues(policy.referenceValues);
}
