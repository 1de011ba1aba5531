import { onlyHardware } from '../../attest/production.ts';
import { must } from '../../errors.ts';
import type { Grade } from '../../schema.ts';
import type { Policy } from '../../statement/policy.ts';

/**
 * What a policy must be wherever one comes into force, at genesis and by quorum: every group that it asks for has
 * somebody who can approve, and a production vault takes evidence of real hardware only. `voters` are the members
 * who have an authenticator in use. Throws `quorum_unreachable`, `evidence_simulated` or `root_unknown`.
 */
export function policyHolds(
  policy: Policy,
  grade: Grade,
  voters: readonly { readonly groups: readonly string[] }[],
): void {
  for (const group of policy.groups) {
    const hasMember = voters.some((member) => member.groups.includes(group));
    must(hasMember, 'quorum_unreachable', `policy.groups: nobody is in group ${group}`);
  }
  if (grade === 'production') onlyHardware(policy.referenceValues);
}
