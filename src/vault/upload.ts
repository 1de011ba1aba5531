import { type Hex, toHex } from '../core/bytes.ts';
import { counted, grouped } from '../core/counted.ts';
import { must } from '../core/errors.ts';
import { HASH_BYTES } from '../core/log/merkle.ts';
import { currentPrincipal } from '../core/state/rules/signatures.ts';
import { versionKey } from '../core/state/state.ts';
import { inScope } from '../core/statement/principal.ts';
import { encryptedBytes, segmentCount, segmentSpan } from '../core/weights/floe.ts';
import { MAX_FILE_BYTES } from '../core/weights/manifest.ts';
import { isPacked, type PackedFile, packOf } from '../core/weights/pack.ts';
import type { Context } from './context.ts';
import { PART_SEGMENTS, UPLOAD_MS, UPLOADS_A_KEY } from './limits.ts';
import type { Upload } from './ports.ts';
import type { PrincipalCaller } from './sessions.ts';

interface NewVersion {
  readonly model: string;
  readonly version: string;
  /** Plaintext bytes of each. */
  readonly files: readonly bigint[];
}

/**
 * Begins the upload of a new version. One at a time for a version: a depositor who begins anew drops what
 * they had, and no other depositor's. Throws `storage_full` where the disk has no room for all of it.
 */
export function openUpload(context: Context, caller: PrincipalCaller, version: NewVersion): Promise<Upload> {
  return context.recorder.inTurn(() => open(context, caller, version));
}

async function open(context: Context, caller: PrincipalCaller, { model, version, files }: NewVersion): Promise<Upload> {
  const { facts } = context.recorder;
  const key = versionKey(model, version);
  const { models } = currentPrincipal(facts, caller.key);
  must(inScope(models, model), 'out_of_scope', `this key may not deposit ${model}`);
  must(
    !facts.names.has(key),
    'version_exists',
    `${key} has been deposited before: a version is used once, take another`,
  );
  for (const [i, bytes] of files.entries()) requireFileBytes(i, bytes);
  const before = await context.uploads.uploads();
  const same = before.find((upload) => upload.model === model && upload.version === version);
  must(
    same === undefined || same.depositor === caller.key,
    'upload_conflict',
    `another depositor is uploading ${key}: take another version, or wait until theirs ends`,
  );
  const own = before.filter(({ depositor }) => depositor === caller.key);
  const others = own.filter((upload) => upload !== same);
  const firstEnd = Math.min(...others.map(({ expires }) => expires));
  must(
    others.length < UPLOADS_A_KEY,
    'rate_limited',
    `expected at most ${UPLOADS_A_KEY} uploads of one key at once: finish one first`,
    { retryAfterMs: Math.max(0, firstEnd - latestMs(context)) },
  );
  context.shares.uploads.take(caller.key);
  if (same !== undefined) await drop(context, same);
  const opened = latestMs(context);
  const upload: Upload = {
    id: toHex(context.random(16)),
    depositor: caller.key,
    model,
    version,
    files: files.map(Number),
    segments: files.map(() => 0),
    turn: 0,
    opened,
    expires: opened + UPLOAD_MS,
  };
  await requireRoom(context, upload);
  await context.uploads.open(upload);
  context.silence.heard(upload.id);
  return upload;
}

function latestMs({ recorder, watch }: Context): number {
  return watch.latestMs(recorder.facts.attestedMs);
}

/**
 * An upload takes the bytes that it still needs from what the disk has for ciphertext, before any of them is sent: what
 * other uploads still need is theirs.
 */
async function requireRoom(context: Context, upload: Upload): Promise<void> {
  const others = (await context.uploads.uploads()).filter(({ id }) => id !== upload.id);
  const neededBytes = missingBytes(upload);
  const roomBytes = others.reduce((room, other) => room - missingBytes(other), await context.blobs.room());
  must(
    neededBytes <= roomBytes,
    'storage_full',
    `the upload needs ${counted(neededBytes, 'byte')} of the vault’s disk, and ${grouped(Math.max(0, roomBytes))} are free, without what the ` +
      'log and other uploads need: have the operator make room, or wait until other uploads have ended',
    { needed: neededBytes, free: Math.max(0, roomBytes) },
  );
}

/** A file takes whole blocks of a disk. */
const BLOCK_BYTES = 4096;

/** Of ciphertext and leaves that are still to come; of small files, one after another in the pack. */
function missingBytes({ files, segments }: Upload): number {
  const small = packOf(files).files.filter(({ file }) => segments[file] === 0);
  let bytes = blocks(small.reduce((sum, file) => sum + file.bytes, 0)) + blocks(small.length * HASH_BYTES);
  for (const [i, plainBytes] of files.entries()) {
    const [count, stored] = [segmentCount(plainBytes), segments[i] ?? 0];
    if (stored === count || isPacked(i, plainBytes)) continue;
    const rest = encryptedBytes(plainBytes) - (stored === 0 ? 0 : segmentSpan(stored, plainBytes).offset);
    bytes += blocks(rest) + blocks((count - stored) * HASH_BYTES);
  }
  return bytes;
}

function blocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** An upload of the caller's, of whom the vault has heard by this. Throws `upload_unknown`: a depositor then begins anew, so no jump of a clock ends it. */
export async function ownUpload(context: Context, caller: PrincipalCaller, id: Hex): Promise<Upload> {
  const upload = await context.uploads.upload(id);
  const overMs = context.watch.overMs(context.recorder.facts.attestedMs);
  const isOwn = upload?.depositor === caller.key && upload.expires >= overMs;
  must(isOwn, 'upload_unknown', 'no upload of this key has this id: it has ended: begin anew');
  context.silence.heard(id);
  return upload;
}

interface NewPart {
  readonly upload: Hex;
  readonly file: number;
  readonly segment: number;
  readonly turn: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Stores the next segments of a file; of a small one, its only segment, and those of the small files after it that the
 * body has. Returns how many there are now of the file that is named. They are on disk when it returns.
 */
export async function storePart(context: Context, caller: PrincipalCaller, part: NewPart): Promise<number> {
  const upload = await ownUpload(context, caller, part.upload);
  requireTurn(upload, part.turn);
  const plainBytes = upload.files[part.file];
  const stored = upload.segments[part.file];
  must(plainBytes !== undefined && stored !== undefined, 'not_found', `the upload has no file ${part.file}`);
  must(part.segment === stored, 'upload_conflict', `expected segment ${stored} next, got ${part.segment}`, {
    next: stored,
  });
  must(stored < segmentCount(plainBytes), 'upload_conflict', `file ${part.file} is complete`, { next: stored });
  try {
    if (isPacked(part.file, plainBytes)) return await storeSmall(context, upload, part);
    const segments = await context.blobs.storePart(part.upload, part.file, part.segment, {
      plainBytes,
      maxSegments: PART_SEGMENTS,
      body: part.body,
    });
    await context.uploads.advance(part.upload, part.turn, part.file, segments);
    return segments;
  } catch (error) {
    // Dropped while this was being written, which no sweep removed.
    if ((await context.uploads.upload(part.upload)) === null) await sweep(context);
    throw error;
  } finally {
    context.silence.heard(part.upload);
  }
}

/** Small files that are stored stay as they are: the body ends before the first of them. */
async function storeSmall(context: Context, upload: Upload, { file, turn, body }: NewPart): Promise<number> {
  const pack = packOf(upload.files);
  const isStored = (packed: PackedFile) => upload.segments[packed.file] !== 0;
  const next = pack.files.slice(pack.of(file)?.place);
  const end = next.findIndex(isStored);
  const files = end === -1 ? next : next.slice(0, end);
  const last = pack.files.findLast(isStored);
  const storedBytes = last === undefined ? 0 : last.offset + last.bytes;
  const count = await context.blobs.storePack(upload.id, { files, storedBytes, pack, body });
  await context.uploads.advancePacked(
    upload.id,
    turn,
    files.slice(0, count).map((packed) => packed.file),
  );
  return 1;
}

/**
 * Hands an upload to another process of its depositor, which goes on with it: what the one before has under way no
 * longer counts, so what is stored now is known to the process that asks.
 */
export async function takeUploadOver(context: Context, caller: PrincipalCaller, id: Hex): Promise<Upload> {
  const upload = await ownUpload(context, caller, id);
  await context.uploads.takeTurn(upload.id);
  return ownUpload(context, caller, id);
}

/**
 * Begins a file anew in a turn of its own: it has changed, its size may be another, and nothing of it is stored; nor of
 * small files that lie after it in the pack, if they lie elsewhere by that.
 */
export function restartFile(
  context: Context,
  caller: PrincipalCaller,
  { upload: id, file, turn, plainBytes }: { upload: Hex; file: number; turn: number; plainBytes: bigint },
): Promise<Upload> {
  return context.recorder.inTurn(async () => {
    const upload = await ownUpload(context, caller, id);
    requireTurn(upload, turn);
    must(file < upload.files.length, 'not_found', `the upload has no file ${file}`);
    const { model, version } = upload;
    must(!context.recorder.facts.names.has(versionKey(model, version)), 'version_exists', 'it has been deposited');
    requireFileBytes(file, plainBytes);
    const bytes = Number(plainBytes);
    const moved = movedFiles(upload, file, bytes);
    const isMoved = new Set(moved);
    const segments = upload.segments.map((stored, i) => (i === file || isMoved.has(i) ? 0 : stored));
    await requireRoom(context, { ...upload, files: upload.files.with(file, bytes), segments });
    await context.uploads.restart(id, turn, file, bytes, moved);
    return ownUpload(context, caller, id);
  });
}

/** Small files that lie elsewhere in the pack once `file` has `bytes`: they have to be sent again. */
function movedFiles({ files }: Upload, file: number, bytes: number): readonly number[] {
  const before = files[file] as number;
  const isMoving = before !== bytes && (isPacked(file, before) || isPacked(file, bytes));
  return isMoving ? packOf(files).files.flatMap((packed) => (packed.file > file ? [packed.file] : [])) : [];
}

export function requireTurn({ turn }: Upload, expected: number): void {
  const message = 'another process of the depositor has taken this upload over: leave it to that one';
  must(turn === expected, 'upload_conflict', message, { turn });
}

function requireFileBytes(file: number, bytes: bigint): void {
  const isFit = bytes <= BigInt(MAX_FILE_BYTES);
  must(isFit, 'limit_exceeded', `files.${file}: expected at most 2^44 bytes, got ${bytes}`);
}

/** The caller's own, finished ones apart. */
export async function ownUploads(context: Context, caller: PrincipalCaller): Promise<readonly Upload[]> {
  const uploads = await context.uploads.uploads();
  return uploads.filter(({ depositor }) => depositor === caller.key);
}

/** Gives an upload up: nothing of it is left. Throws `version_exists` where it has become a version meanwhile. */
export function abandonUpload(context: Context, caller: PrincipalCaller, id: Hex): Promise<void> {
  return context.recorder.inTurn(async () => {
    const upload = await ownUpload(context, caller, id);
    const named = versionKey(upload.model, upload.version);
    const isVersion = context.recorder.facts.names.has(named);
    must(!isVersion, 'version_exists', `${named} has been deposited: it is a version, and no upload any more`);
    await drop(context, upload);
  });
}

/** Drops an upload that is no version yet; between acts, so that no deposit of it is being recorded. */
export function dropUpload(context: Context, upload: Upload): Promise<void> {
  return context.recorder.inTurn(() => drop(context, upload));
}

async function drop(context: Context, { id, model, version }: Upload): Promise<void> {
  if (context.recorder.facts.names.has(versionKey(model, version))) return;
  await context.uploads.drop(id);
  await sweep(context);
}

/** Removes ciphertext that belongs to nothing. */
export async function sweep(context: Context): Promise<number> {
  const uploads = await context.uploads.uploads();
  const versions = context.recorder.state?.facts.versions.keySeq().toArray() ?? [];
  return context.blobs.sweep(
    uploads.map((upload) => upload.id),
    versions,
  );
}
