import * as z from 'zod/mini';
import { MAX_HOSTS } from '../attest/request.ts';
import type { Hex } from '../bytes.ts';
import { digestOfObject } from '../canonical.ts';
import { TwinlockError } from '../errors.ts';
import { personName, thingName } from '../name/name.ts';
import {
  credentialId,
  digest,
  durationMs,
  ed25519Key,
  ed25519Signature,
  grade,
  groupName,
  humanText,
  id,
  instantMs,
  modelName,
  modelScope,
  parseAs,
  rpId,
  u64Text,
  versionName,
} from '../schema.ts';

/** A share index is one byte, but a committee of more persons than this is not one. */
export const MAX_MEMBERS = 32;
/** Authenticators a person may enrol at genesis: two are usual, and a genesis entry must fit its limit. */
const MAX_AUTHENTICATORS = 4;

/** A machine's key and what it may do. `possession` is the key's own signature; see possessionMessage. */
export const principalRecord = z.strictObject({
  key: ed25519Key,
  role: z.enum(['depositor', 'requester', 'auditor']),
  name: thingName,
  owner: id,
  ownerName: personName,
  models: z.array(modelScope).check(z.minLength(1), z.maxLength(64)),
  possession: ed25519Signature,
});
export type PrincipalRecord = z.infer<typeof principalRecord>;

/** A record before genesis, when its owner has a name but no id yet. */
export const principalInvitation = z.omit(principalRecord, { owner: true });

const member = z.strictObject({
  person: id,
  name: personName,
  index: z.int().check(z.gte(1), z.lte(255)),
  groups: z.array(groupName).check(z.maxLength(8)),
  enrolments: z.array(digest).check(z.minLength(1), z.maxLength(MAX_AUTHENTICATORS)),
});

const host = z.strictObject({
  /** From the enrolled chip id or attestation key, never from what the host says of itself. */
  label: humanText(64),
  kem: digest,
  receiptKey: ed25519Key,
  evidence: digest,
  /** The vendors' endorsements that the appraisal used. */
  endorsements: digest,
  appraisal: digest,
});

const custodianProposer = z.strictObject({ kind: z.literal('custodian'), person: id, credential: credentialId });
const principalProposer = z.strictObject({ kind: z.literal('principal'), person: id, key: ed25519Key });

/** The key that signs a stop. The log says whose key it is. */
const stopper = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('custodian'), credential: credentialId }),
  z.strictObject({ kind: z.literal('principal'), key: ed25519Key }),
]);

/** The header that every statement but a stop has (design: ARCHITECTURE, "Statements, proposals, quorum"). */
const header = {
  v: z.literal(1),
  /** The vault's, for life: nothing of a simulation is ever taken for production. */
  grade,
  vault: digest,
  committee: id,
  epoch: z.int().check(z.gte(1)),
  policy: digest,
  base: digest,
  nonce: digest,
  created: instantMs,
  expires: instantMs,
};
/**
 * The header of a proposed statement. `logSize` is the number of entries that the proposer knew: it ties the statement
 * to a place in the log.
 */
const proposed = { ...header, logSize: z.int().check(z.gte(1)) };
const byCustodian = { ...proposed, proposer: custodianProposer };
const byEither = { ...proposed, proposer: z.discriminatedUnion('kind', [custodianProposer, principalProposer]) };
const byPrincipal = { ...proposed, proposer: principalProposer };

export type Quorum = 'founders' | 'custodians' | 'one';

/**
 * What can be stated. The one place where a kind is added: its fields, who proposes it, and how many
 * persons make it take effect. The rules of its effect are in core/state/kinds.
 */
export const KINDS = {
  genesis: {
    quorum: 'founders',
    schema: z.strictObject({
      ...header,
      proposer: z.strictObject({ kind: z.literal('founders') }),
      kind: z.literal('genesis'),
      rpId,
      log: z.strictObject({ origin: humanText(128), key: ed25519Key }),
      witnesses: z.array(humanText(512)).check(z.maxLength(0)),
      threshold: z.int(),
      members: z.array(member).check(z.minLength(1), z.maxLength(MAX_MEMBERS)),
      principals: z.array(principalRecord).check(z.maxLength(16)),
    }),
  },
  principal: {
    quorum: 'custodians',
    schema: z.strictObject({ ...byCustodian, kind: z.literal('principal'), principal: principalRecord }),
  },
  policy: {
    quorum: 'custodians',
    schema: z.strictObject({
      ...byCustodian,
      kind: z.literal('policy'),
      /** The whole policy as it will be; its base is the one that it replaces. */
      document: digest,
      reason: humanText(500),
    }),
  },
  publish: {
    quorum: 'custodians',
    schema: z.strictObject({
      ...byEither,
      kind: z.literal('publish'),
      model: modelName,
      version: versionName,
      manifest: digest,
      commitments: digest,
      /** The evaluation release whose receipt is cited, where policy asks for one. */
      evaluation: z.nullable(digest),
    }),
  },
  release: {
    quorum: 'custodians',
    schema: z.strictObject({
      ...byPrincipal,
      kind: z.literal('release'),
      request: digest,
      model: modelName,
      version: versionName,
      manifest: digest,
      commitments: digest,
      purpose: z.enum(['serving', 'evaluation']),
      reason: humanText(500),
      hosts: z.array(host).check(z.minLength(1), z.maxLength(MAX_HOSTS)),
      leaseMs: durationMs,
      /** Bytes of ciphertext that the vault serves under this release, all hosts together. */
      bytes: u64Text,
    }),
  },
  /** Has no header: its signer may know of the vault its fingerprint and nothing else. */
  stop: {
    quorum: 'one',
    schema: z.strictObject({
      v: z.literal(1),
      kind: z.literal('stop'),
      vault: digest,
      by: stopper,
      /** `proposal` withdraws one's own; `authenticator` retires one's own; `principal` retires a machine's key. */
      what: z.enum(['all', 'release', 'version', 'authenticator', 'principal', 'proposal']),
      /** Zero for all; a proposal's digest; a manifest's; SHA-256 of a credential id, or of a key as text. */
      target: digest,
      /** For all: the last resumption that its signer knows of, the vault's fingerprint for none. Else zero. */
      base: digest,
      reason: humanText(500),
      nonce: digest,
      /** By the signer's clock: it is shown, and no rule reads it. */
      created: instantMs,
    }),
  },
  resume: {
    quorum: 'custodians',
    schema: z.strictObject({ ...byCustodian, kind: z.literal('resume'), stop: digest, reason: humanText(500) }),
  },
  /** Retires an authenticator of another, by a quorum in which its person has no vote. */
  authenticator: {
    quorum: 'custodians',
    schema: z.strictObject({
      ...byCustodian,
      kind: z.literal('authenticator'),
      action: z.literal('retire'),
      credential: credentialId,
      person: id,
      reason: humanText(500),
    }),
  },
  /** Sets a log's clock back that is ahead of true time; the approvals attest the time. */
  clock: {
    quorum: 'custodians',
    schema: z.strictObject({ ...byCustodian, kind: z.literal('clock'), reason: humanText(500) }),
  },
} as const satisfies Record<string, { quorum: Quorum; schema: z.ZodMiniType }>;

type Kind = keyof typeof KINDS;
export type StatementOf<K extends Kind> = z.infer<(typeof KINDS)[K]['schema']>;
/** A statement of any kind (statement/FORMAT.md). */
export type Statement = { [K in Kind]: StatementOf<K> }[Kind];
export type Proposer = Exclude<Statement, StatementOf<'stop'>>['proposer'];
export type Stop = StatementOf<'stop'>;
export type ReleaseHost = z.infer<typeof host>;

/** Parses an attacker-controlled statement. Throws `unknown_kind` or `malformed`. */
export function parseStatement(value: unknown): Statement {
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    throw new TwinlockError('unknown_kind', `expected a statement of kind ${Object.keys(KINDS).join(', ')}`);
  }
  return parseAs(KINDS[kind as Kind].schema, value, kind) as Statement;
}

/** SHA-256 of the canonical form: what is proposed, approved and compared. */
export function statementDigest(statement: Statement): Hex {
  return digestOfObject(statement);
}
