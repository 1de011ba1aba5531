import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { type Hex, toBase64url, toHex, wipe } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import { sealCustodianShare } from '../../src/core/envelope/custodian-share.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import type { Share } from '../../src/core/share/share.ts';
import { splitSecret } from '../../src/core/share/split.ts';
import { type Facts, versionKey } from '../../src/core/state/state.ts';
import { inScope } from '../../src/core/statement/principal.ts';
import { ciphertextRoot } from '../../src/core/weights/ciphertext-tree.ts';
import { encryptFile, type FileEncryption } from '../../src/core/weights/file.ts';
import { plaintextSegmentBytes } from '../../src/core/weights/floe.ts';
import type { InnerManifest } from '../../src/core/weights/inner-manifest.ts';
import {
  MAX_INNER_BYTES,
  type ManifestCore,
  type ManifestFile,
  manifestDigest,
  manifestSignatureMessage,
  parseManifest,
} from '../../src/core/weights/manifest.ts';
import { keyCheckValue, manifestContext, releaseKey } from '../../src/core/weights/release-key.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import type { PrincipalSession } from '../principal.ts';
import type { Replica } from '../replica.ts';
import { DEFAULT_RETRY, Patience, type RetryPolicy } from '../retry.ts';
import { type FoundFile, readFound, walkFolder } from './folder.ts';
import { Uploader } from './upload.ts';

const ZERO_DIGEST = '0'.repeat(64);

export interface DepositProgress {
  readonly phase: 'encrypting' | 'depositing' | 'done';
  /** Of plaintext: read and encrypted. */
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface DepositOptions {
  readonly model: string;
  readonly version: string;
  readonly folder: string;
  /** An OpenSSF Model Signing bundle, carried in the inner manifest for the hosts to verify. */
  readonly modelSignature: Uint8Array | null;
  readonly now: () => number;
  readonly random: RandomBytes;
  readonly retry?: RetryPolicy;
  readonly onProgress?: (progress: DepositProgress) => void;
}

export interface DepositedVersion {
  readonly manifest: Hex;
  readonly files: number;
  readonly bytes: number;
  /** Envelopes that custodians have yet to open and check. */
  readonly envelopes: number;
}

/**
 * Deposits a folder as a new version, quarantined until a quorum publishes it. `replica` has been followed
 * from the fingerprint, so the custodians' keys are those that they bound themselves. Every byte is read
 * once; the release key never leaves this function, and is forgotten when it returns.
 *
 * Throws `out_of_scope`, `version_exists`, as `walkFolder` and `readFound`, `unavailable` once the vault has
 * not been reached for `retry.forMs`, and the vault's codes.
 */
export async function deposit(
  session: PrincipalSession,
  replica: Replica,
  options: DepositOptions,
): Promise<DepositedVersion> {
  mayDeposit(replica.facts, session, options);
  const files = await walkFolder(options.folder);
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const inner = innerManifest(options, files, new Map());
  const { model, version } = options;
  const sizes = [inner.length, ...files.map((file) => file.bytes)];
  const upload = await session.api.openUpload({ model, version, files: sizes.map(String) });
  const uploader = new Uploader(session.api, upload, options.retry ?? DEFAULT_RETRY);
  const context = manifestContext(replica.facts.vault, model, version);
  const scalar = encodeScalar(uniformScalar(options.random));
  const key = releaseKey(scalar, context);
  try {
    const work: Work = { options, uploader, context, key, totalBytes, doneBytes: 0 };
    const encrypted = await encryptAll(work, files);
    options.onProgress?.({ phase: 'depositing', bytes: totalBytes, totalBytes });
    const core = coreOf(replica.facts, session, work, encrypted);
    const envelopes = await post(session, replica, options, upload.upload, core, scalar);
    options.onProgress?.({ phase: 'done', bytes: totalBytes, totalBytes });
    return { manifest: manifestDigest(core), files: files.length, bytes: totalBytes, envelopes };
  } finally {
    wipe(scalar, key);
  }
}

/** What the fold would refuse after hours of uploading is refused first. */
function mayDeposit(facts: Facts, { principal }: PrincipalSession, { model, version }: DepositOptions): void {
  const enrolled = facts.principals.get(principal.key);
  must(enrolled?.role === 'depositor', 'principal_unknown', `the key ${principal.name} is not enrolled as a depositor`);
  must(inScope(enrolled.models, model), 'out_of_scope', `the key ${principal.name} may not deposit ${model}`);
  const key = versionKey(model, version);
  must(!facts.names.has(key), 'version_exists', `${key} has been deposited before: take another version`);
}

interface Work {
  readonly options: DepositOptions;
  readonly uploader: Uploader;
  readonly context: Uint8Array;
  readonly key: Uint8Array;
  readonly totalBytes: number;
  doneBytes: number;
}

/** The files, and last the inner manifest, which is file 0 and names the digests of all others. */
async function encryptAll(work: Work, files: readonly FoundFile[]): Promise<readonly ManifestFile[]> {
  const { options } = work;
  const digests = new Map<string, Hex>();
  const encrypted: ManifestFile[] = [];
  for (const [i, file] of files.entries()) {
    const hash = createHash('sha256');
    const pieces = readFound(options.folder, file, plaintextSegmentBytes());
    encrypted.push(
      await encryptOne(work, i + 1, file.bytes, pieces, (piece) => {
        hash.update(piece);
        work.doneBytes += piece.length;
        options.onProgress?.({ phase: 'encrypting', bytes: work.doneBytes, totalBytes: work.totalBytes });
      }),
    );
    digests.set(file.path, hash.digest('hex'));
  }
  const inner = innerManifest(options, files, digests);
  const first = await encryptOne(work, 0, inner.length, segmentsOf(inner), () => undefined);
  return [first, ...encrypted];
}

async function encryptOne(
  { options, uploader, context, key }: Work,
  index: number,
  bytes: number,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onPiece: (piece: Uint8Array) => void,
): Promise<ManifestFile> {
  const file = { releaseKey: key, context, index, plainBytes: bytes };
  const encryption = encryptFile(file, options.random, platformBulkCrypto);
  const leaves: Uint8Array[] = [];
  uploader.begin(index);
  for await (const piece of pieces) {
    onPiece(piece);
    await uploader.add(encrypt(encryption, leaves, piece));
  }
  // An empty file is one empty segment.
  if (leaves.length === 0) await uploader.add(encrypt(encryption, leaves, new Uint8Array(0)));
  await uploader.end();
  return { size: String(bytes), header: toBase64url(encryption.header), root: toHex(ciphertextRoot(leaves)) };
}

function encrypt(encryption: FileEncryption, leaves: Uint8Array[], piece: Uint8Array): Uint8Array {
  const { bytes, leaf } = encryption.segment(leaves.length, piece);
  leaves.push(leaf);
  return bytes;
}

function* segmentsOf(bytes: Uint8Array): Generator<Uint8Array> {
  const length = plaintextSegmentBytes();
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** Its length depends on the names and sizes alone, so it is known before any digest is. */
function innerManifest(
  { model, version, modelSignature }: DepositOptions,
  files: readonly FoundFile[],
  digests: ReadonlyMap<string, Hex>,
): Uint8Array {
  const inner: InnerManifest = {
    v: 1,
    kind: 'inner-manifest',
    model,
    version,
    files: files.map(({ path, bytes }) => ({ path, size: String(bytes), sha256: digests.get(path) ?? ZERO_DIGEST })),
    modelSignature: modelSignature === null ? null : toBase64url(modelSignature),
  };
  const encoded = canonicalBytes(inner);
  must(
    encoded.length <= MAX_INNER_BYTES,
    'too_large',
    `names and model signature take ${encoded.length} bytes, expected at most ${MAX_INNER_BYTES}`,
  );
  return encoded;
}

type CoreDraft = Omit<ManifestCore, 'commitments'>;

function coreOf(
  { vault, committee }: Facts,
  { principal }: PrincipalSession,
  { options, context, key }: Work,
  files: readonly ManifestFile[],
): CoreDraft {
  return {
    v: 1,
    kind: 'manifest',
    vault,
    committee: committee.id,
    epoch: committee.epoch,
    model: options.model,
    version: options.version,
    ctx: toHex(context),
    threshold: committee.threshold,
    indices: committee.members.map((member) => member.index).sort((a, b) => a - b),
    keyCheck: toHex(keyCheckValue(key)),
    depositor: principal.key,
    created: options.now(),
    files: [...files],
  };
}
