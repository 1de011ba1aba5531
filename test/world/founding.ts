import type { SoftwareAttestation } from '../../client/custodian/software-authenticator.ts';
import { NO_REFERENCE_VALUES } from '../../src/core/attest/reference-values.ts';
import { type Hex, toBase64url, toHex, ZERO_32 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import type { EntryDraft } from '../../src/core/log/entry.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { ed25519KeyText } from '../../src/core/signature/key-text.ts';
import type { Policy } from '../../src/core/statement/policy.ts';
import { type StatementOf, statementDigest } from '../../src/core/statement/statement.ts';
import { seededRandom } from '../core/seeded-random.ts';
import { basicConstraints, makeCertificate, name, testKey } from '../core/x509/certificate-kit.ts';
import { ed25519PublicKey } from './native-keys.ts';
import {
  type Founder,
  type FounderOptions,
  type Machine,
  makeFounder,
  makeMachine,
  OUTSIDER,
  touch,
} from './people.ts';

export const START_MS = Date.UTC(2026, 0, 1);
export const HOUR_MS = 60 * 60_000;
/** The image that the default policy lets run. */
export const MEASUREMENT: Hex = 'a5'.repeat(32);
const RP_ID = 'tl-abcdefgh01234567.localhost';
const ZEROS = toHex(ZERO_32);

/** Makes a model of attested authenticator for production vaults, under a root of our own. */
const ATTESTED_AAGUID: Hex = 'a7'.repeat(16);
const rootKey = testKey('ES256', 1);
const leafKey = testKey('ES256', 2);
const rootName = name({ '2.5.4.3': 'test attestation root' });
const leafName = name({ '2.5.4.10': 'twinlock tests', '2.5.4.11': 'Authenticator Attestation' });
const rootCertificate = makeCertificate({
  subject: rootName,
  issuer: rootName,
  key: rootKey,
  signer: rootKey,
  extensions: [basicConstraints(true)],
});
const leafCertificate = makeCertificate({
  subject: leafName,
  issuer: rootName,
  key: leafKey,
  signer: rootKey,
  extensions: [basicConstraints(false)],
});
export const ATTESTED: { readonly attestation: SoftwareAttestation; readonly aaguid: Hex } = {
  attestation: { kind: 'x5c', privateKey: leafKey.privateKey, certificates: [leafCertificate] },
  aaguid: ATTESTED_AAGUID,
};

export interface FoundingOptions {
  /** Another label gives other keys, ids and nonces. */
  readonly label?: string;
  readonly grade?: 'production' | 'simulation';
  readonly threshold?: number;
  readonly founders?: readonly FounderOptions[];
  readonly policy?: Partial<Policy>;
  /** What the depositor and the requester may touch; everything unless given. */
  readonly models?: readonly string[];
}

export const POLICY: Policy = {
  v: 1,
  kind: 'policy',
  groups: [],
  veto: false,
  authenticators: { aaguids: [], roots: [] },
  referenceValues: { ...NO_REFERENCE_VALUES, simulated: { platform: 'simulated', measurements: [MEASUREMENT] } },
  limits: {
    proposalMs: 24 * HOUR_MS,
    leaseMs: 24 * HOUR_MS,
    hosts: 8,
    bytesPerRelease: '1000000000',
    bytesPerDay: '4000000000',
  },
  publication: { evaluation: false, modelSignature: false },
};

/** What a production vault's policy has instead. */
export const PRODUCTION: Partial<Policy> = {
  authenticators: { aaguids: [ATTESTED_AAGUID], roots: [toBase64url(rootCertificate)] },
  referenceValues: NO_REFERENCE_VALUES,
};

/** Four custodians, the first with two authenticators; the indices have a gap, as after somebody has left. */
const FOUNDERS: readonly FounderOptions[] = [
  { name: 'ana', index: 1, groups: ['security'], authenticators: 2 },
  { name: 'ben', index: 2, groups: ['research'] },
  { name: 'cleo', index: 3, groups: ['security'] },
  { name: 'dan', index: 5, groups: ['research'] },
];

/** Everything that exists before a vault: persons, machines, a policy, and the genesis statement of them. */
export interface Founding {
  readonly rpId: string;
  readonly grade: 'production' | 'simulation';
  readonly logSeed: Uint8Array;
  readonly founders: readonly Founder[];
  /** Owned by dan. */
  readonly depositor: Machine;
  /** Owned by ana. */
  readonly requester: Machine;
  /** Owned by somebody who is no custodian. */
  readonly auditor: Machine;
  readonly policy: Policy;
  /** The policy and the enrolment documents, by digest. */
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  readonly statement: StatementOf<'genesis'>;
  readonly random: RandomBytes;
}

export async function prepareFounding(options: FoundingOptions = {}): Promise<Founding> {
  const { label = 'world', grade = 'simulation', threshold = 2 } = options;
  const models = [...(options.models ?? ['*'])];
  const random = seededRandom(label);
  const device = { rpId: RP_ID, random, ...(grade === 'production' ? ATTESTED : {}) };
  const founders: Founder[] = [];
  for (const founder of options.founders ?? FOUNDERS) founders.push(await makeFounder(founder, device));
  const ownedBy = (position: number) => {
    const founder = founders.at(position);
    return founder === undefined ? OUTSIDER : { owner: founder.person, ownerName: founder.name };
  };
  const machines = {
    depositor: makeMachine({ role: 'depositor', name: 'training', models, ...ownedBy(-1) }, random),
    requester: makeMachine({ role: 'requester', name: 'serving', models, ...ownedBy(0) }, random),
    auditor: makeMachine({ role: 'auditor', name: 'audit', ...OUTSIDER }, random),
  };
  const policy = { ...POLICY, ...(grade === 'production' ? PRODUCTION : {}), ...options.policy };
  const policyBytes = canonicalBytes(policy);
  const logSeed = random(32);
  const statement: StatementOf<'genesis'> = {
    v: 1,
    kind: 'genesis',
    vault: ZEROS,
    committee: toHex(random(16)),
    epoch: 1,
    policy: digestOf(policyBytes),
    base: ZEROS,
    nonce: toHex(random(32)),
    created: START_MS,
    expires: START_MS + 24 * HOUR_MS,
    proposer: { kind: 'founders' },
    grade,
    rpId: RP_ID,
    log: { origin: `${RP_ID}/log`, key: ed25519KeyText(ed25519PublicKey(logSeed)) },
    witnesses: [],
    threshold,
    members: founders.map(memberOf),
    principals: Object.values(machines).map((machine) => machine.record),
  };
  const documents = founders.flatMap(({ authenticators }) => authenticators);
  const objects = new Map(documents.map(({ digest, bytes }) => [digest, bytes] as const));
  objects.set(statement.policy, policyBytes);
  return { rpId: RP_ID, grade, logSeed, founders, ...machines, policy, objects, statement, random };
}

export function memberOf({
  person,
  name,
  index,
  groups,
  authenticators,
}: Founder): Founding['statement']['members'][number] {
  return { person, name, index, groups: [...groups], enrolments: authenticators.map(({ digest }) => digest) };
}

/** Every founder's signature over the statement, which may be a changed one, with their first authenticator. */
export async function draftGenesis(
  { founders }: Founding,
  statement: StatementOf<'genesis'>,
): Promise<EntryDraft & { kind: 'genesis' }> {
  const signable = { label: 'genesis', statement: statementDigest(statement) } as const;
  const signatures = [];
  for (const { person, authenticators } of founders) {
    const [authenticator] = authenticators;
    const assertion = await touch(authenticator, signable);
    signatures.push({ person, credential: toBase64url(authenticator.credential), assertion });
  }
  return { kind: 'genesis', body: { statement, signatures } };
}
