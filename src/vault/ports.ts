import type { Endorsements } from '../core/attest/endorsements.ts';
import type { Evidence } from '../core/attest/evidence.ts';
import type { Base64url, Hex } from '../core/bytes.ts';
import type { Checkpoint } from '../core/log/checkpoint.ts';
import type { Tile, TileName } from '../core/log/tiles.ts';
import type { ArchivedAssertion } from '../core/schema.ts';
import type { PrincipalRecord, StatementOf } from '../core/statement/statement.ts';
import type { Pack, PackedFile } from '../core/weights/pack.ts';

/** What the use cases need of the world. Every interface says what is durable when, and what may run at once. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Signs checkpoints; the private key never leaves it. It may be another machine: slow, or not there. */
export interface CheckpointSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Resolves with the signed note. What it answers is verified; one that is asked again may sign another log of that size. */
  sign(checkpoint: Checkpoint): Promise<Uint8Array>;
}

/**
 * Where the vault gets from what vendors say about hardware: certificates, TCB collateral, revocation lists, key
 * sets. May take seconds, and may run for several hosts at once. Nothing rests on it: what it returns is judged
 * by the vendors' signatures when the evidence is appraised, here and again by everybody else.
 */
export interface Endorser {
  /**
   * Completes what came with the evidence, `offered`, which is attacker-controlled as the evidence is. Returns
   * what could be had; what is missing then fails a rule of the appraisal. Throws `endorsement_missing` or
   * `unavailable` where it is worth trying again.
   */
  endorse(evidence: Evidence, offered: Endorsements): Promise<Endorsements>;
}

/** A share sealed to one authenticator of a custodian. Erasable. */
export interface CustodianEnvelopeRow {
  readonly manifest: Hex;
  readonly person: Hex;
  readonly credential: Base64url;
  readonly digest: Hex;
  readonly envelope: Uint8Array;
}

/** A share re-sealed to a host by the custodian who approved. Erased when the lease ends. */
export interface HostShareRow {
  readonly release: Hex;
  readonly host: number;
  readonly person: Hex;
  readonly index: number;
  readonly credential: Base64url;
  readonly envelope: Uint8Array;
  readonly signature: Uint8Array;
}

/** What lets a host read ciphertext: only the hash of its bearer token is kept, and the token sealed to it. */
export interface TokenRow {
  /** SHA-256 of the 32-byte token. */
  readonly hash: Hex;
  readonly release: Hex;
  readonly host: number;
  readonly manifest: Hex;
  readonly sealed: Uint8Array;
  readonly expires: number;
}

/** Everything that one act changes: all of it is stored, or nothing. */
export interface Batch {
  /** Consecutive, from the present size on. */
  readonly entries: readonly { readonly index: number; readonly bytes: Uint8Array }[];
  /** The tiles that these entries begin or lengthen, each whole. */
  readonly tiles: readonly Tile[];
  /** Signed note over the size after the entries. */
  readonly checkpoint: Uint8Array;
  /** Evidential objects by digest; those that exist stay. */
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  readonly envelopes: readonly CustodianEnvelopeRow[];
  readonly hostShares: readonly HostShareRow[];
  readonly tokens: readonly TokenRow[];
  /** Releases whose host shares and tokens are erased. */
  readonly erase: readonly Hex[];
}

/**
 * The log's rows and what lies beside it. `commit` resolves when the batch is on disk (fsynced); a crash
 * before leaves nothing of it. One writer: the caller never has two commits under way.
 */
export interface LogStore {
  commit(batch: Batch): Promise<void>;
  /** Writes what says nothing, durably: whether the next commit could be. */
  probe(): Promise<void>;
  size(): Promise<number>;
  /** Entries `from` ≤ index < `from` + `limit`, ascending. */
  entries(from: number, limit: number): Promise<readonly { readonly index: number; readonly bytes: Uint8Array }[]>;
  /** The hashes of a tile, as long as it is now; null where there is none. */
  tile(name: TileName): Promise<Uint8Array | null>;
  /** The last checkpoint's note, or null before genesis. */
  checkpoint(): Promise<Uint8Array | null>;
  /** Those of the digests that exist. */
  objects(digests: readonly Hex[]): Promise<ReadonlyMap<Hex, Uint8Array>>;
  envelopesOf(manifestDigest: Hex, person: Hex): Promise<readonly CustodianEnvelopeRow[]>;
  hostShares(releaseDigest: Hex, hostIndex: number): Promise<readonly HostShareRow[]>;
  token(hash: Hex): Promise<TokenRow | null>;
  tokenOf(releaseDigest: Hex, hostIndex: number): Promise<TokenRow | null>;
  /**
   * Takes `bytes` (negative gives back) from what `release` may still be served, where it holds at most
   * `limit` in all. Durable. Returns false, and takes nothing, where the limit would be passed.
   */
  reserve(releaseDigest: Hex, bytes: bigint, limit: bigint): Promise<boolean>;
}

/** How the vault is to be founded, from `twinlockd init`. */
export interface Founding {
  readonly rpId: string;
  readonly grade: StatementOf<'genesis'>['grade'];
  readonly committee: Hex;
  readonly threshold: number;
  readonly nonce: Hex;
  readonly created: number;
  readonly expires: number;
  /** Canonical bytes of the policy. */
  readonly policy: Uint8Array;
  readonly principals: readonly PrincipalRecord[];
  readonly founders: readonly Founder[];
  /** What the founders' files say: where the vault answers, `https://host:port`. */
  readonly url: string;
  /** And the certificates in PEM that vouch for what it is served with; null where every machine trusts an authority that does. */
  readonly ca: string | null;
}

export interface Founder {
  readonly person: Hex;
  readonly name: string;
  readonly index: number;
  readonly groups: readonly string[];
  /** SHA-256 of the invitation. */
  readonly invitation: Hex;
}

export interface EnrolmentRow {
  readonly digest: Hex;
  readonly person: Hex;
  readonly credential: Base64url;
  readonly document: Uint8Array;
}

export interface GenesisSignatureRow {
  readonly person: Hex;
  readonly statement: Hex;
  readonly credential: Base64url;
  readonly assertion: ArchivedAssertion;
}

/** What happens before there is a log. Each call is one durable transaction. */
export interface FoundingStore {
  /** Null where `init` has not been run. */
  founding(): Promise<Founding | null>;
  /** Throws `exists` where the vault has been initialised. */
  found(founding: Founding): Promise<void>;
  /** In the order in which they came. */
  enrolments(): Promise<readonly EnrolmentRow[]>;
  /** Throws `credential_exists`. Drops all genesis signatures: they are over another statement now. */
  addEnrolment(row: EnrolmentRow): Promise<void>;
  genesisSignatures(): Promise<readonly GenesisSignatureRow[]>;
  /** A person's later signature replaces the earlier one. */
  putGenesisSignature(row: GenesisSignatureRow): Promise<void>;
}

/** A deposit under way. */
export interface Upload {
  readonly id: Hex;
  readonly depositor: string;
  /** Which of the machines that have the depositor's key has opened it: 16 bytes of that machine's. */
  readonly opener: Hex;
  readonly model: string;
  readonly version: string;
  /** Plaintext bytes per file, the inner manifest first. */
  readonly files: readonly number[];
  /** Segments per file that are synced to disk. */
  readonly segments: readonly number[];
  /** How often a depositor's process has taken it over from another; what an earlier one sends no longer counts. */
  readonly turn: number;
  readonly opened: number;
  readonly expires: number;
}

export interface UploadStore {
  /** In the place of another where one is named. */
  open(upload: Upload, replaced?: Hex): Promise<void>;
  upload(id: Hex): Promise<Upload | null>;
  /** Durable; the ciphertext must be on disk before. Throws `upload_conflict` where it is another turn by now. */
  advance(id: Hex, turn: number, file: number, segments: number): Promise<void>;
  /** The same of small files whose one segment is stored, all of them or none. */
  advancePacked(id: Hex, turn: number, files: readonly number[]): Promise<void>;
  /** Begins the next turn; returns its number. */
  takeTurn(id: Hex): Promise<number>;
  /** Begins the next turn, with a file of `plainBytes` of which nothing is stored, nor of those `moved`. Throws as `advance`. */
  restart(id: Hex, turn: number, file: number, plainBytes: number, moved: readonly number[]): Promise<void>;
  uploads(): Promise<readonly Upload[]>;
  drop(id: Hex): Promise<void>;
}

/** A file of the ciphertext store: that of a file of a version, by its number, or the pack of all small ones. */
export type BlobName = number | 'pack';

/**
 * The ciphertext store. An upload's folder becomes a version's by one rename; `sweep` finds what a crash leaves in
 * between. Secrecy and integrity do not rest on it.
 */
export interface BlobStore {
  /**
   * Writes whole encrypted segments from number `first` on and their leaf hashes beside them. Resolves with
   * how many segments there are now, once file and sidecar are fsynced. Throws `malformed` where the body is
   * not whole segments of the lengths that `plainBytes` gives, and `too_large` past `maxSegments`.
   */
  storePart(
    upload: Hex,
    file: number,
    first: number,
    part: { readonly plainBytes: number; readonly maxSegments: number; readonly body: AsyncIterable<Uint8Array> },
  ): Promise<number>;
  /**
   * Writes the segments of small files into the pack, whole ones, of which `files` says where they lie: the first of
   * them, and as many after it as the body has. Resolves with how many, once pack and sidecar are fsynced. Throws
   * `malformed` where the body is not whole segments of these files.
   */
  storePack(
    upload: Hex,
    part: {
      readonly files: readonly PackedFile[];
      /** The pack has these many of them already, at the least. */
      readonly storedBytes: number;
      /** Of the whole pack, and how many files are in it. */
      readonly pack: Pick<Pack, 'bytes' | 'files'>;
      readonly body: AsyncIterable<Uint8Array>;
    },
  ): Promise<number>;
  /** Gives back what a file of an upload has of the disk after `bytes`, which it has. Throws `upload_conflict` while it is written. */
  cut(upload: Hex, file: BlobName, bytes: number): Promise<void>;
  /** Bytes of disk that ciphertext may still take: what the log needs is left to it. */
  room(): Promise<number>;
  /** The leaf hashes that were computed while the file came in, 32 bytes each, in pieces of whole ones. */
  uploadLeaves(upload: Hex, file: BlobName): AsyncIterable<Uint8Array>;
  /** Fsyncs the upload's `files`, removes others, and renames it to be the version's. Does nothing where that has been done. */
  seal(upload: Hex, manifestDigest: Hex, files: readonly BlobName[]): Promise<void>;
  /** Bytes `start` to `end` (exclusive) of a file's ciphertext. Throws `storage_corrupt` where it is shorter. */
  read(manifestDigest: Hex, file: BlobName, start: number, end: number): AsyncIterable<Uint8Array>;
  /** A version's, as `uploadLeaves`; of the pack, that of the file at `place` alone. */
  leaves(manifestDigest: Hex, file: BlobName, place?: number): AsyncIterable<Uint8Array>;
  /** Removes every folder that is none of these. Returns how many went. */
  sweep(uploads: readonly Hex[], manifests: readonly Hex[]): Promise<number>;
}
