import { z } from 'zod';
import {
  binary,
  bytes,
  count,
  credentialId,
  decimal,
  digest,
  id,
  instantMs,
  modelName,
  recorded,
  u64Text,
  versionName,
} from './fields.ts';

/**
 * POST /v1/uploads: sizes in plaintext bytes, the inner manifest first. `opener` is of the machine that opens it: 16 bytes
 * that it keeps, and which tell its uploads from those of another machine with the same key. An upload of the same version
 * that this opener has opened is dropped where nothing of it is stored; any other only where `replaces` names it.
 */
export const openUpload = z
  .strictObject({
    model: modelName,
    version: versionName,
    files: z.array(u64Text).min(2).max(10_000),
    opener: id,
    replaces: z.nullable(id),
  })
  .meta({ id: 'OpenUpload' });
/**
 * An upload: per file its plaintext bytes, and the segments that the vault has stored on disk. Of GET /v1/uploads/{id}
 * too, and of POST /v1/uploads/{id}/turns, by which another process of the depositor takes it over.
 */
export const uploadStatus = z
  .object({
    upload: id,
    turn: count,
    expires: instantMs,
    files: z.array(u64Text),
    segments: z.array(count),
    partSegments: count,
  })
  .meta({ id: 'UploadStatus' });
export const takeOver = z.strictObject({}).meta({ id: 'TakeOver' });
/**
 * GET /v1/uploads: the caller's own. Sizes in plaintext bytes. The vault drops one whose depositor has been silent for
 * `silenceMs`, or that has not ended when it expires.
 */
export const uploadList = z
  .object({
    silenceMs: count,
    uploads: z.array(
      z.object({
        upload: id,
        opener: id,
        model: modelName,
        version: versionName,
        files: count,
        bytes: u64Text,
        storedBytes: u64Text,
        opened: instantMs,
        expires: instantMs,
        silentMs: count,
      }),
    ),
  })
  .meta({ id: 'UploadList' });
const MAX_TURNS = 999_999_999;
/**
 * PUT /v1/uploads/{id}/files/{file}?segment=&turn=: whole encrypted segments from number `segment` on, which must be
 * the next wanted, at most `partSegments`. A part of a file of at most 1 MiB may go on with the segments of such files
 * after it, up to the first that is stored. Answers when they are on disk.
 */
export const partQuery = z.strictObject({ segment: decimal(1 << 24), turn: decimal(MAX_TURNS) });
/** POST /v1/uploads/{id}/files/{file}: the file has changed; it has `bytes` now, nothing of it is stored, nor of small files that lie elsewhere by that; a turn begins. */
export const restartFile = z.strictObject({ turn: count, bytes: u64Text }).meta({ id: 'RestartFile' });
export const partStored = z.object({ segments: count }).meta({ id: 'PartStored' });

/** POST /v1/deposits: makes a finished upload a quarantined version. */
export const depositRequest = z
  .strictObject({
    upload: id,
    manifest: bytes(4 << 20),
    signature: binary(64),
    envelopes: z
      .array(
        z.strictObject({
          person: id,
          index: z.int().min(1).max(255),
          credential: credentialId,
          envelope: bytes(2048),
        }),
      )
      .max(128),
  })
  .meta({ id: 'DepositRequest' });
export const deposited = recorded.extend({ manifest: digest }).meta({ id: 'Deposited' });

/** GET /v1/releases/{release}/hosts/{host}: what a released host is handed, whole. */
export const handover = z
  .object({
    shares: z.array(
      z.object({ person: id, index: z.int(), credential: z.string(), envelope: bytes(2048), signature: bytes(64) }),
    ),
    token: bytes(2048),
    authority: z.unknown(),
  })
  .meta({ id: 'Handover' });

/** POST /v1/releases/{release}/receipts. */
export const receiptRequest = z
  .strictObject({
    host: z.int().min(0).max(63),
    keyCheck: digest,
    files: count,
    bytes: u64Text,
    modelSignature: z.nullable(digest),
    evaluation: z.nullable(digest),
    signature: binary(64),
  })
  .meta({ id: 'ReceiptRequest' });
