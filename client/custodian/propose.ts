import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { type Base64url, type Hex, toBase64url, toHex, ZERO_32 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { ProposerSignature } from '../../src/core/log/entry.ts';
import { personOf, personText } from '../../src/core/state/checks/persons.ts';
import { requireSoundPolicy } from '../../src/core/state/checks/policy.ts';
import { requireMendable } from '../../src/core/state/entries/mending.ts';
import { withPrincipalsOwner } from '../../src/core/state/kinds/principal.ts';
import { effectOf } from '../../src/core/state/kinds/table.ts';
import { policyInForce, withPolicy } from '../../src/core/state/policies.ts';
import { reachOfStatement, requireReachable } from '../../src/core/state/reach.ts';
import type { Facts, Proposal, State } from '../../src/core/state/state.ts';
import { type Policy, parsePolicy } from '../../src/core/statement/policy.ts';
import {
  type PrincipalRecord,
  parseStatement,
  type StatementOf,
  statementDigest,
} from '../../src/core/statement/statement.ts';
import type { Signable } from '../../src/core/webauthn/challenge.ts';
import type { Replica } from '../log/replica.ts';
import { groundOf, statementHeader } from '../statements/header.ts';
import { sameOpen } from '../statements/same-open.ts';
import { versionNamed } from '../statements/version-named.ts';
import { allowed, archived, type Custodian, sessionAuthenticator } from './ceremony.ts';
import { sending } from './sent.ts';

/** A proposal that a custodian may put before the others. */
export type Proposition =
  | { readonly kind: 'principal'; readonly principal: PrincipalRecord }
  /** The whole policy as it will be. */
  | { readonly kind: 'policy'; readonly policy: Policy; readonly reason: string }
  | {
      readonly kind: 'publish';
      readonly model: string;
      readonly version: string;
      /** The evaluation release that is cited; null where policy asks for none. */
      readonly evaluation: Hex | null;
    }
  | { readonly kind: 'resume'; readonly reason: string }
  /** The log's clock is ahead of true time, which the approvals attest. */
  /** An authenticator of another, by its credential. */
  | { readonly kind: 'authenticator'; readonly credential: Base64url; readonly reason: string }
  | { readonly kind: 'clock'; readonly reason: string };

export interface Entered {
  readonly digest: Hex;
  readonly index: number;
}

/** The same waits for decisions already, and nothing was signed. */
export class WaitsError extends TwinlockError {
  /** The proposal that waits. */
  readonly proposal: Hex;
  /** Signed by another key: it can be proposed all the same. */
  readonly isOthers: boolean;

  constructor(message: string, { digest }: Proposal, isOthers: boolean) {
    super('exists', message);
    this.proposal = digest;
    this.isOthers = isOthers;
  }
}

const ZEROS = toHex(ZERO_32);

/**
 * Proposes with one touch; the proposal is open for as long as policy allows. Throws `version_unknown`,
 * `quorum_unreachable` before the touch, `WaitsError` where the same waits already (what another key has signed only
 * unless `besides`: its signer can withdraw it, and others may have no vote on it), `vault_not_stopped`,
 * `limit_exceeded`, `quorum_unreachable`, `evidence_simulated` or `root_unknown` (a policy that cannot be in force),
 * `person_exists`, `principal_exists`, `credential_retired`, `malformed`, as the Authenticator, and the vault's codes.
 */
export async function propose(
  custodian: Custodian,
  replica: Replica,
  proposition: Proposition,
  { besides = false }: { readonly besides?: boolean } = {},
): Promise<Entered> {
  // A proposal that the vault would refuse is refused before the touch.
  if (proposition.kind === 'principal') withPrincipalsOwner(replica.facts, proposition.principal);
  if (proposition.kind === 'policy') requireUsable(replica.facts, proposition.policy, custodian.now());
  const statement = statementOf(custodian, replica.state, proposition);
  requireReachable(replica.facts, reachOfStatement(replica.facts, statement));
  requireNoneWaits(replica.facts, statement, custodian.now(), besides);
  const digest = statementDigest(parseStatement(statement));
  const signature = await sign(custodian, replica.facts, {
    label: 'propose',
    vault: statement.vault,
    statement: digest,
  });
  const body = { statement, signature, objects: objectsOf(proposition) };
  const { index } = await sending({ what: 'proposal', digest }, () => custodian.api.propose(body));
  return { digest, index };
}

function requireNoneWaits(facts: Facts, statement: ProposedStatement, nowMs: number, besides: boolean): void {
  const { own, other } = sameOpen(facts, statement, nowMs);
  if (own !== null)
    throw new WaitsError(
      `you have proposed this, and it waits as the proposal ${own.digest}: see that one`,
      own,
      false,
    );
  if (other === null || besides) return;
  const who = personText(personOf(facts, other.statement.proposer.person));
  throw new WaitsError(
    `${who}, has proposed this, and it waits as the proposal ${other.digest}: decide on that one, or propose it all the same`,
    other,
    true,
  );
}

/** Another could be put in force under it, and a production vault takes evidence of hardware alone. */
function requireUsable(facts: Facts, document: Policy, nowMs: number): void {
  requireSoundPolicy(document, facts.genesis.grade);
  const { digest } = parsePolicy(canonicalBytes(document));
  requireMendable(withPolicy(facts, { digest, document }), nowMs);
}

/** The objects that a statement names and the vault does not have yet. */
function objectsOf(proposition: Proposition): Record<Hex, Base64url> {
  if (proposition.kind !== 'policy') return {};
  const bytes = canonicalBytes(proposition.policy);
  return { [digestOf(bytes)]: toBase64url(bytes) };
}

/** The policy in force with these reference values in place of its own. */
export function withReferenceValues(facts: Facts, referenceValues: ReferenceValues): Policy {
  return { ...policyInForce(facts).document, referenceValues };
}

type ProposedStatement =
  | StatementOf<'policy'>
  | StatementOf<'principal'>
  | StatementOf<'publish'>
  | StatementOf<'resume'>
  | StatementOf<'authenticator'>
  | StatementOf<'clock'>;

function statementOf(custodian: Custodian, state: State, proposition: Proposition): ProposedStatement {
  const { facts } = state;
  const { random, now } = custodian;
  const lifetimeMs = policyInForce(facts).document.limits.proposalMs;
  const header = {
    ...statementHeader(groundOf(state), { base: ZEROS, nowMs: now(), lifetimeMs, random }),
    proposer: proposerOf(custodian),
  };
  const draft = draftOf(facts, header, proposition);
  return { ...draft, base: effectOf(draft).base(facts, draft) };
}

function draftOf(
  facts: Facts,
  header: Omit<StatementOf<'resume'>, 'kind' | 'stop' | 'reason'>,
  proposition: Proposition,
): ProposedStatement {
  switch (proposition.kind) {
    case 'principal':
      return { ...header, ...proposition };
    case 'policy': {
      const { kind, policy, reason } = proposition;
      return { ...header, kind, document: parsePolicy(canonicalBytes(policy)).digest, reason };
    }
    case 'publish': {
      const { manifest, commitments } = versionNamed(facts, proposition);
      return { ...header, ...proposition, manifest, commitments };
    }
    case 'authenticator': {
      const { person } = facts.authenticators.get(proposition.credential) ?? {};
      must(person !== undefined, 'credential_unknown', 'no authenticator with this credential has been enrolled');
      return { ...header, ...proposition, action: 'retire', person };
    }
    case 'clock':
      return { ...header, ...proposition };
    case 'resume':
      must(facts.stopped !== null, 'vault_not_stopped', 'the vault is not stopped');
      return { ...header, ...proposition, stop: facts.stopped.at(-1)?.digest ?? ZEROS };
  }
}

function proposerOf({ person, credential }: Custodian) {
  return { kind: 'custodian' as const, person, credential };
}

/** The statement names the credential that signs it, so no other may answer. */
async function sign(custodian: Custodian, facts: Facts, signable: Signable): Promise<ProposerSignature> {
  const credentials = [allowed(sessionAuthenticator(facts, custodian))];
  const { assertion } = await custodian.authenticator.touch({ ...signable, credentials, prf: false });
  return { kind: 'assertion', ...archived(assertion) };
}
