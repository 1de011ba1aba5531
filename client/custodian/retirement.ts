import type { Base64url, Hex } from '../../src/core/bytes.ts';
import { ableMembers } from '../../src/core/state/checks/retirement.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import { type Facts, versionKey } from '../../src/core/state/state.ts';
import { isWithdrawnVersion } from '../../src/core/state/versions.ts';
import { withRetired } from './consequences.ts';

/** The effects of retiring an authenticator, shown to people before they touch. */
export interface AfterRetirement {
  /** The authenticator's person; null for one that is not enrolled. */
  readonly person: Hex | null;
  /** Authenticators of the same person that stay in use. */
  readonly left: number;
  /** Custodians with an authenticator in use, and how many must approve. */
  readonly able: number;
  readonly threshold: number;
  /** Versions, not withdrawn, with a share sealed to it, as `model@version`. */
  readonly versions: readonly string[];
}

export function afterRetirement(facts: Facts, credential: Base64url): AfterRetirement {
  const authenticators = withRetired(facts.authenticators, credential);
  const person = facts.authenticators.get(credential)?.person;
  const inUse = authenticators.filter((candidate) => candidate.person === person && candidate.retiredAt === null);
  const held = facts.versions.filter(
    (version) =>
      !isWithdrawnVersion(version) && version.envelopes.some((envelope) => envelope.credential === credential),
  );
  return {
    person: person ?? null,
    left: inUse.size,
    able: ableMembers({ ...facts, authenticators }).length,
    threshold: committeeInForce(facts).threshold,
    versions: held
      .valueSeq()
      .map(({ model, version }) => versionKey(model, version))
      .toArray(),
  };
}
