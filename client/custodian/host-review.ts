import { type Appraisal, parseAppraisal } from '../../src/core/attest/appraisal.ts';
import { appraise } from '../../src/core/attest/appraise.ts';
import { parseEvidence } from '../../src/core/attest/evidence.ts';
import { NOT_REACHED } from '../../src/core/attest/findings.ts';
import { fromBase64url, type Hex } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { must } from '../../src/core/errors.ts';
import type { Facts } from '../../src/core/state/state.ts';
import type { ReleaseHost, StatementOf } from '../../src/core/statement/statement.ts';
import type { Verify } from '../replay.ts';
import type { Replica } from '../replica.ts';
import type { Obstacle } from './obstacles.ts';

/** One host of a release: what it shows of itself, appraised again by this workstation. */
export interface HostReview {
  /** Its place in the statement. */
  readonly position: number;
  /** From the enrolled chip or key, never from what the host says of itself. */
  readonly label: string;
  /** The host's one-time KEM key, 1,216 bytes: what a share would be sealed to. */
  readonly kem: Uint8Array;
  readonly evidence: Hex;
  /** At the vault's instant: the appraisal that the statement names, reached again. */
  readonly atVault: Appraisal;
  /** At this workstation's own clock. */
  readonly atOwnClock: Appraisal;
  readonly obstacles: readonly Obstacle[];
}

/** Appraises every host of a release. Throws `object_missing`, `object_mismatch`, `binding_mismatch`. */
export async function appraiseHosts(
  replica: Replica,
  { hosts }: StatementOf<'release'>,
  nowMs: number,
  verify: Verify,
): Promise<readonly HostReview[]> {
  const objects = await replica.objects(hosts.flatMap((host) => [host.evidence, host.endorsements, host.appraisal]));
  const at = { objects, nowMs, verify };
  return Promise.all(hosts.map((host, position) => appraiseHost(replica.facts, host, position, at)));
}

async function appraiseHost(
  facts: Facts,
  host: ReleaseHost,
  position: number,
  { objects, nowMs, verify }: { objects: ReadonlyMap<Hex, Uint8Array>; nowMs: number; verify: Verify },
): Promise<HostReview> {
  const evidence = objects.get(host.evidence) as Uint8Array;
  const { appraisal } = parseAppraisal(objects.get(host.appraisal) as Uint8Array);
  const kem = fromBase64url(parseEvidence(evidence).evidence.kem);
  must(digestOf(kem) === host.kem, 'binding_mismatch', `host ${position}: its evidence binds another KEM key`);
  const endorsements = objects.get(host.endorsements) as Uint8Array;
  const input = { evidence, endorsements, referenceValues: facts.policy.document.referenceValues };
  const atVault = await appraise({ ...input, instantMs: appraisal.instant }, verify);
  const atOwnClock = await appraise({ ...input, instantMs: nowMs }, verify);
  const obstacles = [...mismatch(host, position, atVault), ...failures(position, atVault, atOwnClock)];
  return { position, label: atVault.label, kem, evidence: host.evidence, atVault, atOwnClock, obstacles };
}

function mismatch(host: ReleaseHost, position: number, reached: Appraisal): readonly Obstacle[] {
  if (digestOf(canonicalBytes(reached)) === host.appraisal) return [];
  const message = `host ${position}: this workstation reaches another appraisal than the statement names`;
  return [{ code: 'appraisal_mismatch', message }];
}

/** Each failed rule once, and when it fails: what has run out in between fails at this workstation's clock alone. */
function failures(position: number, atVault: Appraisal, atOwnClock: Appraisal): readonly Obstacle[] {
  const [then, now] = [failedRules(atVault), failedRules(atOwnClock)];
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
