import { z } from 'zod';
import {
  binary,
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

/** POST /v1/uploads: sizes in plaintext bytes, the inner manifest first. */
export const openUpload = z
  .strictObject({ model: modelName, version: versionName, files: z.array(u64Text).min(2).max(10_000) })
  .meta({ id: 'OpenUpload' });
/** An upload, and per file the segments that the vault has stored on disk. GET /v1/uploads/{id} too. */
export const uploadStatus = z
  .object({ upload: id, expires: instantMs, segments: z.array(count), partSegments: count })
  .meta({ id: 'UploadStatus' });
/**
 * PUT /v1/uploads/{id}/files/{file}?segment=: whole encrypted segments from number `segment` on, which must be
 * the next wanted, at most `partSegments`. Answers when they are on disk.
 */
export const partQuery = z.strictObject({ segment: decimal(1 << 24) });
export const partStored = z.object({ segments: count }).meta({ id: 'PartStored' });

/** POST /v1/deposits: makes a finished upload a quarantined version. */
export const depositRequest = z
  .strictObject({
    upload: id,
    manifest: binary(4 << 20),
    signature: binary(64),
    envelopes: z
      .array(
        z.strictObject({
          person: id,
          index: z.int().min(1).max(255),
          credential: credentialId,
          envelope: binary(2048),
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
      z.object({ person: id, index: z.int(), credential: z.string(), envelope: binary(2048), signature: binary(64) }),
    ),
    token: binary(2048),
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
export const receipted = recorded;
