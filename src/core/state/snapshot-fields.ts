import * as z from 'zod/mini';
import { envelopeName, hostReceipt, refusalBody } from '../log/entry.ts';
import { credentialId, digest, groupName, humanText, id, instantMs } from '../schema.ts';
import { policySchema } from '../statement/policy.ts';
import { KINDS, principalRecord } from '../statement/statement.ts';
import { PHASES } from './lifecycle.ts';
import { bytesOf, listOf, mapOf, wholeText } from './snapshot-codecs.ts';
import type {
  Committee,
  EnrolledAuthenticator,
  Facts,
  LogChain,
  LogPlace,
  PolicyInForce,
  Proposable,
  Proposal,
  Recent,
  RecordedStop,
  Stated,
  Version,
  Vote,
} from './state.ts';
import { VERSION_PHASES } from './versions.ts';

/** A description of every field of T: a field without one, or one of another type, does not compile. */
type Fields<T> = { readonly [K in keyof T]-?: z.ZodMiniType<T[K]> };

const count = z.int().check(z.gte(0));
/** Names and texts were judged by the rules of their entry. */
const text = z.string().check(z.maxLength(2048));

const recordedStop = z.strictObject({
  digest,
  person: id,
  name: text,
  reason: humanText(500),
  created: instantMs,
  time: instantMs,
  index: count,
} satisfies Fields<RecordedStop>);

const committee = z.strictObject({
  id,
  epoch: count,
  threshold: count,
  members: z.array(z.strictObject({ person: id, name: text, index: count, groups: z.array(groupName) })),
} satisfies Fields<Committee>);

const authenticator = z.strictObject({
  credential: credentialId,
  name: text,
  person: id,
  algorithm: z.enum(['ES256', 'Ed25519']),
  publicKey: bytesOf(32, 65),
  kem: bytesOf(1216, 1216),
  signing: bytesOf(32, 32),
  keyEpoch: count,
  enrolment: digest,
  retiredAt: z.nullable(count),
  stop: z.nullable(recordedStop),
} satisfies Fields<EnrolledAuthenticator>);

const logPlace = z.strictObject({ index: count, time: instantMs } satisfies Fields<LogPlace>);

const principal = z.strictObject({
  ...principalRecord.shape,
  retiredAt: z.nullable(count),
  stop: z.nullable(recordedStop),
});

const version = z.strictObject({
  model: text,
  version: text,
  manifest: digest,
  commitments: digest,
  keyCheck: digest,
  committee: id,
  epoch: count,
  depositor: text,
  owner: id,
  bytes: wholeText,
  files: count,
  time: instantMs,
  phase: z.enum(VERSION_PHASES),
  stop: z.nullable(recordedStop),
  envelopes: z.array(envelopeName),
  confirmed: z.array(credentialId),
} satisfies Fields<Version>);

const vote = z.strictObject({
  person: id,
  credential: credentialId,
  decision: z.enum(['approve', 'deny']),
  reason: z.nullable(humanText(500)),
  index: count,
  time: instantMs,
} satisfies Fields<Vote>);

type StatementSchema = (typeof KINDS)[Proposable['kind']]['schema'];
const { genesis: foundation, stop: _, ...proposable } = KINDS;
const statementSchemas = Object.values(proposable).map(({ schema }) => schema) as [
  StatementSchema,
  ...StatementSchema[],
];

const proposal = z.strictObject({
  digest,
  statement: z.discriminatedUnion('kind', statementSchemas),
  index: count,
  time: instantMs,
  phase: z.enum(PHASES),
  votes: z.array(vote),
  phaseAt: count,
  executed: z.nullable(logPlace),
  setBack: z.boolean(),
  stop: z.nullable(recordedStop),
  receipts: z.array(hostReceipt),
} satisfies Fields<Proposal>);

const chain = z.strictObject({
  frontier: z.strictObject({ size: count, hashes: z.array(bytesOf(32, 32)) }),
  last: digest,
  recent: listOf(z.strictObject({ root: digest, time: instantMs } satisfies Fields<Recent>)),
} satisfies Fields<LogChain>);

const facts = z.strictObject({
  vault: digest,
  genesis: foundation.schema,
  committee,
  policy: z.strictObject({ digest, document: policySchema }),
  proposedPolicies: mapOf(digest, policySchema),
  persons: mapOf(id, text),
  firstSeen: mapOf(id, logPlace),
  authenticators: mapOf(credentialId, authenticator),
  principals: mapOf(text, principal),
  versions: mapOf(digest, version),
  names: mapOf(text, digest),
  spellings: mapOf(text, text),
  proposals: mapOf(digest, proposal),
  policies: z.array(z.strictObject({ digest, since: count } satisfies Fields<PolicyInForce>)),
  policyChanges: count,
  statements: mapOf(digest, z.strictObject({ ...logPlace.shape, by: z.nullable(text) } satisfies Fields<Stated>)),
  kemKeys: mapOf(digest, count),
  evidence: mapOf(digest, count),
  refusals: listOf(
    z.strictObject({ time: instantMs, ...z.pick(refusalBody, { code: true, act: true, who: true }).shape }),
  ),
  granted: listOf(z.strictObject({ time: instantMs, bytes: wholeText })),
  attestedMs: instantMs,
  attestedAt: count,
  stopped: z.nullable(z.tuple([recordedStop], recordedStop)),
  resumptions: z.array(digest),
  heard: mapOf(id, digest),
} satisfies Fields<Facts>);

/** The fields of a state, and how each is written. Encoding and decoding both read this table. */
export const stateFields = { chain, facts };
