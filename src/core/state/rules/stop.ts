import { fromBase64url, type Hex, toHex, utf8, ZERO_32 } from '../../bytes.ts';
import { digestOf } from '../../canonical.ts';
import { must } from '../../errors.ts';
import type { EntryOf } from '../../log/entry.ts';
import { parseStatement, type StatementOf, statementDigest } from '../../statement/statement.ts';
import { type Judgement, withinSkew } from '../judgement.ts';
import type { Authenticator, Facts, Proposal } from '../state.ts';
import { isNew, isOfThisVault, isUnexpired, withProposal } from './proposal.ts';
import { currentPrincipal, proposerClaim } from './signatures.ts';

type Stop = StatementOf<'stop'>;

/**
 * Stopping needs one. Neither epoch nor policy is asked for: a stop that loses a race against a change would
 * be one that nobody can rely on.
 */
export function judgeStop(facts: Facts, entry: EntryOf<'stop'>): Judgement {
  const statement = parseStatement(entry.body.statement);
  must(statement.kind === 'stop', 'unknown_kind', `expected a statement of kind stop, got ${statement.kind}`);
  isOfThisVault(facts, statement);
  const digest = statementDigest(statement);
  isNew(facts, digest);
  withinSkew(statement.created, entry.time, 'stop.created');
  isUnexpired(statement, entry.time);
  must(statement.base === toHex(ZERO_32), 'wrong_base', 'stop.base: expected zeros');
  mayStop(facts, statement);
  const signable = { label: 'stop', vault: facts.vault, what: statement.what, statement: digest } as const;
  const claim = proposerClaim(facts, statement.proposer, signable, entry.body.signature);
  const stopped = STOPS[statement.what](facts, statement, entry.index, digest);
  return { claims: [claim], facts: { ...stopped, statements: stopped.statements.add(digest) } };
}

/** Any custodian may stop anything; a principal only what it has itself proposed, and itself. */
function mayStop(facts: Facts, { proposer, what, target }: Stop): void {
  if (proposer.kind === 'custodian') return;
  const principal = currentPrincipal(facts, proposer.key);
  must(
    principal.owner === proposer.person,
    'principal_unknown',
    `the key ${principal.name} is owned by person ${principal.owner}, not ${proposer.person}`,
  );
  const proposed = facts.proposals.get(target)?.statement.proposer;
  const isOwn =
    (what === 'proposal' || what === 'release') && proposed?.kind === 'principal' && proposed.key === proposer.key;
  const isItself = what === 'principal' && target === keyDigest(proposer.key);
  must(isOwn || isItself, 'not_permitted', 'a principal stops only what it has proposed, and itself');
}

/** What a stop names a principal by: its key is no digest. */
function keyDigest(key: string): Hex {
  return digestOf(utf8(key));
}

/** What each stop does to the facts, having checked its target. */
const STOPS: { [W in Stop['what']]: (facts: Facts, stop: Stop, index: number, digest: string) => Facts } = {
  all(facts, { target }, index, digest) {
    must(target === toHex(ZERO_32), 'stop_unknown', 'stop.target: expected zeros for all');
    must(facts.stopped === null, 'vault_stopped', 'the vault is stopped already');
    return { ...facts, stopped: digest, constitution: [...facts.constitution, index] };
  },
  release(facts, { target }, index) {
    const proposal = facts.proposals.get(target);
    must(proposal?.statement.kind === 'release', 'release_unknown', `there is no release ${target}`);
    const isLive = proposal.phase === 'open' || proposal.phase === 'approved' || proposal.phase === 'executed';
    must(isLive && !proposal.ended, 'proposal_closed', `the release is ${proposal.ended ? 'over' : proposal.phase}`);
    return withPhase(facts, proposal, 'revoked', index);
  },
  version(facts, { target }, index) {
    const version = facts.versions.get(target);
    must(version !== undefined, 'version_unknown', `no version has the manifest ${target}`);
    must(version.phase !== 'withdrawn', 'version_withdrawn', 'the version has been withdrawn already');
    const withdrawn = { ...version, phase: 'withdrawn', entries: [...version.entries, index] } as const;
    return { ...facts, versions: facts.versions.set(target, withdrawn) };
  },
  authenticator(facts, { proposer, target }, index) {
    const authenticator = facts.authenticators.find((a) => digestOf(fromBase64url(a.credential)) === target);
    must(authenticator?.person === proposer.person, 'not_permitted', 'one retires an authenticator of one’s own');
    must(authenticator.retiredAt === null, 'credential_retired', 'the authenticator has been retired already');
    const retired: Authenticator = { ...authenticator, retiredAt: index };
    return {
      ...facts,
      authenticators: facts.authenticators.set(retired.credential, retired),
      constitution: [...facts.constitution, index],
    };
  },
  principal(facts, { target }, index) {
    const named = facts.principals.find(({ key }) => keyDigest(key) === target);
    must(named !== undefined, 'principal_unknown', `no key with the digest ${target} is enrolled`);
    const principal = currentPrincipal(facts, named.key);
    return {
      ...facts,
      principals: facts.principals.set(principal.key, { ...principal, retiredAt: index }),
      // With its enrolment: a chain that holds the retirement must know whom it retires.
      constitution: [...facts.constitution, ...principal.entries, index],
    };
  },
  proposal(facts, { proposer, target }, index) {
    const proposal = facts.proposals.get(target);
    must(proposal !== undefined, 'proposal_unknown', `nothing with the digest ${target} has been proposed`);
    must(
      proposal.statement.proposer.person === proposer.person,
      'not_permitted',
      'one withdraws a proposal of one’s own',
    );
    must(
      proposal.phase === 'open' || proposal.phase === 'approved',
      'proposal_closed',
      `the proposal is ${proposal.phase}`,
    );
    return withPhase(facts, proposal, 'withdrawn', index);
  },
};

function withPhase(facts: Facts, proposal: Proposal, phase: Proposal['phase'], index: number): Facts {
  return withProposal(facts, { ...proposal, phase, entries: [...proposal.entries, index] });
}
