import { fromBase64url, type Hex } from '../core/bytes.ts';
import { digestOf } from '../core/canonical.ts';
import { counted } from '../core/counted.ts';
import { must } from '../core/errors.ts';
import { HASH_BYTES } from '../core/log/merkle.ts';
import { encryptedBytes, segmentCount, segmentSpan } from '../core/weights/floe.ts';
import type { PackedFile } from '../core/weights/pack.ts';
import type { Context } from './context.ts';
import type { TokenRow } from './ports.ts';
import { liveRelease } from './release.ts';

/** Who reads: the holder of a host's bearer token, while its release is served. Throws `unauthenticated`. */
export async function readerOf(context: Context, token: string | null): Promise<TokenRow> {
  const isToken = token !== null && /^[A-Za-z0-9_-]{43}$/.test(token);
  const row = isToken ? await context.log.token(digestOf(fromBase64url(token))) : null;
  must(row !== null, 'unauthenticated', 'expected the bearer token of a released host');
  liveRelease(context, row.release);
  return row;
}

async function filesOf(context: Context, reader: TokenRow, manifestDigest: Hex) {
  must(reader.manifest === manifestDigest, 'not_permitted', 'the token is for another version');
  return context.files.of(manifestDigest);
}

async function fileOf(context: Context, reader: TokenRow, manifestDigest: Hex, file: number) {
  const { sizes, pack } = await filesOf(context, reader, manifestDigest);
  const plainBytes = sizes[file];
  must(plainBytes !== undefined, 'not_found', `the version has no file ${file}`);
  return { plainBytes, packed: pack.of(file) };
}

export interface Range {
  /** First byte. */
  readonly start: number;
  /** Last byte, or null for the end. */
  readonly last: number | null;
}

export interface OctetRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly totalBytes: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * A range of a file's ciphertext. Its bytes are taken from the release's budget before the first is sent;
 * what was not read is given back. Throws `range_not_satisfiable` or `budget_exceeded`.
 */
export async function readCiphertext(
  context: Context,
  reader: TokenRow,
  manifestDigest: Hex,
  file: number,
  range: Range | null,
): Promise<OctetRange> {
  const { plainBytes, packed } = await fileOf(context, reader, manifestDigest, file);
  const read = (start: number, end: number) =>
    packed === null
      ? context.blobs.read(manifestDigest, file, start, end)
      : readPacked(packed, start, end, (from, to) => context.blobs.read(manifestDigest, 'pack', from, to));
  return readRange(context, reader, encryptedBytes(plainBytes), range, read);
}

/** A range of the pack, which has the segments of all small files: as `readCiphertext`. */
export async function readPack(
  context: Context,
  reader: TokenRow,
  manifestDigest: Hex,
  range: Range | null,
): Promise<OctetRange> {
  const { bytes } = (await filesOf(context, reader, manifestDigest)).pack;
  must(bytes > 0, 'not_found', 'the version has no small files');
  return readRange(context, reader, bytes, range, (start, end) =>
    context.blobs.read(manifestDigest, 'pack', start, end),
  );
}

async function readRange(
  context: Context,
  reader: TokenRow,
  totalBytes: number,
  range: Range | null,
  read: (start: number, end: number) => AsyncIterable<Uint8Array>,
): Promise<OctetRange> {
  const start = range?.start ?? 0;
  const end = Math.min(range?.last ?? totalBytes - 1, totalBytes - 1) + 1;
  must(start < end, 'range_not_satisfiable', `expected a range within ${totalBytes} bytes`, { totalBytes });
  await reserve(context, reader, end - start);
  return { start, end, totalBytes, body: metered(context, reader, read(start, end), end - start) };
}

/** A small file as if it lay by itself: zeros in the place of its header, then its segment. */
async function* readPacked(
  { offset }: PackedFile,
  start: number,
  end: number,
  read: (start: number, end: number) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const header = segmentSpan(0, 0).offset;
  if (start < header) yield new Uint8Array(Math.min(end, header) - start);
  if (end > header) yield* read(offset + Math.max(start, header) - header, offset + end - header);
}

/** The sidecar of a file: 32 bytes for each of its segments. They are of the release's budget, too. */
export async function readLeaves(
  context: Context,
  reader: TokenRow,
  manifestDigest: Hex,
  file: number,
): Promise<OctetRange> {
  const { plainBytes, packed } = await fileOf(context, reader, manifestDigest, file);
  const totalBytes = segmentCount(plainBytes) * HASH_BYTES;
  await reserve(context, reader, totalBytes);
  const leaves =
    packed === null
      ? context.blobs.leaves(manifestDigest, file)
      : context.blobs.leaves(manifestDigest, 'pack', packed.place);
  return { start: 0, end: totalBytes, totalBytes, body: metered(context, reader, leaves, totalBytes) };
}

async function reserve(context: Context, { release }: TokenRow, bytes: number): Promise<void> {
  const { statement } = liveRelease(context, release);
  const limit = BigInt(statement.bytes);
  const reserved = await context.log.reserve(release, BigInt(bytes), limit);
  must(
    reserved,
    'budget_exceeded',
    `the release serves ${counted(limit, 'byte')} in all, and that is used up: request it anew, and leave what the host has of it where it is: that is not fetched again`,
  );
}

/**
 * Ends with the lease or a stop, also in the middle of a range. Not a generator: one that is returned before
 * it was ever asked runs none of its code, and a client that is gone at once would keep its bytes reserved.
 */
function metered(
  context: Context,
  { release }: TokenRow,
  body: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncIterable<Uint8Array> {
  const source = body[Symbol.asyncIterator]();
  let unsent = bytes;
  const giveBack = async () => {
    const bytes = unsent;
    unsent = 0;
    await source.return?.();
    if (bytes > 0) await context.log.reserve(release, BigInt(-bytes), 0n);
  };
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    try {
      liveRelease(context, release);
      const result = await source.next();
      if (result.done) await giveBack();
      else unsent -= result.value.length;
      must(unsent >= 0, 'storage_corrupt', 'a sidecar has more leaves than its file has segments');
      return result;
    } catch (error) {
      await giveBack();
      throw error;
    }
  };
  const stop = async (): Promise<IteratorResult<Uint8Array>> => {
    await giveBack();
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: stop }) };
}
