import type { Appraisal } from '../../src/core/attest/appraisal.ts';
import { appraise } from '../../src/core/attest/appraise.ts';
import { parseEvidence } from '../../src/core/attest/evidence.ts';
import { NOT_REACHED } from '../../src/core/attest/kit/findings.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { fromBase64url, type Hex } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { must } from '../../src/core/errors.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import { appraisalObject, objectOf } from '../../src/core/state/objects.ts';
import type { ReleaseHost, StatementOf } from '../../src/core/statement/statement.ts';
import type { Replica } from '../log/replica.ts';
import type { Obstacle } from './obstacles.ts';
import { policyNamed } from './policy-named.ts';

/** One host of a release: what it shows of itself, appraised again by this workstation. */
export interface HostReview {
  /** Its place in the statement. */
  readonly position: number;
  /** From the enrolled chip or key, never from what the host says of itself. */
  readonly label: string;
  /** The host's one-time KEM key, 1,216 bytes: what a share would be sealed to. */
  readonly kem: Uint8Array;
  readonly evidence: Hex;
  /** At the vault's instant, under the policy that the statement names: its own appraisal, reached again. */
  readonly atVault: Appraisal;
  /** The same at this workstation's clock; null where none was asked for. */
  readonly atOwnClock: Appraisal | null;
  readonly obstacles: readonly Obstacle[];
}

/**
 * Appraises every host of a release under the policy that its statement names, not under the policy in force now. `nowMs`
 * is this workstation's clock where the release is still to be decided; of one that has been, null, since what has run
 * out later says nothing of what was right then. Throws `object_missing`, `object_mismatch`, `binding_mismatch`.
 */
export async function appraiseHosts(
  replica: Replica,
  { hosts, policy }: StatementOf<'release'>,
  nowMs: number | null,
  verify: Verify,
): Promise<readonly HostReview[]> {
  const { referenceValues } = await policyNamed(replica, policy);
  const objects = await replica.objects(hosts.flatMap((host) => [host.evidence, host.endorsements, host.appraisal]));
  const at = { referenceValues, objects, nowMs, verify };
  return Promise.all(hosts.map((host, position) => appraiseHost(host, position, at)));
}

interface Grounds {
  readonly referenceValues: ReferenceValues;
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  readonly nowMs: number | null;
  readonly verify: Verify;
}

async function appraiseHost(
  host: ReleaseHost,
  position: number,
  { referenceValues, objects, nowMs, verify }: Grounds,
): Promise<HostReview> {
  const evidenceBytes = objectOf(objects, host.evidence, 'evidence');
  const appraisal = appraisalObject(objects, host.appraisal);
  const kem = fromBase64url(parseEvidence(evidenceBytes).evidence.kem);
  must(digestOf(kem) === host.kem, 'binding_mismatch', `host ${position}: its evidence binds another KEM key`);
  const endorsementsBytes = objectOf(objects, host.endorsements, 'endorsements');
  const input = { evidence: evidenceBytes, endorsements: endorsementsBytes, referenceValues };
  const atVault = await appraise({ ...input, instantMs: appraisal.instant }, verify);
  const atOwnClock = nowMs === null ? null : await appraise({ ...input, instantMs: nowMs }, verify);
  const obstacles = [...mismatch(host, position, atVault), ...failures(position, atVault, atOwnClock)];
  return { position, label: atVault.label, kem, evidence: host.evidence, atVault, atOwnClock, obstacles };
}

function mismatch(host: ReleaseHost, position: number, reached: Appraisal): readonly Obstacle[] {
  if (digestOf(canonicalBytes(reached)) === host.appraisal) return [];
  const message = `host ${position}: this workstation reaches another appraisal than the statement names`;
  return [{ code: 'appraisal_mismatch', message }];
}

/** Each failed rule once, and when it fails: what has run out in between fails at this workstation's clock alone. */
function failures(position: number, atVault: Appraisal, atOwnClock: Appraisal | null): readonly Obstacle[] {
  const then = failedRules(atVault);
  const now = atOwnClock === null ? then : failedRules(atOwnClock);
  const both = then.filter(({ rule }) => now.some((failed) => failed.rule === rule)).map(({ rule }) => rule);
  const isOnce = ({ rule }: FailedRule) => !both.includes(rule);
  return [
    ...then.filter(({ rule }) => both.includes(rule)).map(({ why }) => why),
    ...then.filter(isOnce).map(({ why }) => `at the vault’s instant: ${why}`),
    ...now.filter(isOnce).map(({ why }) => `at this workstation’s clock: ${why}`),
  ].map((why) => ({ code: 'appraisal_failed', message: `host ${position}: ${why}` }));
}

interface FailedRule {
  readonly rule: string;
  readonly why: string;
}

/** A rule that was not reached is left out where another says why. */
function failedRules({ rules, verdict }: Appraisal): readonly FailedRule[] {
  if (verdict === 'pass') return [];
  const failed = rules.filter(({ pass }) => !pass);
  if (failed.length === 0) return [{ rule: '', why: 'no rule was checked' }];
  const reached = failed.filter(({ got }) => got !== NOT_REACHED);
  return (reached.length > 0 ? reached : failed).map(({ rule, expected, got }) => ({
    rule,
    why: `${rule}: expected ${expected}, got ${got}`,
  }));
}
