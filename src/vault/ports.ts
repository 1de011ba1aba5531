import type { Endorsements } from '../core/attest/endorsements.ts';
import type { Evidence } from '../core/attest/evidence.ts';
import type { Base64url, Hex } from '../core/bytes.ts';
import type { Checkpoint } from '../core/log/checkpoint.ts';
import type { Tile, TileName } from '../core/log/tiles.ts';
import type { ArchivedAssertion } from '../core/schema.ts';
import type { PrincipalRecord, StatementOf } from '../core/statement/statement.ts';
import type { Pack, PackedFile } from '../core/weights/pack.ts';

/**
 * Interfaces of the use cases to the outside. Each states when data is durable and which calls may run concurrently.
 */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Signs checkpoints; the private key never leaves the signer. The signer may be another machine, slow or unavailable.
 */
export interface CheckpointSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * Resolves with the signed note, which the caller verifies. A second call may ask for another log of the same size.
   */
  sign(checkpoint: Checkpoint): Promise<Uint8Array>;
}

/**
 * Gets the vendors' statements about hardware: certificates, TCB collateral, revocation lists, key sets. A call may take
 * seconds, and several may run concurrently. The vault need not trust it: the appraisal verifies the vendors' signatures,
 * and custodians and hosts repeat that.
 */
export interface Endorser {
  /**
   * Completes `offered`, the endorsements that came with the evidence. Both are attacker-controlled. Returns all that
   * could be obtained; a missing endorsement then fails a rule of the appraisal. Throws `endorsement_missing` or
   * `unavailable` if a later try may succeed.
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

/** The right of a host to read ciphertext: the hash of its bearer token, and the token sealed to the host. */
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
   * Adds `bytes` (negative to give back) to the bytes that the release has been served, at most `limit` in total.
   * Durable. Returns false and changes nothing if the total would pass the limit.
   */
  reserve(releaseDigest: Hex, bytes: bigint, limit: bigint): Promise<boolean>;
}

/** Settings of `twinlockd init` with which the founders found the vault. */
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
  /** Address of the vault in the founders' files, `https://host:port`. */
  readonly url: string;
  /** Certificates in PEM that founders trust for that address; null if their machines already trust its authority. */
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

/** Stores the founding, before there is a log. Each call is one durable transaction. */
export interface FoundingStore {
  /** Returns the founding; null if `init` has not been run. */
  founding(): Promise<Founding | null>;
  /** Stores the founding. Throws `exists` if there is one already. */
  found(founding: Founding): Promise<void>;
  /** Lists enrolments in the order of arrival. */
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
  /** 16 bytes that name the machine that opened the upload. Several machines may have the depositor's key. */
  readonly opener: Hex;
  readonly model: string;
  readonly version: string;
  /** Plaintext bytes per file, the inner manifest first. */
  readonly files: readonly number[];
  /** Segments per file that are synced to disk. */
  readonly segments: readonly number[];
  /** Counts takeovers and restarts. The vault refuses parts that name an earlier turn. */
  readonly turn: number;
  readonly opened: number;
  readonly expires: number;
}

export interface UploadStore {
  /** Stores an upload, and drops `replaced` in the same transaction if it is given. */
  open(upload: Upload, replaced?: Hex): Promise<void>;
  upload(id: Hex): Promise<Upload | null>;
  /**
   * Records stored segments durably. Their ciphertext must be on disk before. Throws `upload_conflict` if the turn
   * differs.
   */
  advance(id: Hex, turn: number, file: number, segments: number): Promise<void>;
  /** The same as `advance`, for small files whose one segment is stored: all of them or none. */
  advancePacked(id: Hex, turn: number, files: readonly number[]): Promise<void>;
  /** Begins the next turn; returns its number. */
  takeTurn(id: Hex): Promise<number>;
  /**
   * Begins the next turn. `file` has `plainBytes` now; nothing of it or of `moved` counts as stored. Throws as
   * `advance`.
   */
  restart(id: Hex, turn: number, file: number, plainBytes: number, moved: readonly number[]): Promise<void>;
  uploads(): Promise<readonly Upload[]>;
  drop(id: Hex): Promise<void>;
}

/** Names a file of the ciphertext store: the number of a file of the version, or the pack of all small files. */
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
   * Writes whole segments of small files into the pack. `files` says where they lie: the first of
   * them, and as many after it as the body has. Resolves with how many, once pack and sidecar are fsynced. Throws
   * `malformed` where the body is not whole segments of these files.
   */
  storePack(
    upload: Hex,
    part: {
      readonly files: readonly PackedFile[];
      /** The pack has these many of them already, at the least. */
      readonly storedBytes: number;
      /** The layout of the whole pack and its files. */
      readonly pack: Pick<Pack, 'bytes' | 'files'>;
      readonly body: AsyncIterable<Uint8Array>;
    },
  ): Promise<number>;
  /** Cuts a file of an upload to its first `bytes` bytes. Throws `upload_conflict` while the file is being written. */
  cut(upload: Hex, file: BlobName, bytes: number): Promise<void>;
  /** Returns the bytes of disk that ciphertext may still take. A reserve for the log is not included. */
  room(): Promise<number>;
  /** The leaf hashes that were computed while the file came in, 32 bytes each, in pieces of whole ones. */
  uploadLeaves(upload: Hex, file: BlobName): AsyncIterable<Uint8Array>;
  /**
   * Fsyncs the upload's `files`, removes others, and renames its folder to the version's. Does nothing if that is done.
   */
  seal(upload: Hex, manifestDigest: Hex, files: readonly BlobName[]): Promise<void>;
  /** Bytes `start` to `end` (exclusive) of a file's ciphertext. Throws `storage_corrupt` where it is shorter. */
  read(manifestDigest: Hex, file: BlobName, start: number, end: number): AsyncIterable<Uint8Array>;
  /** Reads the leaves of a version, as `uploadLeaves`. For the pack, `place` selects the leaf of one file. */
  leaves(manifestDigest: Hex, file: BlobName, place?: number): AsyncIterable<Uint8Array>;
  /** Removes the folders of all other uploads and versions. Returns how many it removed. */
  sweep(uploads: readonly Hex[], manifests: readonly Hex[]): Promise<number>;
}
