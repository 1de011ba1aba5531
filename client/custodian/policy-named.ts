import type { Hex } from '../../src/core/bytes.ts';
import { policyObject } from '../../src/core/state/objects.ts';
import { policyInForce } from '../../src/core/state/policies.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import type { Replica } from '../log/replica.ts';

/**
 * The policy under a digest: that in force, or out of the log one that was proposed or has been replaced. Throws
 * `object_missing` where no entry names it, and `object_mismatch`.
 */
export async function policyNamed(replica: Replica, digest: Hex): Promise<Policy> {
  const policy = policyInForce(replica.facts);
  if (policy.digest === digest) return policy.document;
  return policyObject(await replica.objects([digest]), digest);
}
