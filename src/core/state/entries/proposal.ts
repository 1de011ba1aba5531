import type { Hex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { EntryOf } from '../../log/entry.ts';
import { quoted } from '../../quoted.ts';
import { inScope, outOfScopeText } from '../../statement/principal.ts';
import { roleText } from '../../statement/role-text.ts';
import { parseStatement, type Statement, statementDigest } from '../../statement/statement.ts';
import { currentPrincipal, proposerClaim } from '../checks/signatures.ts';
import { committeeInForce, requireCommitteeId, requireEpoch } from '../committees.ts';
import { type Judgement, requireWithinSkew, type Surroundings } from '../judgement.ts';
import type { ProposedAt } from '../kinds/kind.ts';
import { effectOf } from '../kinds/table.ts';
import { isOpen } from '../lifecycle.ts';
import { policyInForce, policyOf } from '../policies.ts';
import { reachOfStatement, requireReachable } from '../reach.ts';
import type { Facts, Proposable, Proposal } from '../state.ts';
import { requireInWindow } from '../window.ts';

/** A statement is put before the custodians. */
export function judgeProposal(facts: Facts, entry: EntryOf<'proposal'>, surroundings: Surroundings): Judgement {
  const statement = proposable(parseStatement(entry.body.statement));
  const { facts: after, claims, digest } = effectOfProposal(facts, statement, entry, surroundings);
  const signable = { label: 'propose', vault: facts.vault, statement: digest } as const;
  return {
    facts: after,
    claims: [proposerClaim(facts, statement.proposer, signable, entry.body.signature), ...claims],
  };
}

/** The effect of a proposal, apart from its signature. Throws the code of the broken rule. */
export function effectOfProposal(
  facts: Facts,
  statement: Proposable,
  at: ProposedAt,
  surroundings: Surroundings,
): Judgement & { readonly digest: Hex } {
  const digest = statementDigest(statement);
  requireOfThisVault(facts, statement);
  requireCurrent(facts, statement);
  requireNew(facts, digest);
  requireOfLate(statement, at.index);
  requireTimely(facts, statement, at.time);
  requireMayPropose(facts, statement);
  const effect = effectOf(statement);
  const effected = effect.propose(facts, statement, at, surroundings);
  requireCurrentBase(facts, statement);
  requireReachable(facts, reachOfStatement(facts, statement));
  const proposal: Proposal = {
    digest,
    statement,
    index: at.index,
    time: at.time,
    phase: 'open',
    phaseAt: at.index,
    votes: [],
    executed: null,
    setBack: false,
    stop: null,
    receipts: [],
  };
  return {
    digest,
    claims: effected.claims,
    facts: {
      ...effected.facts,
      statements: facts.statements.set(digest, { index: at.index, time: at.time, by: nameOf(statement.proposer) }),
      proposals: facts.proposals.set(digest, proposal),
    },
  };
}

/** The facts with a proposal as it is now. The policy that it would put in force is kept no longer than it is open. */
export function withProposal(facts: Facts, proposal: Proposal): Facts {
  const { digest } = proposal;
  return {
    ...facts,
    proposals: facts.proposals.set(digest, proposal),
    proposedPolicies: isOpen(proposal) ? facts.proposedPolicies : facts.proposedPolicies.delete(digest),
  };
}

function proposable(statement: Statement): Proposable {
  const isProposable = statement.kind !== 'genesis' && statement.kind !== 'stop';
  must(isProposable, 'not_permitted', `a statement of kind ${statement.kind} is not proposed`);
  return statement;
}

/** Vault, grade and committee: what was signed for another is nothing here. */
export function requireOfThisVault(
  facts: Facts,
  { vault, grade, committee }: Pick<Proposable, 'vault' | 'grade' | 'committee'>,
): void {
  must(vault === facts.vault, 'wrong_vault', `expected vault ${facts.vault}, got ${vault}`);
  must(
    grade === facts.genesis.grade,
    'wrong_grade',
    `expected a statement of grade ${facts.genesis.grade}, got ${grade}`,
  );
  requireCommitteeId(committeeInForce(facts), { committee });
}

/** Epoch and policy, when it is proposed, at every vote and again when it takes effect. */
export function requireCurrent(
  facts: Pick<Facts, 'committee' | 'policy'>,
  statement: Pick<Proposable, 'epoch' | 'policy'>,
): void {
  requireMadeUnder({ epoch: committeeInForce(facts).epoch, policy: policyInForce(facts).digest }, statement);
}

/** Requires that a statement names the epoch and the policy in force. Throws `wrong_epoch` or `wrong_policy`. */
export function requireMadeUnder(
  inForce: Pick<Proposable, 'epoch' | 'policy'>,
  statement: Pick<Proposable, 'epoch' | 'policy'>,
): void {
  requireEpoch(inForce, statement);
  must(
    statement.policy === inForce.policy,
    'wrong_policy',
    `expected the policy in force, ${inForce.policy}, got ${statement.policy}: where it has changed, propose anew`,
  );
}

/** Requires that the target of the statement has not changed since the statement was made. */
export function requireCurrentBase(facts: Facts, statement: Proposable): void {
  const base = effectOf(statement).base(facts, statement);
  must(
    statement.base === base,
    'wrong_base',
    `expected base ${base}, got ${statement.base}: it has changed, propose anew`,
  );
}

/** The name of the proposer in `Facts.statements`. */
function nameOf(proposer: Proposable['proposer']): string {
  return proposer.kind === 'custodian' ? proposer.person : proposer.key;
}

/**
 * Requires that the proposer knew a recent log: the fold has forgotten older statements and could not recognise them.
 */
function requireOfLate({ kind, logSize }: Proposable, index: number): void {
  must(logSize <= index, 'foreign_checkpoint', `${kind}.logSize: expected at most ${index}, got ${logSize}`);
  requireInWindow(logSize, index, 'stale_checkpoint', `${kind}.logSize is too old, propose anew`);
}

/** A digest is proposed once, also where its proposal was denied, withdrawn or has expired. */
function requireNew(facts: Facts, digest: string): void {
  must(!facts.statements.has(digest), 'statement_seen', `the statement ${digest} has been proposed before`);
}

function requireTimely(facts: Facts, statement: Proposable, timeMs: number): void {
  requireWithinSkew(statement.created, timeMs, `${statement.kind}.created`);
  const { proposalMs } = policyOf(facts, statement).document.limits;
  const isBounded = statement.expires > statement.created && statement.expires - statement.created <= proposalMs;
  must(isBounded, 'limit_exceeded', `${statement.kind}.expires: expected at most ${proposalMs} ms after created`);
  requireUnexpired(statement, timeMs);
}

export function requireUnexpired({ expires }: Pick<Proposable, 'expires'>, timeMs: number): void {
  must(timeMs <= expires, 'statement_expired', 'the statement has expired: propose it anew');
}

const ROLE_FOR = { publish: 'depositor', release: 'requester' } as const;

/** Finds the proposer: a custodian, or a principal of the right role within its scope. */
function requireMayPropose(facts: Facts, statement: Proposable): void {
  const { proposer } = statement;
  // A custodian's right to propose is that to sign, which proposerClaim checks.
  if (proposer.kind === 'custodian' || (statement.kind !== 'publish' && statement.kind !== 'release')) return;
  const principal = currentPrincipal(facts, proposer.key);
  must(
    principal.owner === proposer.person,
    'principal_unknown',
    `the key ${quoted(principal.name)} is owned by person ${principal.owner}, not ${proposer.person}`,
  );
  const role = ROLE_FOR[statement.kind];
  must(
    principal.role === role,
    'not_permitted',
    `expected a ${role}'s key for a ${statement.kind}, got that of ${roleText(principal.role)}`,
  );
  must(inScope(principal.models, statement.model), 'out_of_scope', outOfScopeText(principal, statement.model));
}
