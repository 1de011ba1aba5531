import { fromBase64url, type Hex } from '../bytes.ts';
import { must } from '../errors.ts';
import type { EntryOf } from '../log/entry.ts';
import { parseAs } from '../schema.ts';
import { commitmentsDigest } from '../share/commitments.ts';
import { parseStatement, type StatementOf } from '../statement/statement.ts';
import type { ManifestCore } from '../weights/manifest.ts';
import { judge } from './apply.ts';
import { authorityChain, type ChainCheckpoint, entriesOf, historyOfPrefixes, objectsOf } from './authority-chain.ts';
import type { History } from './chain.ts';
import { tally } from './checks/quorum.ts';
import { currentAuthenticator, proposerClaim } from './checks/signatures.ts';
import { versionBase } from './checks/version.ts';
import { committeeOf } from './committees.ts';
import { approvalClaim, requireCheckpointOfLog, requireMayVote } from './entries/approval.ts';
import { requireForCommittee } from './entries/deposit.ts';
import { requireMadeUnder, requireOfThisVault, requireUnexpired } from './entries/proposal.ts';
import { requireReached } from './entries/release.ts';
import { type Claim, MAX_SKEW_MS, requireWithinSkew } from './judgement.ts';
import { effectOf } from './kinds/table.ts';
import { manifestObject, type Objects, objectOf } from './objects.ts';
import { parseRoster, type Roster } from './roster.ts';
import type { Committee, Facts, LogPlace, Proposal, Vote } from './state.ts';

type ReleaseStatement = StatementOf<'release'>;

/** The facts that an authority chain proves to a host, once its claims have been discharged. */
export interface VerifiedAuthority extends Pick<Facts, 'vault' | 'genesis' | 'committee' | 'persons'> {
  /** The authenticators of genesis. One that an approver did not find in use is retired. */
  readonly authenticators: Facts['authenticators'];
  /** Each approver's roster of the log. At least one is true, because at least one approver is honest. */
  readonly rosters: readonly Roster[];
  /** The latest time that an approver signed, in milliseconds. */
  readonly attestedMs: number;
  readonly release: Pick<Proposal<ReleaseStatement>, 'digest' | 'statement' | 'votes'> & {
    readonly executed: LogPlace;
  };
  readonly core: ManifestCore;
  readonly checkpoint: ChainCheckpoint;
}

/**
 * Checks an attacker-controlled authority chain: *no proof, no weights*. Why what it shows is enough, and what it does
 * not show, is in FORMAT.md.
 *
 * Every entry is in the log that the genesis key signed, and the genesis is the fingerprint's. The release's approvals
 * are a quorum by the committee of genesis, and by the roster that each approver signed. The caller discharges the claims
 * before it uses anything. Throws as `entriesOf` and `historyOfPrefixes`, and the code of the rule that is broken.
 */
export function verifyAuthority(
  value: unknown,
  fingerprint: Hex,
  releaseDigest: Hex,
): { readonly authority: VerifiedAuthority; readonly claims: readonly Claim[] } {
  const chain = parseAs(authorityChain, value, 'authority');
  const { checkpoint, genesis, proposal, approvals, granted } = entriesOf(chain, fingerprint, releaseDigest);
  const objects = objectsOf(chain);
  const history = historyOfPrefixes(chain, checkpoint);
  const founded = judge(null, genesis, objects, history);
  const { facts } = founded;
  for (const { grade, index } of [proposal, ...approvals, granted]) {
    must(grade === facts.genesis.grade, 'wrong_grade', `entry ${index}: expected grade ${facts.genesis.grade}`);
  }
  const { statement, core } = requireStatement(facts, proposal, objects);
  const voted = requireVotes(facts, { statement, index: proposal.index }, approvals, history);
  const attestedMs = Math.max(...approvals.map(({ body }) => body.time));
  requireGranted(statement, granted, attestedMs);
  const rosters = rostersOf(approvals, objects);
  requireQuorum(facts, statement, voted.votes, rosters);
  const signable = { label: 'propose', vault: facts.vault, statement: releaseDigest } as const;
  const claims = [proposerClaim(facts, statement.proposer, signable, proposal.body.signature), ...voted.claims];
  const { vault, persons } = facts;
  // In one roster at least: one that a dishonest approver has signed must not silence another person's stop.
  const isInUse = ({ credential }: { credential: string }) =>
    rosters.some((r) => r.authenticators.includes(credential));
  return {
    claims: [...founded.claims, ...claims],
    authority: {
      vault,
      genesis: facts.genesis,
      committee: committeeOf(facts, statement),
      persons,
      authenticators: facts.authenticators.map((one) => (isInUse(one) ? one : { ...one, retiredAt: granted.index })),
      rosters,
      attestedMs,
      release: {
        digest: releaseDigest,
        statement,
        votes: voted.votes,
        executed: { index: granted.index, time: granted.time },
      },
      core,
      checkpoint,
    },
  };
}

/** It is of this vault, committee and epoch, and the manifest is the one that it names. */
function requireStatement(facts: Facts, { body }: EntryOf<'proposal'>, objects: Objects) {
  const statement = parseStatement(body.statement);
  must(
    statement.kind === 'release',
    'proposal_unknown',
    `expected a release, got a statement of kind ${statement.kind}`,
  );
  requireOfThisVault(facts, statement);
  // The approvers' rosters say which policy is in force.
  const committee = committeeOf(facts, statement);
  const base = versionBase(facts.vault, statement);
  must(statement.base === base, 'wrong_base', `expected base ${base}, got ${statement.base}`);
  const core = manifestObject(objects, statement.manifest);
  requireForCommittee(committee, core);
  const isSame =
    core.vault === facts.vault &&
    core.model === statement.model &&
    core.version === statement.version &&
    commitmentsDigest(core.commitments.map(fromBase64url)) === statement.commitments;
  must(isSame, 'manifest_mismatch', 'the manifest is of another version than the statement names');
  return { statement, core };
}

/**
 * Each approval is of a custodian who may vote, by an authenticator of theirs, over a log that this one goes on from.
 */
function requireVotes(
  facts: Facts,
  { statement, index }: Pick<Proposal<ReleaseStatement>, 'statement' | 'index'>,
  approvals: readonly EntryOf<'approval'>[],
  history: History,
): { readonly votes: readonly Vote[]; readonly claims: readonly Claim[] } {
  const votes: Vote[] = [];
  const claims = approvals.map((entry) => {
    const { body, time } = entry;
    requireUnexpired(statement, Math.max(time, body.time));
    requireWithinSkew(body.time, time, 'the approver’s clock');
    requireMayVote(facts, { statement, votes }, body.person);
    requireCheckpointOfLog(facts, index, body.checkpoint, history);
    const { person, credential, decision, reason } = body;
    votes.push({ person, credential, decision, reason, index: entry.index, time });
    return approvalClaim(facts, currentAuthenticator(facts, person, credential), body);
  });
  return { votes, claims };
}

/** The vault has recorded that it hands out the shares, in time. */
function requireGranted(statement: ReleaseStatement, { index, time }: EntryOf<'release'>, attestedMs: number): void {
  requireUnexpired(statement, time);
  const earliest = attestedMs - MAX_SKEW_MS;
  must(time >= earliest, 'time_backwards', `entry ${index}: expected a time of at least ${earliest}, got ${time}`);
}

/** Each once. */
function rostersOf(approvals: readonly EntryOf<'approval'>[], objects: Objects): readonly Roster[] {
  const digests = new Set(approvals.map(({ body }) => body.roster));
  return [...digests].map((digest) => parseRoster(objectOf(objects, digest, 'roster')));
}

/** One approver at least is honest, and signed a true roster: so the quorum must be there by every one of them. */
function requireQuorum(
  facts: Facts,
  statement: ReleaseStatement,
  votes: readonly Vote[],
  rosters: readonly Roster[],
): void {
  const committee = committeeOf(facts, statement);
  const barred = effectOf(statement).barred(facts, statement);
  // Also where there is no roster, since there is no approval.
  requireReached(tally(committee, [], barred, votes));
  for (const roster of rosters) {
    requireRosterAllows(roster, committee, statement, votes);
    requireReached(tally(committee, roster.groups, barred, votes));
  }
}

function requireRosterAllows(
  { committee: named, epoch, policy, stopped, authenticators }: Roster,
  committee: Committee,
  statement: ReleaseStatement,
  votes: readonly Vote[],
): void {
  must(named === committee.id, 'wrong_committee', `roster: expected committee ${committee.id}, got ${named}`);
  requireMadeUnder({ epoch, policy }, statement);
  must(!stopped, 'vault_stopped', 'an approver found the vault stopped');
  const gone = votes.find(({ credential }) => !authenticators.includes(credential));
  must(
    gone === undefined,
    'quorum_missing',
    `the authenticator of person ${gone?.person} had been retired when another custodian approved`,
  );
}
