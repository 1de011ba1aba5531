import { type Base64url, type Hex, toHex } from '../core/bytes.ts';
import { digestOf } from '../core/canonical.ts';
import { counted } from '../core/counted.ts';
import { SEALED_SHARE_BYTES } from '../core/envelope/sealed-share.ts';
import { must } from '../core/errors.ts';
import { appendLeaf, EMPTY_FRONTIER, frontierRoot, HASH_BYTES } from '../core/log/merkle.ts';
import { versionKey } from '../core/state/state.ts';
import { segmentCount } from '../core/weights/floe.ts';
import { type ManifestCore, parseManifest, plainBytes } from '../core/weights/manifest.ts';
import { packOf } from '../core/weights/pack.ts';
import type { Context } from './context.ts';
import type { Upload } from './ports.ts';
import type { Recorded } from './recorder.ts';
import type { PrincipalCaller } from './sessions.ts';
import { ownUpload, requireTurn } from './upload.ts';

export interface Deposit {
  readonly upload: Hex;
  readonly manifest: Uint8Array;
  readonly signature: Base64url;
  readonly envelopes: readonly {
    readonly person: Hex;
    readonly index: number;
    readonly credential: string;
    readonly envelope: Uint8Array;
  }[];
}

export interface Deposited extends Recorded {
  readonly manifest: Hex;
}

/**
 * Makes a finished upload a quarantined version, if its ciphertext agrees with the manifest. Throws `rate_limited`
 * while another proposal or deposit of the key is under way, and when the key has used its allowance of entries.
 */
export function deposit(context: Context, caller: PrincipalCaller, request: Deposit): Promise<Deposited> {
  return context.shares.recording(caller.key, () => depositInTurn(context, caller, request));
}

async function depositInTurn(context: Context, caller: PrincipalCaller, request: Deposit): Promise<Deposited> {
  const upload = await ownUpload(context, caller, request.upload);
  requireComplete(upload);
  const { core, digest } = parseManifest(request.manifest);
  must(core.depositor === caller.key, 'not_permitted', 'manifest.depositor: expected the caller’s key');
  requireCoreOfUpload(core, upload);
  await rootsAgree(context, core, upload);
  const envelopes = request.envelopes.map(({ envelope, ...name }) => {
    const bytes = envelope.length;
    must(
      bytes === SEALED_SHARE_BYTES,
      'envelope_invalid',
      `expected an envelope of ${SEALED_SHARE_BYTES} bytes, got ${bytes}`,
    );
    return { ...name, manifest: digest, digest: digestOf(envelope), envelope };
  });
  const names = envelopes.map(({ person, index, credential, digest: name }) => ({
    person,
    index,
    credential,
    digest: name,
  }));
  const body = { manifest: digest, signature: request.signature, envelopes: names };
  const recorded = await context.recorder.record(async () => {
    // While this act waited for its turn, the upload may have been dropped, or a file of it restarted.
    requireTurn(await ownUpload(context, caller, upload.id), upload.turn);
    const objects = new Map([[digest, request.manifest]]);
    return { timeMs: context.watch.nowMs, objects, envelopes, drafts: [{ kind: 'deposit', body }] };
  });
  await context.recorder.inTurn(() => settle(context, upload, digest));
  return { ...recorded, manifest: digest };
}

function requireCoreOfUpload(core: ManifestCore, upload: Upload): void {
  const same =
    core.model === upload.model &&
    core.version === upload.version &&
    core.files.length === upload.files.length &&
    core.files.every((file, i) => plainBytes(file) === upload.files[i]);
  must(same, 'manifest_mismatch', 'manifest: names another version or other sizes than the upload');
}

/** Refuses an incomplete upload. It runs before the manifest is parsed, so that such a request costs little. */
function requireComplete(upload: Upload): void {
  const missing = upload.files.findIndex((bytes, i) => upload.segments[i] !== segmentCount(bytes));
  must(
    missing === -1,
    'upload_incomplete',
    `file ${missing} has ${counted(upload.segments[missing] ?? 0, 'segment')}: upload the rest first`,
  );
}

/** Checks the Merkle root of every file. It reads leaves in pieces, so the daemon answers other requests in between. */
async function rootsAgree(context: Context, core: ManifestCore, upload: Upload): Promise<void> {
  const pack = packOf(upload.files);
  const requireRoot = (file: number, root: Uint8Array) => {
    const [expected, got] = [core.files[file]?.root, toHex(root)];
    must(got === expected, 'manifest_mismatch', `file ${file}: expected the root ${expected}, the upload has ${got}`);
  };
  for (const file of upload.files.keys()) {
    if (pack.of(file) !== null) continue;
    let tree = EMPTY_FRONTIER;
    for await (const leaves of context.blobs.uploadLeaves(upload.id, file)) {
      for (const leaf of eachLeaf(leaves)) tree = appendLeaf(tree, leaf);
    }
    requireRoot(file, frontierRoot(tree));
  }
  if (pack.files.length === 0) return;
  let place = 0;
  for await (const leaves of context.blobs.uploadLeaves(upload.id, 'pack')) {
    // A small file has one leaf, which is its root. Leaves after the last file belong to no file.
    for (const leaf of eachLeaf(leaves)) {
      const packed = pack.files[place++];
      if (packed !== undefined) requireRoot(packed.file, leaf);
    }
  }
  must(place >= pack.files.length, 'storage_corrupt', 'leaves of small files are not on the disk');
}

function* eachLeaf(leaves: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < leaves.length; at += HASH_BYTES) yield leaves.subarray(at, at + HASH_BYTES);
}

/**
 * Turns the folder of the upload into that of the version, after the entry is recorded. Upkeep repeats it after a
 * crash.
 */
async function settle(context: Context, upload: Upload, manifestDigest: Hex): Promise<void> {
  const pack = packOf(upload.files);
  const alone = [...upload.files.keys()].filter((file) => pack.of(file) === null);
  await context.blobs.seal(upload.id, manifestDigest, pack.files.length === 0 ? alone : [...alone, 'pack']);
  await context.uploads.drop(upload.id);
}

/** Settles uploads whose deposit was recorded before a crash. Only one upload at a time may name a version. */
export async function settleUploads(context: Context): Promise<void> {
  await context.recorder.inTurn(async () => {
    const names = context.recorder.state?.facts.names;
    for (const upload of await context.uploads.uploads()) {
      const manifestDigest = names?.get(versionKey(upload.model, upload.version));
      if (manifestDigest !== undefined) await settle(context, upload, manifestDigest);
    }
  });
}
