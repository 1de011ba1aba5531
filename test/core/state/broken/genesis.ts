import { SoftwareAuthenticator } from '../../../../client/custodian/software-authenticator.ts';
import { NO_REFERENCE_VALUES } from '../../../../src/core/attest/reference-values.ts';
import { toBase64url } from '../../../../src/core/bytes.ts';
import type { EntryOf } from '../../../../src/core/log/entry.ts';
import type { StatementOf } from '../../../../src/core/statement/statement.ts';
import {
  ATTESTED,
  draftGenesis,
  type FoundingOptions,
  HOUR_MS,
  memberOf,
  POLICY,
  PRODUCTION,
} from '../../../world/founding.ts';
import { type Enrolled, enrol, makeMachine } from '../../../world/people.ts';
import { tdxUnder } from '../../../world/reference-values.ts';
import { World } from '../../../world/world.ts';
import { founded, unfounded } from '../stages.ts';
import {
  ALICE_AND_EMMA,
  type Attempt,
  type BrokenRule,
  LOOK_ALIKES,
  MINUTE_MS,
  NO_NAMES,
  OTHER,
  OTHER_ID,
  PAST_BOUNDS,
  rulesAt,
} from './broken.ts';

type Genesis = StatementOf<'genesis'>;
type Signatures = EntryOf<'genesis'>['body']['signatures'];
const genesis = rulesAt('state/entries/genesis.ts');
const names = rulesAt('state/checks/names.ts');
const attestation = rulesAt('webauthn/attestation.ts');
const production = rulesAt('attest/production.ts');

/** A genesis that everybody signs although one thing in it is wrong. */
async function stated(change: (statement: Genesis) => Partial<Genesis>, options?: FoundingOptions): Promise<Attempt> {
  const world = options === undefined ? (await unfounded()).world : await World.beforeGenesis(options);
  const { founding } = world;
  return [world, await draftGenesis(founding, { ...founding.statement, ...change(founding.statement) })];
}

async function signed(change: (signatures: Signatures) => Signatures): Promise<Attempt> {
  const { world } = await unfounded();
  const draft = await draftGenesis(world.founding, world.founding.statement);
  return [world, { ...draft, body: { ...draft.body, signatures: change(draft.body.signatures) } }];
}

/** A genesis in which ben has another enrolment than his own. */
async function enrolled(make: (world: World) => Promise<Enrolled>): Promise<Attempt> {
  const { world, ben } = await unfounded();
  const document = await make(world);
  world.objects.set(document.digest, document.bytes);
  const forged = { ...ben, authenticators: [document] as const };
  const founders = world.founding.founders.map((founder) => (founder === ben ? forged : founder));
  const statement = { ...world.founding.statement, members: founders.map(memberOf) };
  return [world, await draftGenesis({ ...world.founding, founders }, statement)];
}

const deviceOf = ({ founding, random }: World, options: object = {}) =>
  new SoftwareAuthenticator({ rpId: founding.rpId, random, ...options });

/** The first member, changed and added as one more. */
const onceMore = (changes: Partial<Genesis['members'][number]>) => (statement: Genesis) => {
  const [first] = statement.members;
  return { members: first === undefined ? [] : [...statement.members, { ...first, ...changes }] };
};

const record = (owner: string, ownerName: string) => (statement: Genesis) => ({
  principals: [
    ...statement.principals,
    makeMachine({ role: 'auditor', name: 'x', owner, ownerName }, () => new Uint8Array(32).fill(9)).record,
  ],
});

const STATED: readonly BrokenRule[] = [
  genesis('wrong_genesis', 'an entry of genesis with a statement of another kind', async () => {
    const { world } = await unfounded();
    const other = await founded();
    const statement = other.world.policyChange({ veto: true }, other.ana);
    return [world, { kind: 'genesis', body: { statement, signatures: [] } }];
  }),
  genesis('wrong_grade', 'a genesis in an entry of another grade', async () => {
    const [world, draft] = await stated(() => ({}));
    return [world, draft, { grade: 'production' }];
  }),
  genesis('statement_expired', 'a genesis for which the founders took too long', async () => {
    const [world, draft] = await stated(() => ({}));
    return [world, draft, { time: world.founding.statement.expires + 1 }];
  }),
  rulesAt('state/judgement.ts')('clock_skew', 'a genesis from more than 5 minutes ahead', () =>
    stated(({ created }) => ({ created: created + 5 * MINUTE_MS + 1 })),
  ),
  genesis('wrong_genesis', 'a genesis that names a vault before it', () => stated(() => ({ vault: OTHER }))),
  genesis('wrong_genesis', 'a genesis that rests on something', () => stated(() => ({ base: OTHER }))),
  genesis('wrong_genesis', 'a genesis of a later epoch', () => stated(() => ({ epoch: 2 }))),
  genesis('wrong_genesis', 'a log with another origin than its vault', () =>
    stated(({ log }) => ({ log: { ...log, origin: 'tl-another.localhost/log' } })),
  ),
  genesis('invalid_threshold', 'a threshold of zero: zero approvals pass (lesson)', () =>
    stated(() => ({ threshold: 0 })),
  ),
  genesis('invalid_threshold', 'a threshold below 2', () => stated(() => ({ threshold: 1 }))),
  genesis('invalid_threshold', 'a negative threshold', () => stated(() => ({ threshold: -2 }))),
  genesis('invalid_threshold', 'n < t + 1: a lost member could never be replaced', () =>
    stated(() => ({ threshold: 4 })),
  ),
  genesis('invalid_threshold', 'a committee of two', () =>
    stated(() => ({}), {
      founders: [
        { name: 'ana', index: 1 },
        { name: 'ben', index: 2 },
      ],
    }),
  ),
  genesis('person_exists', 'the same person twice in a committee', () =>
    stated(onceMore({ name: 'ana the second', index: 9 })),
  ),
  ...LOOK_ALIKES.map(([what, name]) =>
    names('person_exists', `two founders, one with ${what}`, () =>
      stated(onceMore({ person: OTHER_ID, index: 9, name }), { founders: ALICE_AND_EMMA }),
    ),
  ),
  names('invalid_name', 'two groups that look alike', () =>
    stated(onceMore({ person: OTHER_ID, index: 9, name: 'eve', groups: ['ops', '0ps'] })),
  ),
  ...[...NO_NAMES, ['a remark', 'eve (custodian)'] as const].map(([what, name]) =>
    rulesAt('schema.ts')('malformed', `a founder whose name has ${what}`, () =>
      stated(onceMore({ person: OTHER_ID, index: 9, name })),
    ),
  ),
  genesis('invalid_index', 'a share index that two persons have (lesson)', () =>
    stated(onceMore({ person: OTHER_ID, name: 'eve' })),
  ),
  rulesAt('schema.ts')('malformed', 'share index 0, where the secret itself is (lesson)', () =>
    stated(({ members }) => ({ members: members.map((member, i) => (i === 0 ? { ...member, index: 0 } : member)) })),
  ),
  genesis('principal_exists', 'a machine key that is enrolled twice', () =>
    stated(({ principals }) => ({ principals: [...principals, ...principals.slice(0, 1)] })),
  ),
  rulesAt('state/entries/mending.ts')('quorum_unreachable', 'a policy that asks for a group without members', () =>
    stated(() => ({}), { policy: { groups: ['legal'] } }),
  ),
  names('person_exists', 'a machine whose owner is a founder under another name', async () => {
    const { ben } = await unfounded();
    return stated(record(ben.person, 'somebody else'));
  }),
  names('person_exists', 'a machine whose owner has the name of a founder', () => stated(record(OTHER_ID, 'ben'))),
  names('principal_exists', 'two machines of different owners whose names look alike', () =>
    stated(({ principals: [first], members: [, ben] }) => ({
      principals: [
        first,
        makeMachine(
          { role: 'auditor', name: `${first?.name.toUpperCase()}`, owner: `${ben?.person}`, ownerName: `${ben?.name}` },
          () => new Uint8Array(32).fill(9),
        ).record,
      ] as Genesis['principals'],
    })),
  ),
  rulesAt('platform/verify-node.ts')('signature_invalid', 'a machine key whose holder has not signed for it', () =>
    stated(({ principals }) => ({
      principals: principals.map((one) => ({ ...one, possession: principals[0]?.possession ?? '' })),
    })),
  ),
  ...PAST_BOUNDS.map(([what, limits]) =>
    rulesAt('schema.ts')('malformed', `a policy with ${what}`, () =>
      stated(() => ({}), { policy: { limits: { ...POLICY.limits, ...limits } } }),
    ),
  ),
  rulesAt('state/checks/policy.ts')('limit_exceeded', 'a policy that leaves no time to approve', () =>
    stated(() => ({}), { policy: { limits: { ...POLICY.limits, proposalMs: 1 } } }),
  ),
  rulesAt('state/objects.ts')('object_missing', 'a policy that is not beside the log', () =>
    stated(() => ({ policy: OTHER })),
  ),
];

const ENROLLED: readonly BrokenRule[] = [
  genesis('binding_mismatch', 'the enrolment of one person named as that of another', () =>
    stated(({ members }) => ({
      members: members.map((member, i) => ({
        ...member,
        enrolments: members[(i + 1) % members.length]?.enrolments ?? [],
      })),
    })),
  ),
  genesis('binding_mismatch', 'an enrolment for another vault', async () => {
    const { ben } = await unfounded();
    return enrolled((world) => enrol(ben, deviceOf(world), { vault: OTHER }));
  }),
  genesis('binding_mismatch', 'an enrolment for another RP ID', async () => {
    const { ben } = await unfounded();
    return enrolled((world) => enrol(ben, deviceOf(world, { rpId: 'tl-9999999999999999.localhost' })));
  }),
  genesis('credential_exists', 'one authenticator enrolled twice', () =>
    stated(({ members }) => ({
      members: members.map((member) => ({
        ...member,
        enrolments: [...member.enrolments.slice(0, 1), ...member.enrolments],
      })),
    })),
  ),
  genesis('kem_key_reused', 'a KEM key that two authenticators share', async () => {
    const { ana, ben } = await unfounded();
    return enrolled((world) => enrol(ben, deviceOf(world), { kem: ana.authenticators[0].keys.kem }));
  }),
  genesis('credential_exists', 'a share-signing key that two persons share', async () => {
    const { ana, ben } = await unfounded();
    return enrolled((world) => enrol(ben, deviceOf(world), { signing: ana.authenticators[0].keys.signing }));
  }),
  names('credential_exists', 'two authenticators of one person whose names look alike', async () => {
    const { world, ana } = await unfounded();
    const alike = await enrol(ana, deviceOf(world), { keyName: 'KEY l' });
    world.objects.set(alike.digest, alike.bytes);
    const members = world.founding.statement.members.map((member) =>
      member.person === ana.person ? { ...member, enrolments: [...member.enrolments, alike.digest] } : member,
    );
    return [world, await draftGenesis(world.founding, { ...world.founding.statement, members })];
  }),
  rulesAt('webauthn/authenticator-data.ts')('backup_eligible', 'an authenticator whose key can be copied', async () => {
    const { ben } = await unfounded();
    return enrolled((world) => enrol(ben, deviceOf(world, { flags: { backupEligible: true } })));
  }),
  production('evidence_simulated', 'a production vault whose policy lets simulated evidence pass (lesson)', () =>
    stated(() => ({}), { grade: 'production', policy: { referenceValues: POLICY.referenceValues } }),
  ),
  production('root_unknown', 'a production vault whose policy pins a root that somebody made up', () =>
    stated(() => ({}), {
      grade: 'production',
      policy: { referenceValues: { ...NO_REFERENCE_VALUES, tdx: tdxUnder(Uint8Array.of(0x30, 0)) } },
    }),
  ),
  attestation('authenticator_unattested', 'an unattested authenticator in a production vault', () =>
    stated(() => ({ grade: 'production' }), { policy: PRODUCTION }),
  ),
  attestation('authenticator_unattested', 'an attested model that a production vault does not list', () =>
    stated(() => ({}), { grade: 'production', policy: { authenticators: { aaguids: [OTHER_ID], roots: [] } } }),
  ),
  rulesAt('webauthn/trust-path.ts')('authenticator_unattested', 'an attestation under no pinned root', () =>
    stated(() => ({}), { grade: 'production', policy: { authenticators: { aaguids: [ATTESTED.aaguid], roots: [] } } }),
  ),
];

const SIGNED: readonly BrokenRule[] = [
  genesis('genesis_incomplete', 'a genesis that one founder has not signed', () => signed((all) => all.slice(1))),
  genesis('genesis_incomplete', 'a genesis without any signature (lesson)', () => signed(() => [])),
  genesis('genesis_incomplete', 'a founder who signs twice in place of another', () =>
    signed((all) => [...all.slice(1), ...all.slice(1, 2)]),
  ),
  genesis('credential_unknown', 'a founder who signs with a credential that is not enrolled', () =>
    signed((all) => all.map((one) => ({ ...one, credential: toBase64url(new Uint8Array(16)) }))),
  ),
  genesis('credential_unknown', 'a founder who signs with the credential of another', () =>
    signed((all) => all.map((one, i) => ({ ...one, credential: all[(i + 1) % all.length]?.credential ?? '' }))),
  ),
  rulesAt('platform/verify-node.ts')(
    'signature_invalid',
    'the signature of one founder offered as that of another',
    () =>
      signed((all) =>
        all.map((one, i) => ({ ...one, assertion: all[(i + 1) % all.length]?.assertion ?? one.assertion })),
      ),
  ),
  rulesAt('webauthn/client-data.ts')('wrong_challenge', 'a genesis changed after it was signed', async () => {
    const { world } = await unfounded();
    const { statement } = world.founding;
    const draft = await draftGenesis(world.founding, statement);
    const changed = { ...statement, expires: statement.expires + HOUR_MS };
    return [world, { ...draft, body: { ...draft.body, statement: changed } }];
  }),
  rulesAt('schema.ts')('malformed', 'a witness before there are witnesses', () => stated(() => ({ witnesses: ['w'] }))),
  rulesAt('schema.ts')('malformed', 'a founder whose name only looks like a name (lesson)', () =>
    stated(({ members }) => ({ members: members.map((member) => ({ ...member, name: `${member.name}\u202e` })) })),
  ),
];

export const GENESIS: readonly BrokenRule[] = [...STATED, ...ENROLLED, ...SIGNED];
