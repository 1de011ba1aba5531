import { type Appraisal, parseAppraisal } from '../../src/core/attest/appraisal.ts';
import { endorsementsBytes } from '../../src/core/attest/endorsements.ts';
import { type Evidence, gpuNonce, type HostBinding, parseEvidence } from '../../src/core/attest/evidence.ts';
import { type Request, requestDigest } from '../../src/core/attest/request.ts';
import { type Hex, toBase64url, toHex } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { parseCheckpointText } from '../../src/core/log/checkpoint.ts';
import { parseNote } from '../../src/core/log/note.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { versionBase } from '../../src/core/state/checks/version.ts';
import type { ReleaseHost, StatementOf } from '../../src/core/statement/statement.ts';
import type { StatusView } from '../api/api.ts';
import { type PrincipalSession, proposeAsPrincipal, proposerOf } from '../principal/principal.ts';
import { groundOfStatus, statementHeader } from '../statements/header.ts';
import type { EvidenceCollector } from './collector.ts';
import { type HostKeys, kemOf, type PendingRelease, receiptKeyOf } from './pending-release.ts';
import { requirePlaceFor } from './target.ts';
import { AT_ONCE, type Turn } from './turn.ts';

/** The request. */
export interface ReleaseRequest {
  readonly model: string;
  readonly version: string;
  readonly purpose: 'serving' | 'evaluation';
  /** For the custodians: why, and under which ticket. */
  readonly reason: string;
  /** Milliseconds; null for the longest that policy allows. */
  readonly leaseMs: number | null;
  /**
   * Bytes of ciphertext for all hosts together; null for every file twice, and some to spare, as far as policy allows.
   */
  readonly bytes: bigint | null;
}

export interface RequestOptions {
  /** Given to this host, in its measured configuration. */
  readonly fingerprint: Hex;
  /** The folder for the weights; null if it is not known yet. */
  readonly folder?: string | null;
  /** How to wait where the vault has as many requests of this key as it takes; not at all unless given. */
  readonly turn?: Turn;
  readonly now: () => number;
  readonly random: RandomBytes;
}

/** A host's part of a request: its evidence with the vault's appraisal of it, and its one-time keys. */
interface Attested {
  readonly keys: HostKeys;
  readonly named: ReleaseHost;
}

/** All of it twice, for a host that has to begin anew; an eighth, and 4 MiB: what broken connections may cost it. */
const SPARE = { times: 2n, divisor: 8n, bytes: 4n << 20n };

/** The vault's codes for a request that has waited too long for its turn. */
const GONE_STALE: readonly Code[] = ['challenge_unknown', 'nonce_stale', 'wrong_policy'];

/**
 * Asks for a release to the hosts that the collectors speak for: opens a request, makes one-time keys, has the
 * evidence appraised, and proposes the statement. The keys that come back are all that can ever use it.
 *
 * A requester does not replay the log; what it takes from the vault's status here, every custodian compares
 * with the log. Throws `version_unknown`, `digest_mismatch` and `wrong_vault` for a vault that answers for
 * another request, `storage_full` before anything is asked for where `folder` has no room, `appraisal_failed` with the
 * rule, and the vault's codes. Where its turn comes only after what it had appraised has gone stale, it begins anew.
 */
export async function requestRelease(
  session: PrincipalSession,
  request: ReleaseRequest,
  collectors: readonly EvidenceCollector[],
  options: RequestOptions,
): Promise<PendingRelease> {
  for (;;) {
    let hasWaited = false;
    const turn: Turn = (act) =>
      (options.turn ?? AT_ONCE)(async () => {
        try {
          return await act();
        } catch (error) {
          hasWaited ||= error instanceof TwinlockError && error.code === 'rate_limited';
          throw error;
        }
      });
    try {
      return await requestOnce(session, request, collectors, { ...options, turn });
    } catch (error) {
      if (!(hasWaited && error instanceof TwinlockError && GONE_STALE.includes(error.code))) throw error;
    }
  }
}

async function requestOnce(
  session: PrincipalSession,
  request: ReleaseRequest,
  collectors: readonly EvidenceCollector[],
  options: RequestOptions & { readonly turn: Turn },
): Promise<PendingRelease> {
  const { fingerprint, folder = null, turn } = options;
  const status = await turn(() => session.api.status());
  must(
    status.fingerprint === fingerprint,
    'wrong_vault',
    `expected the vault ${fingerprint}, got ${status.fingerprint}`,
  );
  const version = versionIn(status, request);
  // Checked before the custodians are asked: without room, or without permission to write there, the release would be
  // useless.
  if (folder !== null) await requirePlaceFor(folder, Number(version.bytes));
  const created = options.now();
  const binding = await open(session, request, collectors.length, options);
  const hosts: Attested[] = [];
  for (const [host, collector] of collectors.entries()) {
    hosts.push(await attest(session, host, collector, binding, options));
  }
  const { digest, statement } = await turn(async () => {
    // Made anew each time: a wait counts against no statement's time.
    const statement = statementOf(session, request, binding.request, version, status, hosts, options);
    // The vault has kept the objects that the statement names since it appraised them.
    return { ...(await proposeAsPrincipal(session, statement)), statement };
  });
  return {
    vault: fingerprint,
    release: digest,
    model: request.model,
    version: request.version,
    created,
    expires: statement.expires,
    hosts: hosts.map(({ keys }) => keys),
  };
}

type VersionView = StatusView['versions'][number];

function versionIn({ versions }: StatusView, { model, version }: ReleaseRequest): VersionView {
  const found = versions.find((candidate) => candidate.model === model && candidate.version === version);
  must(found !== undefined, 'version_unknown', `${model}@${version} has not been deposited`);
  return found;
}

/** The parts of every host's nonce. */
type SharedBinding = Omit<HostBinding, 'kem' | 'receiptKey' | 'gpu'>;

async function open(
  { api, principal }: PrincipalSession,
  { model, version, purpose }: ReleaseRequest,
  hosts: number,
  { fingerprint, now, random, turn }: RequestOptions & { readonly turn: Turn },
): Promise<SharedBinding> {
  const fields = { model, version, purpose, hosts, nonce: toHex(random(32)), created: now() };
  const request: Request = { v: 1, kind: 'request', vault: fingerprint, requester: principal.key, ...fields };
  const opened = await turn(() => api.openRequest(fields));
  const expected = requestDigest(request);
  must(opened.request === expected, 'digest_mismatch', `expected the request ${expected}, got ${opened.request}`);
  // Its signature is the custodians' to check: they know the log's key, and the evidence binds these values.
  const { origin, size, root } = parseCheckpointText(parseNote(opened.checkpoint).text);
  const checkpoint = { origin, size, root: toHex(root) };
  return { vault: fingerprint, request, checkpoint, random: opened.random };
}

async function attest(
  { api }: PrincipalSession,
  hostIndex: number,
  collector: EvidenceCollector,
  shared: SharedBinding,
  { random, turn }: RequestOptions & { readonly turn: Turn },
): Promise<Attested> {
  const seeds = { kemSeed: random(32), receiptSeed: random(32) };
  const { publicKey } = kemOf(seeds);
  const receiptKey = receiptKeyOf(seeds);
  const keys = { ...shared, kem: toBase64url(publicKey), receiptKey };
  // The GPUs first: the CPU's report then binds what they said.
  const binding: HostBinding = { ...keys, gpu: await collector.gpu(gpuNonce(keys)) };
  const { report, endorsements: brought } = await collector.collect(binding);
  const document: Evidence = { v: 1, kind: 'evidence', ...binding, report };
  const evidenceBytes = canonicalBytes(document);
  const { digest } = parseEvidence(evidenceBytes);
  const shown = { evidence: evidenceBytes, endorsements: endorsementsBytes(brought) };
  const { appraisal, endorsements } = await turn(() => api.appraise(requestDigest(shared.request), shown));
  const { label } = passes(hostIndex, appraisal, digest, digestOf(endorsements));
  const named = { label, kem: digestOf(publicKey), receiptKey, evidence: digest };
  return {
    keys: { host: hostIndex, ...seeds, evidence: digest },
    named: { ...named, endorsements: digestOf(endorsements), appraisal: digestOf(appraisal) },
  };
}

/** The vault refuses what fails; this is for one that does not. */
function passes(hostIndex: number, bytes: Uint8Array, evidenceDigest: Hex, endorsementsDigest: Hex): Appraisal {
  const { appraisal } = parseAppraisal(bytes);
  const isOfBoth = appraisal.evidence === evidenceDigest && appraisal.endorsements === endorsementsDigest;
  must(isOfBoth, 'appraisal_mismatch', `host ${hostIndex}: the appraisal is of other evidence or endorsements`);
  if (appraisal.verdict === 'pass') return appraisal;
  const failed = appraisal.rules.find(({ pass }) => !pass);
  const why =
    failed === undefined ? 'no rule was checked' : `${failed.rule}: expected ${failed.expected}, got ${failed.got}`;
  throw new TwinlockError('appraisal_failed', `host ${hostIndex}: ${why}`, {
    host: hostIndex,
    rule: failed?.rule ?? '',
  });
}

function statementOf(
  session: PrincipalSession,
  { model, version, purpose, reason, leaseMs, bytes }: ReleaseRequest,
  request: Request,
  { manifest, commitments, bytes: versionBytes }: VersionView,
  status: StatusView,
  hosts: readonly Attested[],
  { fingerprint, now, random }: RequestOptions,
): StatementOf<'release'> {
  const { limits } = status;
  const named = { model, version, manifest, commitments };
  const base = versionBase(fingerprint, named);
  const lifetime = { base, nowMs: now(), lifetimeMs: limits.proposalMs, random };
  return {
    ...statementHeader(groundOfStatus(fingerprint, status), lifetime),
    proposer: proposerOf(session),
    kind: 'release',
    request: requestDigest(request),
    ...named,
    purpose,
    reason,
    hosts: hosts.map((host) => host.named),
    leaseMs: leaseMs ?? limits.leaseMs,
    bytes: String(bytes ?? budget(BigInt(versionBytes), hosts.length, limits)),
  };
}

function budget(versionBytes: bigint, hosts: number, { bytesPerRelease, bytesPerDay }: StatusView['limits']): bigint {
  const each = SPARE.times * versionBytes + versionBytes / SPARE.divisor + SPARE.bytes;
  const whole = each * BigInt(hosts);
  return [BigInt(bytesPerRelease), BigInt(bytesPerDay)].reduce(
    (least, limit) => (limit < least ? limit : least),
    whole,
  );
}
