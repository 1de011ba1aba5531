import type { List, Map as PersistentMap } from 'immutable';
import type { Base64url, Hex } from '../bytes.ts';
import type { EntryBodyOf, EnvelopeName, HostReceipt } from '../log/entry.ts';
import type { Frontier } from '../log/merkle.ts';
import type { CoseKey } from '../signature/cose.ts';
import type { Policy } from '../statement/policy.ts';
import type { PrincipalRecord, Statement, StatementOf } from '../statement/statement.ts';

/** Where the log ends, and what it was lately. */
export interface LogChain {
  readonly frontier: Frontier;
  /** Leaf hash of the last entry. */
  readonly last: Hex;
  /** The last WINDOW_ENTRIES entries (bounds.ts), in the order of the log: about 125 bytes each. */
  readonly recent: List<Recent>;
}

/** An entry as the chain remembers it. */
export interface Recent {
  /** The root of the log with it as its last entry. */
  readonly root: Hex;
  readonly time: number;
}

/** An entry of the log. */
export interface LogPlace {
  readonly index: number;
  readonly time: number;
}

/** A statement in the log. */
export interface Stated extends LogPlace {
  /** The proposer: the custodian's person, or the machine's key. Null for genesis and stops. */
  readonly by: string | null;
}

/**
 * A policy, and the entry that put it in force: 0 for that of genesis, else the last approval that its change needed.
 */
export interface PolicyInForce {
  readonly digest: Hex;
  readonly since: number;
}

/** A person who holds a share; a vote counts persons, never keys. */
export interface Member {
  readonly person: Hex;
  readonly name: string;
  /** The person's one share index, 1 to 255. */
  readonly index: number;
  readonly groups: readonly string[];
}

export interface Committee {
  readonly id: Hex;
  readonly epoch: number;
  readonly threshold: number;
  readonly members: readonly Member[];
}

export interface EnrolledAuthenticator {
  readonly credential: Base64url;
  /** What its person calls it; no other of theirs has a name that looks like it. */
  readonly name: string;
  readonly person: Hex;
  readonly algorithm: CoseKey['algorithm'];
  readonly publicKey: Uint8Array;
  readonly kem: Uint8Array;
  /** Ed25519, 32 bytes: signs the envelopes that this custodian seals. */
  readonly signing: Uint8Array;
  readonly keyEpoch: number;
  readonly enrolment: Hex;
  /** Index of the entry that retired it. */
  readonly retiredAt: number | null;
  /** The stop by which its person retired it; null where nothing has, or a quorum. */
  readonly stop: RecordedStop | null;
}

export interface Principal extends PrincipalRecord {
  /** Index of the entry that retired it. */
  readonly retiredAt: number | null;
  /** What retired it; null where nothing has. */
  readonly stop: RecordedStop | null;
}

/** The phase of a model version in the log. versions.ts says what each phase means. */
export type VersionPhase = 'quarantined' | 'releasable' | 'withdrawn';

/** A model version. */
export interface Version {
  readonly model: string;
  readonly version: string;
  readonly manifest: Hex;
  readonly commitments: Hex;
  readonly keyCheck: Hex;
  /** The id of the committee that holds its shares. */
  readonly committee: Hex;
  readonly epoch: number;
  readonly depositor: string;
  /** The depositor's owner at the time. */
  readonly owner: Hex;
  /** Bytes of ciphertext, all files. */
  readonly bytes: bigint;
  /** The number of files, the inner manifest included. Their sizes are in the manifest. */
  readonly files: number;
  readonly time: number;
  readonly phase: VersionPhase;
  /** What withdrew it; null where nothing has. */
  readonly stop: RecordedStop | null;
  readonly envelopes: readonly EnvelopeName[];
  /** Credentials whose envelope has been opened and checked. */
  readonly confirmed: readonly Base64url[];
}

export interface Vote {
  readonly person: Hex;
  readonly credential: Base64url;
  readonly decision: EntryBodyOf<'approval'>['decision'];
  /** The reason of a denial, for the requester; null if the custodian gave none. */
  readonly reason: string | null;
  readonly index: number;
  readonly time: number;
}

/** What the log says of a proposal; lifecycle.ts has what follows on what. */
export type ProposalPhase = 'open' | 'approved' | 'executed' | 'denied' | 'expired' | 'withdrawn' | 'revoked' | 'ended';

/** A statement that may become effective by quorum. */
export type Proposable = Exclude<Statement, StatementOf<'genesis'> | StatementOf<'stop'>>;

export interface Proposal<S extends Proposable = Proposable> {
  readonly digest: Hex;
  readonly statement: S;
  /** Index and time of the entry that proposed it. */
  readonly index: number;
  readonly time: number;
  readonly phase: ProposalPhase;
  /** Index of the entry that put it into that phase. */
  readonly phaseAt: number;
  readonly votes: readonly Vote[];
  /**
   * The entry with which it took effect, also where it was revoked or has ended since; null before. No two proposals have
   * the same. A release's lease begins at its time, which a correction of the log's clock sets back.
   */
  readonly executed: LogPlace | null;
  /** It has expired because it was made by the clock that a quorum then set back: its time to expire may lie ahead. */
  readonly setBack: boolean;
  /** What withdrew or revoked it; null where nothing has. */
  readonly stop: RecordedStop | null;
  readonly receipts: readonly HostReceipt[];
}

/** A stop, for people: who, when and why. */
export interface RecordedStop {
  readonly digest: Hex;
  readonly person: Hex;
  readonly name: string;
  readonly reason: string;
  /** By the clock of the person or machine that stopped. */
  readonly created: number;
  /** The time of its entry, by the vault's clock. */
  readonly time: number;
  readonly index: number;
}

/** Everything that the log has established. A value: every entry gives a new one. */
export interface Facts {
  readonly vault: Hex;
  readonly genesis: StatementOf<'genesis'>;
  readonly committee: Committee;
  readonly policy: { readonly digest: Hex; readonly document: Policy };
  /** By digest of a proposal that is still open: an approval does not bring the document. */
  readonly proposedPolicies: PersistentMap<Hex, Policy>;
  /** Names by id. */
  readonly persons: PersistentMap<Hex, string>;
  /** By the same ids: by which entry each of them became known. */
  readonly firstSeen: PersistentMap<Hex, LogPlace>;
  readonly authenticators: PersistentMap<Base64url, EnrolledAuthenticator>;
  readonly principals: PersistentMap<string, Principal>;
  /** By manifest digest. */
  readonly versions: PersistentMap<Hex, Version>;
  /** `model@version` to manifest digest. */
  readonly names: PersistentMap<string, Hex>;
  /** By what a namespace, a model or a version looks like (core/name), its name. */
  readonly spellings: PersistentMap<string, string>;
  readonly proposals: PersistentMap<Hex, Proposal>;
  /** Policies that were in force when a proposal that is kept was made, and the one in force, which is the last. */
  readonly policies: readonly PolicyInForce[];
  /** How often another policy has been put in force. */
  readonly policyChanges: number;
  /** By the digest of a statement that was proposed or took effect lately (forgetting.ts). */
  readonly statements: PersistentMap<Hex, Stated>;
  /** By SHA-256 of a host's KEM key, and of evidence, that was named lately: the entry that named it. */
  readonly kemKeys: PersistentMap<Hex, number>;
  readonly evidence: PersistentMap<Hex, number>;
  /**
   * What the vault says it turned away since a day before the log's clock, oldest entry first; who a credential id, a
   * key, or null.
   */
  readonly refusals: List<Pick<EntryBodyOf<'refusal'>, 'code' | 'act' | 'who'> & { readonly time: number }>;
  /** Budgets of the releases of the last day, oldest first. */
  readonly granted: List<{ readonly time: number; readonly bytes: bigint }>;
  /** The latest time that a custodian has signed, in milliseconds: the log's clock (entries/time.ts). */
  readonly attestedMs: number;
  /** Index of the last entry in which a custodian signed a time, those apart that would correct the log's clock. */
  readonly attestedAt: number;
  /** The stops of everything that halt all releases, oldest first; a resumption names the last. */
  readonly stopped: readonly [RecordedStop, ...RecordedStop[]] | null;
  /**
   * What a stop of everything may rest on: of the vault's fingerprint and then each resumption, in order, the latest
   * 1,024.
   */
  readonly resumptions: readonly Hex[];
  /** The last of them, kept or not, when a person last stopped everything, or took part in a resumption. */
  readonly heard: PersistentMap<Hex, Hex>;
}

/**
 * The log as far as it was folded: where it ends, and what it has established. A value: every entry gives a new one.
 */
export interface State {
  readonly chain: LogChain;
  readonly facts: Facts;
}

/** `model@version`. */
export function versionKey(model: string, version: string): string {
  return `${model}@${version}`;
}
