import { type Hex, toHex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { currentPrincipal } from '../core/state/rules/signatures.ts';
import { versionKey } from '../core/state/state.ts';
import { inScope } from '../core/statement/principal.ts';
import { segmentCount } from '../core/weights/floe.ts';
import { MAX_FILE_BYTES } from '../core/weights/manifest.ts';
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
 * they had, and no other depositor's.
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
  for (const [i, bytes] of files.entries()) {
    must(bytes <= BigInt(MAX_FILE_BYTES), 'limit_exceeded', `files.${i}: expected at most 2^44 bytes, got ${bytes}`);
  }
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
  const upload: Upload = {
    id: toHex(context.random(16)),
    depositor: caller.key,
    model,
    version,
    files: files.map(Number),
    segments: files.map(() => 0),
    expires: latestMs(context) + UPLOAD_MS,
  };
  await context.uploads.open(upload);
  return upload;
}

function latestMs({ recorder, watch }: Context): number {
  return watch.latestMs(recorder.facts.attestedMs);
}

/** An upload of the caller's. Throws `upload_unknown`: a depositor then begins anew, so no jump of a clock ends it. */
export async function ownUpload(context: Context, caller: PrincipalCaller, id: Hex): Promise<Upload> {
  const upload = await context.uploads.upload(id);
  const overMs = context.watch.overMs(context.recorder.facts.attestedMs);
  const isOwn = upload?.depositor === caller.key && upload.expires >= overMs;
  must(isOwn, 'upload_unknown', 'no upload of this key has this id: it has ended, or expired after 7 days');
  return upload;
}

/** Stores the next segments of a file; returns how many there are now. They are on disk when it returns. */
export async function storePart(
  context: Context,
  caller: PrincipalCaller,
  part: {
    readonly upload: Hex;
    readonly file: number;
    readonly segment: number;
    readonly body: AsyncIterable<Uint8Array>;
  },
): Promise<number> {
  const upload = await ownUpload(context, caller, part.upload);
  const plainBytes = upload.files[part.file];
  const stored = upload.segments[part.file];
  must(plainBytes !== undefined && stored !== undefined, 'not_found', `the upload has no file ${part.file}`);
  must(part.segment === stored, 'upload_conflict', `expected segment ${stored} next, got ${part.segment}`, {
    next: stored,
  });
  must(stored < segmentCount(plainBytes), 'upload_conflict', `file ${part.file} is complete`, { next: stored });
  const segments = await context.blobs.storePart(part.upload, part.file, part.segment, {
    plainBytes,
    maxSegments: PART_SEGMENTS,
    body: part.body,
  });
  await context.uploads.advance(part.upload, part.file, segments);
  return segments;
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
