import * as z from 'zod/mini';
import { MAX_HOSTS } from '../attest/request.ts';
import type { Hex } from '../bytes.ts';
import { canonicalBytes, type JsonObject, parseCanonicalBy } from '../canonical.ts';
import { isCode, must, TwinlockError } from '../errors.ts';
import {
  assertion,
  credentialId,
  digest,
  ed25519Signature,
  type Grade,
  grade,
  humanText,
  id,
  instantMs,
  parseAs,
  u64Text,
} from '../schema.ts';

/** The limit of an entry bundle of C2SP tlog-tiles: u16 length. */
export const MAX_ENTRY_BYTES = 65_535;

const signedByCustodian = z.strictObject({ kind: z.literal('assertion'), ...assertion.shape });
const signedByPrincipal = z.strictObject({ kind: z.literal('ed25519'), signature: ed25519Signature });
export const proposerSignature = z.discriminatedUnion('kind', [signedByCustodian, signedByPrincipal]);
export type ProposerSignature = z.infer<typeof proposerSignature>;

export const envelopeName = z.strictObject({
  person: id,
  index: z.int().check(z.gte(1), z.lte(255)),
  credential: credentialId,
  digest,
});
export type EnvelopeName = z.infer<typeof envelopeName>;

/** The host's statement when it is done, signed with its one-time receipt key. */
export const hostReceipt = z.strictObject({
  type: z.literal('host'),
  release: digest,
  host: z.int().check(z.gte(0), z.lt(MAX_HOSTS)),
  /** The key-check value that the host computed from the release key it combined. */
  keyCheck: digest,
  files: z.int().check(z.gte(0)),
  bytes: u64Text,
  /** SHA-256 of the model signature (OMS bundle) that it verified over the plaintext. */
  modelSignature: z.nullable(digest),
  /** SHA-256 of the evaluation report. */
  evaluation: z.nullable(digest),
  signature: ed25519Signature,
});
/** A custodian has opened one of their envelopes and checked the share in it. */
const custodyReceipt = z.strictObject({
  type: z.literal('custody'),
  manifest: digest,
  person: id,
  credential: credentialId,
  envelope: digest,
  signature: ed25519Signature,
});

/** As it came, down to its last member: a schema that lets members pass may drop one called `__proto__`. */
const statement = z.custom<JsonObject>(
  (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
  'expected a statement',
);

/** The acts at which a caller may be refused. */
const REFUSED_ACTS = [
  'upload',
  'deposit',
  'request',
  'appraise',
  'propose',
  'approve',
  'release',
  'hand_over',
  'receipt',
  'custody',
  'read_log',
  'stop',
] as const;
export type RefusedAct = (typeof REFUSED_ACTS)[number];

/** The vault's statement about refused requests, added up: `count` times since the instant `since`. */
export const refusalBody = z.strictObject({
  code: z.string().check(z.refine(isCode, 'expected a code of this version')),
  act: z.enum(REFUSED_ACTS),
  who: z.nullable(z.string().check(z.maxLength(1400), z.regex(/^[A-Za-z0-9:_-]+$/))),
  count: z.int().check(z.gte(1)),
  since: instantMs,
});

/** The body of each kind of entry. The statement inside is parsed by its own kind. */
const BODIES = {
  genesis: z.strictObject({
    statement,
    signatures: z.array(z.strictObject({ person: id, credential: credentialId, assertion })).check(z.maxLength(32)),
  }),
  deposit: z.strictObject({
    manifest: digest,
    signature: ed25519Signature,
    envelopes: z.array(envelopeName).check(z.maxLength(128)),
  }),
  proposal: z.strictObject({ statement, signature: proposerSignature }),
  approval: z.strictObject({
    proposal: digest,
    decision: z.enum(['approve', 'deny']),
    person: id,
    credential: credentialId,
    /** The log as the custodian's client verified it. */
    checkpoint: z.strictObject({ origin: z.string().check(z.maxLength(128)), size: z.int(), root: digest }),
    /** The root of that log, as the custodian's client computed it. */
    roster: digest,
    time: instantMs,
    nonce: digest,
    /** The reason of a denial, signed with it. Null for an approval, and for a denial without a reason. */
    reason: z.nullable(humanText(500)),
    assertion,
  }),
  release: z.strictObject({ proposal: digest }),
  receipt: z.discriminatedUnion('type', [hostReceipt, custodyReceipt]),
  stop: z.strictObject({ statement, signature: proposerSignature }),
  refusal: refusalBody,
  expiry: z.strictObject({ proposal: digest }),
  heartbeat: z.strictObject({}),
} as const;

type EntryKind = keyof typeof BODIES;
export type EntryBodyOf<K extends EntryKind> = z.infer<(typeof BODIES)[K]>;
export type HostReceipt = z.infer<typeof hostReceipt>;
export type CustodyReceipt = z.infer<typeof custodyReceipt>;

/** An entry of one kind; the union over all kinds is what the log holds. */
export type EntryOf<K extends EntryKind> = {
  readonly v: 1;
  readonly index: number;
  readonly time: number;
  /** Leaf hash of the entry before it, hex; zeros for entry 0. */
  readonly prev: Hex;
  /** The vault's, as genesis says it. */
  readonly grade: Grade;
  readonly kind: K;
  readonly body: EntryBodyOf<K>;
};
/** An entry of the log: its place, its time by the vault’s clock, and what happened (log/FORMAT.md). */
export type Entry = { [K in EntryKind]: EntryOf<K> }[EntryKind];
/** An entry before the log gives it its place. */
export type EntryDraft = { [K in EntryKind]: Pick<EntryOf<K>, 'kind' | 'body'> }[EntryKind];

const envelope = z.strictObject({
  v: z.int(),
  index: z.int().check(z.gte(0)),
  time: instantMs,
  prev: digest,
  grade,
  kind: z.string(),
  body: z.unknown(),
});

/**
 * Parses attacker-controlled entry bytes: canonical JSON of at most 65,535 bytes, exactly the members
 * `{v, index, time, prev, grade, kind, body}` (design: log). Throws `too_large`, `not_canonical`, `malformed`,
 * `unsupported_version` or `unknown_kind`.
 */
export function parseEntry(bytes: Uint8Array): Entry {
  return parseCanonicalBy(readEntry, bytes, MAX_ENTRY_BYTES);
}

function readEntry(value: unknown): Entry {
  const entry = parseAs(envelope, value, 'entry');
  must(entry.v === 1, 'unsupported_version', `expected an entry of version 1, got ${entry.v}`);
  if (!Object.hasOwn(BODIES, entry.kind)) {
    throw new TwinlockError('unknown_kind', `expected an entry of kind ${Object.keys(BODIES).join(', ')}`);
  }
  const body = parseAs(BODIES[entry.kind as EntryKind], entry.body, `entry.${entry.kind}`);
  return { ...entry, body } as Entry;
}

/** The canonical bytes of an entry. Throws `too_large` past 65,535 bytes. */
export function encodeEntry(entry: Entry): Uint8Array {
  const bytes = canonicalBytes(entry);
  must(
    bytes.length <= MAX_ENTRY_BYTES,
    'too_large',
    `an entry has at most ${MAX_ENTRY_BYTES} bytes, got ${bytes.length}`,
  );
  return bytes;
}
