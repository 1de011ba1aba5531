import { List, Map as PersistentMap } from 'immutable';
import { fromBase64url, toHex, ZERO_32 } from '../../bytes.ts';
import { digestOf } from '../../canonical.ts';
import { must } from '../../errors.ts';
import type { EntryBodyOf, EntryOf } from '../../log/entry.ts';
import { quoted } from '../../quoted.ts';
import type { SignatureClaim } from '../../signature/claim.ts';
import type { Policy } from '../../statement/policy.ts';
import { MAX_MEMBERS, parseStatement, type StatementOf, statementDigest } from '../../statement/statement.ts';
import type { RegistrationRequirement } from '../../webauthn/attestation.ts';
import { checkEnrolment, parseEnrolment } from '../../webauthn/enrolment.ts';
import {
  requireDistinctAuthenticators,
  requireDistinctGroups,
  requireDistinctKeyNames,
  requireDistinctPerson,
  withOwner,
} from '../checks/names.ts';
import { requireSoundPolicy } from '../checks/policy.ts';
import { assertionClaim, possessionClaim } from '../checks/signatures.ts';
import { type Judgement, requireWithinSkew, type Surroundings } from '../judgement.ts';
import { type Objects, objectOf, policyObject } from '../objects.ts';
import type { EnrolledAuthenticator, Facts, Principal } from '../state.ts';

type Genesis = StatementOf<'genesis'>;
const ZEROS = toHex(ZERO_32);

/** Entry 0: founds the vault. Everything in it is attacker-controlled until its fingerprint is compared. */
export function judgeGenesis(entry: EntryOf<'genesis'>, { objects }: Surroundings): Judgement {
  const statement = parseStatement(entry.body.statement);
  must(statement.kind === 'genesis', 'wrong_genesis', `expected a statement of genesis, got ${statement.kind}`);
  must(
    entry.grade === statement.grade,
    'wrong_grade',
    `expected an entry of grade ${statement.grade}, got ${entry.grade}`,
  );
  requireNothingBefore(statement);
  requireSpareMember(statement);
  requireDistinctPersonsAndIndices(statement);
  requireWithinSkew(Math.max(statement.created, entry.time), entry.time, 'genesis.created');
  must(
    entry.time <= statement.expires,
    'statement_expired',
    'the founders took too long: begin again with twinlockd init',
  );
  const policy = foundingPolicy(statement, objects);
  const enrolled = authenticatorsOf(statement, policy, objects, entry.time);
  const vault = statementDigest(statement);
  const claims = [
    ...enrolled.claims,
    ...everyFounderSigned(statement, vault, enrolled.authenticators, entry.body.signatures),
    ...statement.principals.map((principal) => possessionClaim(principal)),
  ];
  return { facts: factsOf(statement, vault, policy, enrolled.authenticators), claims };
}

/** The fingerprint of an unsigned genesis statement, for clients that show it before it is signed. */
export function checkGenesisStatement(
  statement: Genesis,
  objects: Objects,
  atMs: number,
): {
  readonly authenticators: readonly EnrolledAuthenticator[];
  readonly policy: Policy;
  readonly claims: readonly SignatureClaim[];
} {
  requireNothingBefore(statement);
  requireSpareMember(statement);
  requireDistinctPersonsAndIndices(statement);
  const policy = foundingPolicy(statement, objects);
  return { policy, ...authenticatorsOf(statement, policy, objects, atMs) };
}

function requireNothingBefore(statement: Genesis): void {
  const isFirst = statement.vault === ZEROS && statement.base === ZEROS && statement.epoch === 1;
  must(isFirst, 'wrong_genesis', 'genesis: expected vault and base of zeros, and epoch 1');
  const origin = `${statement.rpId}/log`;
  must(statement.log.origin === origin, 'wrong_genesis', `genesis.log.origin: expected ${origin}`);
}

/** 2 ≤ t and t + 1 ≤ n ≤ 32: a committee of two could never replace a lost member. */
export function requireSpareMember({
  threshold,
  members,
}: Pick<Genesis, 'threshold'> & { members: readonly unknown[] }): void {
  const isSound = threshold >= 2 && threshold + 1 <= members.length && members.length <= MAX_MEMBERS;
  must(
    isSound,
    'invalid_threshold',
    `expected 2 ≤ t and t + 1 ≤ n ≤ ${MAX_MEMBERS}, got t = ${threshold}, n = ${members.length}`,
  );
}

function requireDistinctPersonsAndIndices({ members, principals }: Genesis): void {
  const distinct = (values: readonly unknown[]) => new Set(values).size === values.length;
  must(distinct(members.map((m) => m.person)), 'person_exists', 'genesis.members: a person is named twice');
  must(distinct(members.map((m) => m.index)), 'invalid_index', 'genesis.members: a share index is given twice');
  must(distinct(principals.map((p) => p.key)), 'principal_exists', 'genesis.principals: a key is named twice');
  requireDistinctFounders(members);
  requireDistinctKeyNames(principals);
  personsOf({ members, principals });
}

/** Names and groups that people can tell apart. Throws `person_exists` or `invalid_name`. */
export function requireDistinctFounders(
  members: readonly Pick<Genesis['members'][number], 'person' | 'name' | 'groups'>[],
): void {
  const known = members.map(({ person, name }) => [person, name] as const);
  for (const { person, name } of members) requireDistinctPerson(known, person, name);
  requireDistinctGroups(members.flatMap(({ groups }) => groups));
}

function foundingPolicy(statement: Genesis, objects: Objects): Policy {
  const policy = policyObject(objects, statement.policy);
  requireSoundPolicy(policy, statement.grade);
  return policy;
}

/** Production vaults take attested authenticators of listed models only; simulation vaults take any. */
export function requirementOf(grade: Genesis['grade'], policy: Policy, atMs: number): RegistrationRequirement {
  if (grade === 'simulation') return { kind: 'any' };
  const { aaguids, roots } = policy.authenticators;
  return { kind: 'attested', aaguids, roots: roots.map(fromBase64url), atMs };
}

function authenticatorsOf(statement: Genesis, policy: Policy, objects: Objects, atMs: number) {
  const requirement = requirementOf(statement.grade, policy, atMs);
  const claims: SignatureClaim[] = [];
  const authenticators: EnrolledAuthenticator[] = [];
  for (const member of statement.members) {
    for (const digest of member.enrolments) {
      const document = parseEnrolment(objectOf(objects, digest, 'enrolment document'));
      const isTheirs =
        document.person === member.person && document.rpId === statement.rpId && document.vault === ZEROS;
      must(
        isTheirs,
        'binding_mismatch',
        `enrolment ${digest}: not of ${quoted(member.name)}, person ${member.person}, in this vault`,
      );
      const checked = checkEnrolment(document, requirement);
      claims.push(...checked.claims);
      authenticators.push({
        credential: document.credential,
        name: document.name,
        person: member.person,
        algorithm: checked.credential.algorithm,
        publicKey: checked.credential.publicKey,
        kem: checked.kem,
        signing: checked.signing,
        keyEpoch: document.keyEpoch,
        enrolment: digest,
        retiredAt: null,
        stop: null,
      });
    }
  }
  const distinct = (values: readonly string[]) => new Set(values).size === values.length;
  must(
    distinct(authenticators.map((a) => a.credential)),
    'credential_exists',
    'genesis: a credential is enrolled twice',
  );
  must(distinct(authenticators.map((a) => digestOf(a.kem))), 'kem_key_reused', 'genesis: a KEM key is enrolled twice');
  // No proof shows that a founder holds the signing key. So each signing key may belong to one person only.
  must(
    distinct(authenticators.map((a) => digestOf(a.signing))),
    'credential_exists',
    'genesis: a share-signing key is enrolled twice',
  );
  requireDistinctAuthenticators(authenticators);
  return { claims, authenticators };
}

function everyFounderSigned(
  statement: Genesis,
  vault: string,
  authenticators: readonly EnrolledAuthenticator[],
  signatures: EntryBodyOf<'genesis'>['signatures'],
): SignatureClaim[] {
  must(
    signatures.length === statement.members.length,
    'genesis_incomplete',
    `expected the signature of each of ${statement.members.length} founders, got ${signatures.length}`,
  );
  return statement.members.map((member) => {
    const signature = signatures.find((candidate) => candidate.person === member.person);
    must(
      signature !== undefined,
      'genesis_incomplete',
      `${quoted(member.name)}, person ${member.person}, has not signed`,
    );
    return founderClaim(statement, vault, authenticators, signature);
  });
}

/** One founder's signature of genesis. `authenticators` are those that checkGenesisStatement returns. */
export function founderClaim(
  statement: Genesis,
  vault: string,
  authenticators: readonly EnrolledAuthenticator[],
  { person, credential, assertion }: EntryBodyOf<'genesis'>['signatures'][number],
): SignatureClaim {
  const authenticator = authenticators.find((a) => a.credential === credential && a.person === person);
  must(authenticator !== undefined, 'credential_unknown', `person ${person} signed with a credential not enrolled`);
  const signable = { label: 'genesis', statement: vault } as const;
  return assertionClaim({ vault, genesis: statement }, authenticator, signable, assertion);
}

function personsOf({ members, principals }: Pick<Genesis, 'members' | 'principals'>): Facts['persons'] {
  return principals.reduce(withOwner, PersistentMap(members.map(({ person, name }) => [person, name] as const)));
}

function factsOf(
  statement: Genesis,
  vault: string,
  policy: Policy,
  authenticators: readonly EnrolledAuthenticator[],
): Facts {
  const { committee, epoch, threshold, members, principals } = statement;
  return {
    vault,
    genesis: statement,
    committee: {
      id: committee,
      epoch,
      threshold,
      members: members.map(({ person, name, index, groups }) => ({ person, name, index, groups })),
    },
    policy: { digest: statement.policy, document: policy },
    proposedPolicies: PersistentMap(),
    persons: personsOf(statement),
    firstSeen: PersistentMap(),
    authenticators: PersistentMap(authenticators.map((a) => [a.credential, a] as const)),
    principals: PersistentMap<string, Principal>(
      principals.map((p) => [p.key, { ...p, retiredAt: null, stop: null }] as const),
    ),
    versions: PersistentMap(),
    names: PersistentMap(),
    spellings: PersistentMap(),
    proposals: PersistentMap(),
    policies: [{ digest: statement.policy, since: 0 }],
    policyChanges: 0,
    statements: PersistentMap([[vault, { index: 0, time: statement.created, by: null }]]),
    kemKeys: PersistentMap(),
    evidence: PersistentMap(),
    refusals: List(),
    granted: List(),
    attestedMs: statement.created,
    attestedAt: 0,
    stopped: null,
    resumptions: [vault],
    heard: PersistentMap(),
  };
}
