import type { Appraisal } from '../../attest/appraisal.ts';
import { parseEndorsements } from '../../attest/endorsements.ts';
import { type Evidence, parseEvidence } from '../../attest/evidence.ts';
import { isHardware } from '../../attest/production.ts';
import { requestDigest } from '../../attest/request.ts';
import { fromBase64url, type Hex } from '../../bytes.ts';
import { digestOf, digestOfObject } from '../../canonical.ts';
import { counted } from '../../counted.ts';
import { must, TwinlockError } from '../../errors.ts';
import type { ReleaseHost, StatementOf } from '../../statement/statement.ts';
import type { History } from '../chain.ts';
import { tally, validVotes } from '../checks/quorum.ts';
import { currentPrincipal } from '../checks/signatures.ts';
import { versionBase, versionOf } from '../checks/version.ts';
import { committeeInForce } from '../committees.ts';
import type { Claim, Surroundings } from '../judgement.ts';
import { isOpen } from '../lifecycle.ts';
import { appraisalObject, objectOf } from '../objects.ts';
import { isPolicyInForce, type NamedPolicy, policyOf } from '../policies.ts';
import { requireRunning } from '../running.ts';
import type { Facts } from '../state.ts';
import { isReleasable, isWithdrawnUnder, isWithdrawnVersion } from '../versions.ts';
import { requireInWindow } from '../window.ts';
import type { Effect, ProposedAt } from './kind.ts';
import { publishEffect } from './publish.ts';

type ReleaseStatement = StatementOf<'release'>;

/** A host's nonce and its appraisal may be this old when the release is proposed. */
export const MAX_NONCE_AGE_MS = 15 * 60_000;

/** Hands a version's shares to attested hosts, by an entry of its own once the quorum is there. */
export const releaseEffect: Effect<ReleaseStatement> = {
  base: (facts, statement) => versionBase(facts.vault, versionOf(facts, statement)),
  barred: (_facts, { proposer }) => [proposer.person],
  propose(facts, statement, entry, surroundings) {
    requireReleasable(facts, statement);
    requireLimits(facts, statement);
    const claims = statement.hosts.map((host, i) => requireAppraised(facts, statement, host, i, entry, surroundings));
    return { claims, facts: { ...facts, ...remembered(facts, statement, entry) } };
  },
  overtaken(facts, { proposer, manifest }) {
    const retiredAt = facts.principals.get(proposer.key)?.retiredAt ?? null;
    if (retiredAt !== null) return 'machine_retired';
    return isWithdrawnUnder(facts, manifest) ? 'version_withdrawn' : null;
  },
  approve(facts, statement) {
    requireReleasable(facts, statement);
  },
  // judgeRelease is what executes it.
  execute: (facts) => facts,
};

/**
 * Refuses a release while the vault is stopped, to a retired key, or of a quarantined version except for evaluation.
 */
export function requireReleasable(facts: Facts, statement: ReleaseStatement): void {
  requireRunning(facts);
  currentPrincipal(facts, statement.proposer.key);
  const version = versionOf(facts, statement);
  must(!isWithdrawnVersion(version), 'version_withdrawn', 'the version has been withdrawn');
  if (isReleasable(version) || statement.purpose === 'evaluation') return;
  const next = publicationText(facts, statement);
  throw new TwinlockError('version_quarantined', `a quarantined version is released for evaluation only: ${next}`);
}

/** Names the latest open publication, which a requester does not see. An overtaken publication cannot take effect. */
function publicationText(facts: Facts, { manifest }: ReleaseStatement): string {
  for (const proposal of facts.proposals.valueSeq().sortBy(({ index }) => -index)) {
    const { statement, digest, votes } = proposal;
    if (!isOpen(proposal) || statement.kind !== 'publish' || statement.manifest !== manifest) continue;
    const committee = committeeInForce(facts);
    if (!isPolicyInForce(facts, statement.policy) || statement.epoch !== committee.epoch) continue;
    const { groups } = policyOf(facts, statement).document;
    const barred = publishEffect.barred(facts, statement);
    const { wanting, missingGroups } = tally(committee, groups, barred, validVotes(facts, votes));
    const from = missingGroups.length === 0 ? '' : `, from ${missingGroups.join(' and ')}`;
    const more = wanting === 0 ? 'an approval' : counted(wanting, 'more approval');
    return `its publication (digest ${digest}) waits for ${more}${from}: custodians approve it in their consoles`;
  }
  return 'publish it first';
}

function requireLimits(facts: Facts, statement: ReleaseStatement): void {
  const { hosts, leaseMs, bytes } = statement;
  const { limits } = policyOf(facts, statement).document;
  must(
    hosts.length <= limits.hosts,
    'limit_exceeded',
    `release.hosts: expected at most ${limits.hosts}, got ${hosts.length}`,
  );
  must(
    leaseMs <= limits.leaseMs,
    'limit_exceeded',
    `release.leaseMs: expected at most ${limits.leaseMs}, got ${leaseMs}`,
  );
  // More than a whole day's budget would be approved by people and released never.
  const [perRelease, perDay] = [BigInt(limits.bytesPerRelease), BigInt(limits.bytesPerDay)];
  const most = perRelease < perDay ? perRelease : perDay;
  must(BigInt(bytes) <= most, 'budget_exceeded', `release.bytes: expected at most ${most}, got ${bytes}`);
}

/**
 * A host's evidence, its endorsements and the appraisal of both, as objects beside the log; the appraisal is a claim.
 */
function requireAppraised(
  facts: Facts,
  statement: ReleaseStatement,
  host: ReleaseHost,
  position: number,
  entry: ProposedAt,
  { objects, history }: Surroundings,
): Claim {
  const evidenceBytes = objectOf(objects, host.evidence, 'evidence');
  const { evidence } = parseEvidence(evidenceBytes);
  const endorsementsBytes = objectOf(objects, host.endorsements, 'endorsements');
  parseEndorsements(endorsementsBytes);
  const appraisal = appraisalObject(objects, host.appraisal);
  must(
    isHardware(evidence.report.platform) || facts.genesis.grade === 'simulation',
    'evidence_simulated',
    'a production vault refuses simulated evidence',
  );
  requireEvidenceOfRequest(facts, statement, host, evidence);
  requireFreshNonce(facts, evidence, entry, history);
  requirePassing(policyOf(facts, statement), host, position, appraisal, entry.time);
  return {
    kind: 'appraisal',
    evidence: evidenceBytes,
    endorsements: endorsementsBytes,
    referenceValues: policyOf(facts, statement).document.referenceValues,
    instantMs: appraisal.instant,
    expected: host.appraisal,
  };
}

function requireEvidenceOfRequest(
  facts: Facts,
  statement: ReleaseStatement,
  host: ReleaseHost,
  evidence: Evidence,
): void {
  const { request } = evidence;
  must(
    evidence.vault === facts.vault && request.vault === facts.vault,
    'wrong_vault',
    'evidence: made for another vault',
  );
  const same =
    requestDigest(request) === statement.request &&
    request.requester === statement.proposer.key &&
    request.model === statement.model &&
    request.version === statement.version &&
    request.purpose === statement.purpose &&
    request.hosts === statement.hosts.length;
  must(same, 'binding_mismatch', 'evidence: made for another request than the one that the statement names');
  const keys = digestOf(fromBase64url(evidence.kem)) === host.kem && evidence.receiptKey === host.receiptKey;
  must(keys, 'binding_mismatch', 'evidence: binds other keys than the statement names');
}

/**
 * The nonce binds a checkpoint of this log that was still the last one a short while ago: nothing that followed it is
 * dated otherwise. The vault dates what it records alone as it likes; what custodians sign, it cannot.
 */
function requireFreshNonce(
  facts: Facts,
  { checkpoint }: Evidence,
  { index, time }: ProposedAt,
  history: History,
): void {
  const { origin } = facts.genesis.log;
  must(
    checkpoint.origin === origin,
    'foreign_checkpoint',
    `evidence.checkpoint: expected ${origin}, got ${checkpoint.origin}`,
  );
  requireInWindow(checkpoint.size, index, 'nonce_stale', 'evidence.checkpoint is too old, open the request anew');
  const root = history.rootAt(checkpoint.size);
  must(
    root === checkpoint.root,
    'foreign_checkpoint',
    `evidence.checkpoint: not the root of this log at ${checkpoint.size}`,
  );
  for (const followedMs of history.timesSince(checkpoint.size)) {
    // Either way: what was dated by a clock that was ahead would be fresh until that time has come.
    must(
      Math.abs(time - followedMs) <= MAX_NONCE_AGE_MS,
      'nonce_stale',
      'evidence.checkpoint: too old, open the request anew',
    );
  }
}

function requirePassing(
  policy: NamedPolicy,
  host: ReleaseHost,
  position: number,
  appraisal: Appraisal,
  timeMs: number,
): void {
  must(
    appraisal.evidence === host.evidence,
    'binding_mismatch',
    'appraisal: of other evidence than the statement names',
  );
  must(
    appraisal.endorsements === host.endorsements,
    'binding_mismatch',
    'appraisal: with other endorsements than the statement names',
  );
  must(
    appraisal.referenceValues === digestOfObject(policy.document.referenceValues),
    'wrong_policy',
    'appraisal: against other reference values than policy has',
  );
  const age = timeMs - appraisal.instant;
  must(
    age >= 0 && age <= MAX_NONCE_AGE_MS,
    'nonce_stale',
    'appraisal.instant: expected one of the last 15 minutes and not of the future, open the request anew',
  );
  must(appraisal.label === host.label, 'binding_mismatch', `expected the label ${appraisal.label}, got ${host.label}`);
  const failed = appraisal.rules.find((rule) => !rule.pass)?.rule ?? 'no rule was checked';
  must(appraisal.verdict === 'pass', 'appraisal_failed', `host ${position}: ${failed}`, {
    host: position,
    rule: failed,
  });
}

/**
 * One-time keys and evidence are for one release: what was named before is refused while evidence that old is taken.
 */
function remembered(
  facts: Facts,
  { hosts }: ReleaseStatement,
  { index }: ProposedAt,
): Pick<Facts, 'kemKeys' | 'evidence'> {
  const once = (named: Facts['kemKeys'], digest: Hex, code: 'kem_key_reused' | 'evidence_reused', what: string) => {
    must(!named.has(digest), code, `the ${what} ${digest} has been named before: every release takes new ones`);
    return named.set(digest, index);
  };
  return {
    evidence: hosts.reduce((named, host) => once(named, host.evidence, 'evidence_reused', 'evidence'), facts.evidence),
    kemKeys: hosts.reduce((named, host) => once(named, host.kem, 'kem_key_reused', 'KEM key'), facts.kemKeys),
  };
}
