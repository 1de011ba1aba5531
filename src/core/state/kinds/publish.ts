import { must } from '../../errors.ts';
import type { StatementOf } from '../../statement/statement.ts';
import { versionBase, versionOf } from '../checks/version.ts';
import { releaseOf } from '../lifecycle.ts';
import { policyOf } from '../policies.ts';
import type { Facts } from '../state.ts';
import { isQuarantined, isReleasable } from '../versions.ts';
import type { Effect } from './kind.ts';

/** Makes a quarantined version releasable: two-person integrity. */
export const publishEffect: Effect<StatementOf<'publish'>> = {
  base: (facts, statement) => versionBase(facts.vault, versionOf(facts, statement)),
  barred: (facts, statement) => [statement.proposer.person, versionOf(facts, statement).owner],
  propose(facts, statement) {
    requireQuarantined(facts, statement);
    requireEvaluation(facts, statement);
    return { facts, claims: [] };
  },
  overtaken(facts, statement) {
    const version = facts.versions.get(statement.manifest);
    if (version === undefined || isQuarantined(version)) return null;
    return isReleasable(version) ? 'version_published' : 'version_withdrawn';
  },
  approve(facts, statement, credential) {
    const confirmed = versionOf(facts, statement).confirmed.includes(credential);
    must(
      confirmed,
      'custody_missing',
      'expected a custody receipt of this authenticator first: open and check your share',
    );
  },
  execute(facts, statement) {
    requireQuarantined(facts, statement);
    const version = versionOf(facts, statement);
    return {
      ...facts,
      versions: facts.versions.set(version.manifest, {
        ...version,
        phase: 'releasable',
      }),
    };
  },
};

function requireQuarantined(facts: Facts, statement: StatementOf<'publish'>): void {
  const version = versionOf(facts, statement);
  must(isQuarantined(version), 'version_not_quarantined', `expected a quarantined version, got a ${version.phase} one`);
}

/** A publication cites the receipt of an evaluation of this version if policy requires it. */
function requireEvaluation(facts: Facts, statement: StatementOf<'publish'>): void {
  const { evaluation, modelSignature } = policyOf(facts, statement).document.publication;
  const release = statement.evaluation === null ? null : releaseOf(facts, statement.evaluation);
  const cited =
    release !== null && release.statement.purpose === 'evaluation' && release.statement.manifest === statement.manifest
      ? release.receipts
      : [];
  must(
    statement.evaluation === null || cited.length > 0,
    'evaluation_missing',
    'publish.evaluation: expected an evaluation release of this version that has a receipt',
  );
  must(
    !evaluation || cited.some((receipt) => receipt.evaluation !== null),
    'evaluation_missing',
    'policy wants a receipt with an evaluation report: release the version for evaluation first',
  );
  must(
    !modelSignature || cited.some((receipt) => receipt.modelSignature !== null),
    'model_signature_missing',
    'policy wants a receipt that says the model signature was verified',
  );
}
