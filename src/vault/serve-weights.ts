import { fromBase64url, type Hex } from '../core/bytes.ts';
import { digestOf } from '../core/canonical.ts';
import { must } from '../core/errors.ts';
import { encryptedBytes } from '../core/weights/floe.ts';
import type { Context } from './context.ts';
import type { TokenRow } from './ports.ts';
import { liveRelease } from './release.ts';

/** Who reads: the holder of a host's bearer token, while its release is served. Throws `unauthenticated`. */
async function bearer(context: Context, token: string | null): Promise<TokenRow> {
  const isToken = token !== null && /^[A-Za-z0-9_-]{43}$/.test(token);
  const row = isToken ? await context.log.token(digestOf(fromBase64url(token))) : null;
  must(row !== null, 'unauthenticated', 'expected the bearer token of a released host');
  liveRelease(context, row.release);
  return row;
}

async function fileOf(context: Context, token: string | null, manifest: Hex, file: number) {
  const row = await bearer(context, token);
  must(row.manifest === manifest, 'not_permitted', 'the token is for another version');
  const plainBytes = context.recorder.facts.versions.get(manifest)?.files[file];
  must(plainBytes !== undefined, 'not_found', `the version has no file ${file}`);
  return { row, totalBytes: encryptedBytes(plainBytes) };
}

export interface Range {
  /** First byte. */
  readonly start: number;
  /** Last byte, or null for the end. */
  readonly last: number | null;
}

export interface Ciphertext {
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
  token: string | null,
  manifest: Hex,
  file: number,
  range: Range | null,
): Promise<Ciphertext> {
  const { row, totalBytes } = await fileOf(context, token, manifest, file);
  const start = range?.start ?? 0;
  const end = Math.min(range?.last ?? totalBytes - 1, totalBytes - 1) + 1;
  must(start < end, 'range_not_satisfiable', `expected a range within ${totalBytes} bytes`, { totalBytes });
  const { statement } = liveRelease(context, row.release);
  const limit = BigInt(statement.bytes);
  const reserved = await context.log.reserve(row.release, BigInt(end - start), limit);
  must(reserved, 'budget_exceeded', `the release serves ${limit} bytes in all, and they are used up: request it anew`);
  return { start, end, totalBytes, body: metered(context, row, manifest, file, start, end) };
}

/**
 * Ends with the lease or a stop, also in the middle of a range. Not a generator: one that is returned before
 * it was ever asked runs none of its code, and a client that is gone at once would keep its bytes reserved.
 */
function metered(
  context: Context,
  row: TokenRow,
  manifest: Hex,
  file: number,
  start: number,
  end: number,
): AsyncIterable<Uint8Array> {
  const source = context.blobs.read(manifest, file, start, end)[Symbol.asyncIterator]();
  let unsent = end - start;
  const giveBack = async () => {
    const bytes = unsent;
    unsent = 0;
    await source.return?.();
    if (bytes > 0) await context.log.reserve(row.release, BigInt(-bytes), 0n);
  };
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    try {
      liveRelease(context, row.release);
      const result = await source.next();
      if (result.done) await giveBack();
      else unsent -= result.value.length;
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

/** The sidecar of a file: 32 bytes for each of its segments. */
export async function readLeaves(
  context: Context,
  token: string | null,
  manifest: Hex,
  file: number,
): Promise<Uint8Array> {
  await fileOf(context, token, manifest, file);
  return context.blobs.leaves(manifest, file);
}
