import { type Appraisal, parseAppraisal } from '../../src/core/attest/appraisal.ts';
import { appraise } from '../../src/core/attest/appraise.ts';
import { parseEvidence } from '../../src/core/attest/evidence.ts';
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
  const obstacles = [
    ...mismatch(host, position, atVault),
    ...failures(position, 'at the vault’s instant', atVault),
    ...failures(position, 'at this workstation’s clock', atOwnClock),
  ];
  return { position, label: atVault.label, kem, evidence: host.evidence, atVault, atOwnClock, obstacles };
}

function mismatch(host: ReleaseHost, position: number, reached: Appraisal): readonly Obstacle[] {
  if (digestOf(canonicalBytes(reached)) === host.appraisal) return [];
  const message = `host ${position}: this workstation reaches another appraisal than the statement names`;
  return [{ code: 'appraisal_mismatch', message }];
}

function failures(position: number, when: string, { rules, verdict }: Appraisal): readonly Obstacle[] {
  const failed = rules.filter((rule) => !rule.pass);
  if (verdict === 'pass') return [];
  if (failed.length === 0) return [{ code: 'appraisal_failed', message: `host ${position}: no rule was checked` }];
  return failed.map(({ rule, expected, got }) => ({
    code: 'appraisal_failed',
    message: `host ${position}, ${when}: ${rule}: expected ${expected}, got ${got}`,
  }));
}
