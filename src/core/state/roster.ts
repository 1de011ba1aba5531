import * as z from 'zod/mini';
import type { Hex } from '../bytes.ts';
import { canonicalBytes, digestOf, parseCanonicalAs } from '../canonical.ts';
import { credentialId, digest, groupName, id } from '../schema.ts';
import { MAX_MEMBERS } from '../statement/statement.ts';
import { MAX_RESUMPTIONS } from './bounds.ts';
import { committeeInForce } from './committees.ts';
import { policyInForce } from './policies.ts';
import type { Facts } from './state.ts';

/** 1,024 resumptions are 70 KiB, 128 authenticators of the longest ids 180 KiB. */
const MAX_ROSTER_BYTES = 256 << 10;

const rosterSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('roster'),
  committee: id,
  epoch: z.int().check(z.gte(1)),
  /** Digest of the policy in force, and the groups that it wants among the approvers. */
  policy: digest,
  groups: z.array(groupName).check(z.maxLength(8)),
  /** Credential ids of the authenticators in use, ascending. */
  authenticators: z.array(credentialId).check(z.maxLength(128)),
  stopped: z.boolean(),
  /** The latest bases of a stop of everything, in order: the fingerprint first, then each resumption. */
  resumptions: z.array(digest).check(z.minLength(1), z.maxLength(MAX_RESUMPTIONS)),
  /**
   * The last resumption, or the fingerprint, when a person last stopped everything or took part in one; by person,
   * ascending.
   */
  heard: z.array(z.strictObject({ person: id, resumption: digest })).check(z.maxLength(MAX_MEMBERS)),
});

/**
 * The roster says who may decide at one point of the log, and by which rules: the committee, the policy, the
 * authenticators in use, and which stops of everything have been heard. Every approver's client computes it from the
 * log that it has replayed, and the approver signs its digest. So a host, which is shown a few entries, learns from an
 * honest approver what the vault could leave out: above all, which authenticators have been retired.
 */
export type Roster = z.infer<typeof rosterSchema>;

/** The facts from which a roster is made. */
const PARTS = ['committee', 'policy', 'authenticators', 'stopped', 'resumptions', 'heard'] as const;
type RosterSource = Pick<Facts, (typeof PARTS)[number]>;

/** The canonical bytes of the roster of these facts: an object beside the log, named by its SHA-256. */
export function rosterBytes(facts: RosterSource): Uint8Array {
  const { authenticators, stopped, resumptions, heard } = facts;
  const [committee, policy] = [committeeInForce(facts), policyInForce(facts)];
  const inUse = authenticators.valueSeq().filter(({ retiredAt }) => retiredAt === null);
  const roster: Roster = {
    v: 1,
    kind: 'roster',
    committee: committee.id,
    epoch: committee.epoch,
    policy: policy.digest,
    groups: [...policy.document.groups],
    authenticators: inUse
      .map(({ credential }) => credential)
      .toArray()
      .sort(),
    stopped: stopped !== null,
    resumptions: [...resumptions],
    heard: heard
      .toArray()
      .map(([person, resumption]) => ({ person, resumption }))
      .sort((a, b) => (a.person < b.person ? -1 : 1)),
  };
  return canonicalBytes(roster);
}

/**
 * SHA-256 of `rosterBytes`, hex. The last one is remembered, with what it was made of: parts of facts are values, few
 * entries change one of these, and a roster grows with every resumption of the vault.
 */
export function rosterDigest(facts: RosterSource): Hex {
  const parts = PARTS.map((part) => facts[part]);
  const isSame = parts.every((part, i) => part === last.parts[i]);
  if (!isSame) last = { parts, digest: digestOf(rosterBytes(facts)) };
  return last.digest;
}

let last: { readonly parts: readonly unknown[]; readonly digest: Hex } = { parts: [], digest: '' };

/** Parses attacker-controlled roster bytes. Throws `too_large`, `not_canonical` or `malformed`. */
export function parseRoster(bytes: Uint8Array): Roster {
  return parseCanonicalAs(rosterSchema, bytes, MAX_ROSTER_BYTES, 'roster');
}
