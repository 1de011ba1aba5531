import { onlyHardware } from '../../attest/production.ts';
import { must } from '../../errors.ts';
import type { Grade } from '../../schema.ts';
import type { Policy } from '../../statement/policy.ts';

/** Custodians are people: proposals that end sooner could never be approved, the one that would mend it included. */
const PROPOSAL_MS_MIN = 60 * 60_000;

/**
 * What a policy must be wherever one comes into force, at genesis and by quorum: every group that it asks for has
 * somebody who can approve, there is time to, and a production vault takes evidence of real hardware only. `voters` are
 * the members who have an authenticator in use. Throws `limit_exceeded`, `quorum_unreachable`, `evidence_simulated` or
 * `root_unknown`.
 */
export function policyHolds(
  policy: Policy,
  grade: Grade,
  voters: readonly { readonly groups: readonly string[] }[],
): void {
  const { proposalMs } = policy.limits;
  must(
    proposalMs >= PROPOSAL_MS_MIN,
    'limit_exceeded',
    `policy.limits.proposalMs: expected at least ${PROPOSAL_MS_MIN} (one hour), got ${proposalMs}: nobody could approve anything in that time, another policy included`,
  );
  for (const group of policy.groups) {
    const hasMember = voters.some((member) => member.groups.includes(group));
    must(hasMember, 'quorum_unreachable', `policy.groups: nobody is in group ${group}`);
  }
  if (grade === 'production') onlyHardware(policy.referenceValues);
}
