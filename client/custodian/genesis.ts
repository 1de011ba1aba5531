import { type Hex, toBase64url } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { possessionClaim } from '../../src/core/state/checks/signatures.ts';
import { discharge } from '../../src/core/state/discharge.ts';
import { checkGenesisStatement } from '../../src/core/state/entries/genesis.ts';
import type { EnrolledAuthenticator } from '../../src/core/state/state.ts';
import { comparisonCode, GENESIS_WORDS } from '../../src/core/statement/comparison-code.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import { parseStatement, type StatementOf, statementDigest } from '../../src/core/statement/statement.ts';
import type { GenesisDraft } from '../api/api.ts';
import { allowed, archived, type Ceremony } from './ceremony.ts';
import type { Enrolled } from './enrol.ts';
import { sending } from './sent.ts';

interface GenesisFounder {
  readonly person: Hex;
  readonly name: string;
  readonly index: number;
  readonly groups: readonly string[];
  readonly authenticators: readonly EnrolledAuthenticator[];
  /** The vault's claim, only shown. */
  readonly signed: boolean;
}

/** A genesis statement that has been checked, for a founder to compare and sign. */
export interface GenesisReview {
  readonly statement: StatementOf<'genesis'>;
  readonly policy: Policy;
  readonly founders: readonly GenesisFounder[];
  /** The digest that will be the vault's fingerprint. */
  readonly fingerprint: Hex;
  /** Twelve words, which all founders compare out of band before the first founder signs. */
  readonly code: string;
}

/** The statement does not exist yet; names the founders who have not enrolled. */
export interface GenesisPending {
  readonly missing: readonly string[];
}

/**
 * Fetches the genesis statement and checks all of it: the founders' bindings, the principals' possession of
 * their keys, that it is for this console's RP ID, and that under this founder's name are the authenticators
 * that they have enrolled, `own`, and no others. Throws the code of the first check that fails, and `binding_mismatch`
 * for an authenticator that is missing or that was added.
 */
export async function reviewGenesis(
  { api, authenticator, verify, now }: Ceremony,
  invitation: string,
  own: readonly Enrolled[],
): Promise<GenesisReview | GenesisPending> {
  const draft = await api.withBearer(invitation).genesis();
  if (draft.statement === null) {
    return { missing: draft.founders.filter(({ authenticators }) => authenticators === 0).map(({ name }) => name) };
  }
  const statement = parseStatement(draft.statement);
  must(statement.kind === 'genesis', 'wrong_genesis', `expected a statement of genesis, got ${statement.kind}`);
  const { rpId } = authenticator;
  must(statement.rpId === rpId, 'wrong_rp_id', `the statement is for ${statement.rpId}, this console serves ${rpId}`);
  const checked = checkGenesisStatement(statement, draft.objects, now());
  await discharge([...checked.claims, ...statement.principals.map(possessionClaim)], verify);
  requireOwn(statement, own);
  const fingerprint = statementDigest(statement);
  return {
    statement,
    policy: checked.policy,
    founders: foundersOf(statement, checked.authenticators, draft),
    fingerprint,
    code: comparisonCode(fingerprint, GENESIS_WORDS),
  };
}

/** Signs the statement that was reviewed and compared, with one touch. Throws as the Authenticator and the vault. */
export async function signGenesis(
  { api, authenticator }: Ceremony,
  invitation: string,
  { statement, fingerprint }: GenesisReview,
  own: readonly Enrolled[],
): Promise<{ readonly founded: boolean; readonly missing: readonly string[] }> {
  must(statementDigest(statement) === fingerprint, 'genesis_changed', 'this is not the statement that was reviewed');
  requireOwn(statement, own);
  const credentials = own.map(allowed);
  const touch = await authenticator.touch({ label: 'genesis', statement: fingerprint, credentials, prf: false });
  const body = {
    statement: fingerprint,
    credential: toBase64url(touch.credential),
    assertion: archived(touch.assertion),
  };
  return sending({ what: 'genesis', digest: fingerprint }, () => api.withBearer(invitation).signGenesis(body));
}

/** The vault could have enrolled an authenticator of its own under this founder's name. */
function requireOwn({ members }: StatementOf<'genesis'>, own: readonly Enrolled[]): void {
  const [first] = own;
  must(first !== undefined, 'binding_mismatch', 'this workstation has enrolled no authenticator: enrol one first');
  const named = members.find(({ person }) => person === first.person)?.enrolments ?? [];
  const expected = own.map(({ digest }) => digest);
  const missing = expected.filter((digest) => !named.includes(digest));
  const added = named.filter((digest) => !expected.includes(digest));
  must(missing.length === 0, 'binding_mismatch', `the statement does not have your enrolment ${missing.join(', ')}`);
  must(
    added.length === 0,
    'binding_mismatch',
    `the statement has an authenticator in your name that this workstation has not enrolled: ${added.join(', ')}`,
  );
}

function foundersOf(
  { members }: StatementOf<'genesis'>,
  authenticators: readonly EnrolledAuthenticator[],
  draft: GenesisDraft,
): readonly GenesisFounder[] {
  return members.map(({ person, name, index, groups }) => ({
    person,
    name,
    index,
    groups,
    authenticators: authenticators.filter((authenticator) => authenticator.person === person),
    signed: draft.founders.some((founder) => founder.person === person && founder.signed),
  }));
}
