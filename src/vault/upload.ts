import { type Hex, toHex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { currentPrincipal } from '../core/state/checks/signatures.ts';
import { versionKey } from '../core/state/state.ts';
import { requireInScope } from '../core/statement/principal.ts';
import { plaintextSegmentBytes, segmentCount } from '../core/weights/floe.ts';
import { MAX_FILE_BYTES } from '../core/weights/manifest.ts';
import { isPacked, type Pack, type PackedFile, packOf } from '../core/weights/pack.ts';
import { instantText } from '../core/x509/time.ts';
import type { Context } from './context.ts';
import { PART_SEGMENTS, UPLOAD_MS, UPLOADS_A_KEY } from './limits.ts';
import type { BlobName, Upload } from './ports.ts';
import type { PrincipalCaller } from './sessions.ts';
import { requireUploadRoom } from './upload-room.ts';

const MINUTE_MS = 60_000;

interface NewVersion {
  readonly model: string;
  readonly version: string;
  /** Plaintext bytes of each. */
  readonly files: readonly bigint[];
  /** 16 bytes that name the machine that asks. */
  readonly opener: Hex;
  /** The upload of the same key that this one replaces, whatever is stored of it; null for none. */
  readonly replaces: Hex | null;
}

/**
 * Begins the upload of a new version. One at a time for a version: a machine that begins anew drops what it had, as long
 * as nothing of that is stored. It drops what has been stored, or what another machine of its depositor has, only where
 * it names that, and nothing of another depositor. Throws `upload_conflict` where there is such, and `storage_full`
 * where the disk has no room for all of it: then nothing is dropped.
 */
export function openUpload(context: Context, caller: PrincipalCaller, version: NewVersion): Promise<Upload> {
  return context.recorder.inTurn(() => open(context, caller, version));
}

async function open(context: Context, caller: PrincipalCaller, asked: NewVersion): Promise<Upload> {
  const { model, version, files, opener } = asked;
  const { facts } = context.recorder;
  const key = versionKey(model, version);
  requireInScope(currentPrincipal(facts, caller.key), model);
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
  if (same !== undefined) requireMayReplace(context, same, asked);
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
  const opened = latestMs(context);
  const upload: Upload = {
    id: toHex(context.random(16)),
    depositor: caller.key,
    opener,
    model,
    version,
    files: files.map(Number),
    segments: files.map(() => 0),
    turn: 0,
    opened,
    expires: opened + UPLOAD_MS,
  };
  await requireUploadRoom(context, upload, same ?? null);
  await context.uploads.open(upload, same?.id);
  context.silence.heard(upload.id);
  if (same !== undefined) await sweep(context);
  return upload;
}

/**
 * Protects an upload that took hours from a second machine with the same key, even if that machine is a copy of the first
 * and has its opener.
 */
function requireMayReplace({ silence }: Context, upload: Upload, asked: NewVersion): void {
  const { id, opener, opened, model, version, segments } = upload;
  const isSame = opener === asked.opener;
  const who = isSame ? 'this machine, or a copy of it,' : 'another machine with this key';
  const silentMs = Math.round(silence.ofMs(id));
  const heard = silentMs < MINUTE_MS ? 'less than a minute ago' : `${Math.floor(silentMs / MINUTE_MS)} min ago`;
  must(
    id === asked.replaces || (isSame && segments.every((stored) => stored === 0)),
    'upload_conflict',
    `${who} has been uploading ${model}@${version} since ${instantText(opened)}, and the vault has heard of it ${heard}: ` +
      'go on where the state of that deposit is kept, or replace its upload (twinlock deposit --replace)',
    { upload: id, opened, silentMs },
  );
}

function latestMs({ recorder, watch }: Context): number {
  return watch.latestMs(recorder.facts.attestedMs);
}

/**
 * Returns an upload of the caller and ends its silence. Throws `upload_unknown`; a clock that jumped does not cause
 * this.
 */
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
 * body has. Returns how many there are now of the file that is named. They are on disk when it returns. Throws
 * `storage_full` where room is not kept for the depositor any more, and there is none: then nothing of the upload is
 * lost.
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
  const { room } = context.silence;
  // Another depositor may have taken the room that was kept for this one.
  if (!room.isKeptFor(caller.key)) await context.recorder.inTurn(() => requireUploadRoom(context, upload, null));
  try {
    if (isPacked(part.file, plainBytes)) return await storeSmall(context, upload, part);
    const segments = await context.blobs.storePart(part.upload, part.file, part.segment, {
      plainBytes,
      maxSegments: PART_SEGMENTS,
      body: part.body,
    });
    await context.uploads.advance(part.upload, part.turn, part.file, segments);
    const end = Math.min(plainBytes, segments * plaintextSegmentBytes());
    room.received(caller.key, end - stored * plaintextSegmentBytes());
    return segments;
  } catch (error) {
    // Dropped while this was being written, which no sweep removed.
    if ((await context.uploads.upload(part.upload)) === null) await sweep(context);
    throw error;
  } finally {
    context.silence.heard(part.upload);
  }
}

/** Selects the small files of the body. It ends before the first small file that is stored, which stays unchanged. */
async function storeSmall(context: Context, upload: Upload, { file, turn, body }: NewPart): Promise<number> {
  const pack = packOf(upload.files);
  const isStored = (packed: PackedFile) => upload.segments[packed.file] !== 0;
  const next = pack.files.slice(pack.of(file)?.place);
  const end = next.findIndex(isStored);
  const files = end === -1 ? next : next.slice(0, end);
  const storedBytes = storedEnd(pack, upload.segments);
  const count = await context.blobs.storePack(upload.id, { files, storedBytes, pack, body });
  const arrived = files.slice(0, count).map((packed) => packed.file);
  await context.uploads.advancePacked(upload.id, turn, arrived);
  const bytes = arrived.reduce((sum, i) => sum + (upload.files[i] as number), 0);
  context.silence.room.received(upload.depositor, bytes);
  return 1;
}

/**
 * Hands an upload to another process of its depositor, which goes on with it: what the one before has under way no
 * longer counts, so what is stored now is known to the process that asks. Throws `storage_full` where the disk has no
 * room any more for what is still to come: then nothing of the upload is lost.
 */
export function takeUploadOver(context: Context, caller: PrincipalCaller, id: Hex): Promise<Upload> {
  return context.recorder.inTurn(async () => {
    const upload = await ownUpload(context, caller, id);
    await requireUploadRoom(context, upload, null);
    await context.uploads.takeTurn(upload.id);
    return ownUpload(context, caller, id);
  });
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
    await requireUploadRoom(context, { ...upload, files: upload.files.with(file, bytes), segments }, upload);
    await context.uploads.restart(id, turn, file, bytes, moved);
    const restarted = await ownUpload(context, caller, id);
    await giveBack(context, upload, restarted);
    return restarted;
  });
}

/**
 * Removes parts that no longer count from the disk at once. Otherwise their room would count twice until overwritten.
 */
async function giveBack({ blobs }: Context, before: Upload, { id, files, segments }: Upload): Promise<void> {
  const lost = [...files.keys()].filter((i) => before.segments[i] !== 0 && segments[i] === 0);
  const isSmall = (i: number) => isPacked(i, before.files[i] as number);
  const cuts: [file: BlobName, bytes: number][] = lost.filter((i) => !isSmall(i)).map((i) => [i, 0]);
  if (lost.some(isSmall)) cuts.push(['pack', storedEnd(packOf(files), segments)]);
  for (const [file, bytes] of cuts) {
    await blobs.cut(id, file, bytes).catch((error: unknown) => {
      // A part of an earlier turn is still being written there: it is written over.
      if (!(error instanceof TwinlockError && error.code === 'upload_conflict')) throw error;
    });
  }
}

/** Returns the offset in the pack at which the last stored small file ends. */
function storedEnd({ files }: Pick<Pack, 'files'>, segments: readonly number[]): number {
  const last = files.findLast(({ file }) => segments[file] !== 0);
  return last === undefined ? 0 : last.offset + last.bytes;
}

/** Returns the small files that move in the pack once `file` has `bytes`. The depositor must send them again. */
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

/** Lists the caller's uploads that are not finished. */
export async function ownUploads(context: Context, caller: PrincipalCaller): Promise<readonly Upload[]> {
  const uploads = await context.uploads.uploads();
  return uploads.filter(({ depositor }) => depositor === caller.key);
}

/** Deletes an upload and its ciphertext. Throws `version_exists` if it has become a version meanwhile. */
export function abandonUpload(context: Context, caller: PrincipalCaller, id: Hex): Promise<void> {
  return context.recorder.inTurn(async () => {
    const upload = await ownUpload(context, caller, id);
    const named = versionKey(upload.model, upload.version);
    const isVersion = context.recorder.facts.names.has(named);
    must(!isVersion, 'version_exists', `${named} has been deposited: it is a version, and no upload any more`);
    await drop(context, upload);
  });
}

/** Drops an upload that is not a version yet. It runs between acts, so that no deposit of it is being recorded. */
export function dropUpload(context: Context, upload: Upload): Promise<void> {
  return context.recorder.inTurn(() => drop(context, upload));
}

async function drop(context: Context, { id, model, version }: Upload): Promise<void> {
  if (context.recorder.facts.names.has(versionKey(model, version))) return;
  await context.uploads.drop(id);
  await sweep(context);
}

/** Removes ciphertext that belongs to no upload and no version. */
export async function sweep(context: Context): Promise<number> {
  const uploads = await context.uploads.uploads();
  const versions = context.recorder.state?.facts.versions.keySeq().toArray() ?? [];
  return context.blobs.sweep(
    uploads.map((upload) => upload.id),
    versions,
  );
}
