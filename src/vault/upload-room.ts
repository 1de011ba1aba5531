import { counted, grouped } from '../core/counted.ts';
import { must } from '../core/errors.ts';
import { HASH_BYTES } from '../core/log/merkle.ts';
import { encryptedBytes, segmentCount, segmentSpan } from '../core/weights/floe.ts';
import { isPacked, packOf } from '../core/weights/pack.ts';
import type { Context } from './context.ts';
import { sum } from './plain-bytes.ts';
import type { Upload } from './ports.ts';

/** A file takes whole blocks of a disk. */
const BLOCK_BYTES = 4096;

/**
 * An upload takes the bytes that it still needs from what the disk has for ciphertext, before any of them is sent: what
 * the depositor's other uploads still need is theirs, and what other depositors' do, as long as room is kept for those
 * (`RoomHolds`). `before` is the upload that this one replaces, or this one before a change: what it has stored, and this
 * one has not, is written over or removed. To be called between acts. Throws `storage_full`.
 */
export async function requireUploadRoom(context: Context, upload: Upload, before: Upload | null): Promise<void> {
  const { room } = context.silence;
  const all = (await context.uploads.uploads()).filter(({ id }) => id !== upload.id && id !== before?.id);
  const own = all.filter(({ depositor }) => depositor === upload.depositor);
  const kept = all.filter(({ depositor }) => depositor !== upload.depositor && room.isKeptFor(depositor));
  const others = [...own, ...kept];
  const neededBytes = missingBytes(upload);
  const freedBytes = before === null ? 0 : storedBytes(before) - storedBytes(upload);
  const roomBytes = others.reduce(
    (room, other) => room - missingBytes(other),
    freedBytes + (await context.blobs.room()),
  );
  must(
    neededBytes <= roomBytes,
    'storage_full',
    `the upload needs ${counted(neededBytes, 'byte')} of the vault’s disk, and ${grouped(Math.max(0, roomBytes))} are free, without what the ` +
      'log and other uploads need: have the operator make room, or wait until other uploads have ended',
    { needed: neededBytes, free: Math.max(0, roomBytes) },
  );
  room.found(upload.depositor, sum([upload, ...own].flatMap(({ files }) => files)));
}

/** The bytes of ciphertext and leaves that are still to come. Small files lie one after another in the pack. */
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

/** The bytes of ciphertext and leaves that are on the disk. */
function storedBytes(upload: Upload): number {
  return missingBytes({ ...upload, segments: upload.files.map(() => 0) }) - missingBytes(upload);
}

function blocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
