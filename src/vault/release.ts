import { parseEvidence } from '../core/attest/evidence.ts';
import { fromBase64url, type Hex, wipe } from '../core/bytes.ts';
import { digestOf } from '../core/canonical.ts';
import { sealToken, TOKEN_BYTES } from '../core/envelope/token.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { currentPrincipal } from '../core/state/checks/signatures.ts';
import { currentTally } from '../core/state/entries/approval.ts';
import { requireCurrent } from '../core/state/entries/proposal.ts';
import { judgeRelease } from '../core/state/entries/release.ts';
import { ENDS, endMs, isApproved, isEnd, isOpen, type ReleaseProposal, releaseOf } from '../core/state/lifecycle.ts';
import { requireRunning } from '../core/state/running.ts';
import type { Facts } from '../core/state/state.ts';
import { isWithdrawnUnder } from '../core/state/versions.ts';
import type { Consequence, Pause } from './act.ts';
import type { Context } from './context.ts';
import type { TokenRow } from './ports.ts';

/**
 * What releases a proposal that has its quorum: the entry `release`, which is the durable intent, before anything is
 * handed out, and a token for each host. Null for any other. Throws what stands in the way: a stop, the day's budget.
 */
export async function grantOf(
  context: Context,
  facts: Facts,
  digest: Hex,
  timeMs: number,
  pause: Pause,
): Promise<Consequence | null> {
  const proposal = approvedRelease(facts, digest);
  if (proposal === null) return null;
  requireReady(context, facts, digest, timeMs);
  const tokens = await tokensFor(context, proposal, timeMs + proposal.statement.leaseMs, pause);
  return { tokens, drafts: [{ kind: 'release', body: { proposal: digest } }] };
}

/** Asks the rule before any token is sealed: what has to wait is tried again every few seconds. */
function requireReady({ recorder }: Context, facts: Facts, proposalDigest: Hex, time: number): void {
  const place = { v: 1, index: recorder.size, time, prev: '', grade: facts.genesis.grade } as const;
  judgeRelease(facts, { ...place, kind: 'release', body: { proposal: proposalDigest } });
}

function approvedRelease(facts: Facts, digest: Hex): ReleaseProposal | null {
  const release = releaseOf(facts, digest);
  return release !== null && isApproved(release) ? release : null;
}

/** A bearer token for each host, sealed to its one-time key: the vault keeps the hash and the sealed form. */
async function tokensFor(
  context: Context,
  { digest, statement }: ReleaseProposal,
  expires: number,
  pause: Pause,
): Promise<TokenRow[]> {
  const { vault } = context.recorder.facts;
  const evidence = await context.log.objects(statement.hosts.map((host) => host.evidence));
  const rows: TokenRow[] = [];
  for (const [host, { evidence: name }] of statement.hosts.entries()) {
    const bytes = evidence.get(name);
    must(bytes !== undefined, 'object_missing', `the evidence ${name} is not beside the log`);
    await pause();
    const kem = fromBase64url(parseEvidence(bytes).evidence.kem);
    const token = context.random(TOKEN_BYTES);
    const sealed = await sealToken({ vault, statement: digest }, kem, token, context.random);
    rows.push({ hash: digestOf(token), release: digest, host, manifest: statement.manifest, sealed, expires });
    wipe(token);
  }
  return rows;
}

/** When to ask again where the lease is over by a clock that no custodian has confirmed. */
const ASK_AGAIN_MS = 5_000;

/**
 * A release that is served today. Throws `proposal_unknown`, `quorum_missing`, `unavailable` (approved, but it has
 * to wait; or the lease is over by a clock that is not confirmed), `wrong_policy` (approved under another than is in
 * force), `lease_over`, the code of how it ended (core/state/lifecycle), `storage_corrupt` (`Recorder.requireSound`),
 * `vault_stopped`, `principal_retired` or `version_withdrawn`.
 */
export function liveRelease({ recorder, watch }: Pick<Context, 'recorder' | 'watch'>, digest: Hex): ReleaseProposal {
  recorder.requireSound();
  const { facts } = recorder;
  const proposal = releaseOf(facts, digest);
  must(proposal !== null, 'proposal_unknown', `there is no release ${digest}`);
  const { phase } = proposal;
  if (isOpen(proposal)) {
    must(isApproved(proposal), 'quorum_missing', 'the release is open: wait for its approvals');
    requireCurrent(facts, proposal.statement);
    const { reached } = currentTally(facts, proposal);
    must(reached, 'quorum_missing', 'an approver’s security key has been retired since: wait for another approval');
    throw new TwinlockError('unavailable', 'the release is approved, and waits for a resumption or the day’s budget');
  }
  if (isEnd(phase)) throw new TwinlockError(...ENDS[phase]);
  if (watch.overMs(facts.attestedMs) > endMs(proposal)) throw new TwinlockError(...ENDS.ended);
  // A host that is refused for a wrong clock asks again: nothing has ended.
  must(
    watch.latestMs(facts.attestedMs) <= endMs(proposal),
    'unavailable',
    'the lease is over by the vault’s clock, which no custodian has confirmed: ask again once it is',
    { retryAfterMs: ASK_AGAIN_MS },
  );
  must(
    !recorder.isStopUnsigned,
    'unavailable',
    'a stop waits for the signer of the log: ask again once it is recorded',
    { retryAfterMs: ASK_AGAIN_MS },
  );
  requireRunning(facts);
  currentPrincipal(facts, proposal.statement.proposer.key);
  const isWithdrawn = isWithdrawnUnder(facts, proposal.statement.manifest);
  must(!isWithdrawn, 'version_withdrawn', 'the version has been withdrawn: request another');
  return proposal;
}
