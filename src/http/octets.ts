import { pipeline } from 'node:stream/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { must, TwinlockError } from '../core/errors.ts';
import { READER_SILENCE_MS } from '../vault/limits.ts';
import type { OctetRange, Range } from '../vault/serve-weights.ts';
import { COMMON_HEADERS, type Exchange } from './env.ts';

/**
 * Sends bytes straight to the socket, with status 206 where a range was asked for. What breaks it off (a stop, the
 * lease's end, the client) closes the connection, so that no client takes a part for the whole.
 */
export async function sendOctets(c: Exchange, { start, end, totalBytes, body }: OctetRange, isPart: boolean) {
  const { outgoing } = c.env;
  outgoing.writeHead(isPart ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': end - start,
    'Accept-Ranges': 'bytes',
    ...(isPart ? { 'Content-Range': `bytes ${start}-${end - 1}/${totalBytes}` } : {}),
    ...COMMON_HEADERS,
  });
  // A reader that takes nothing holds what is read for it.
  outgoing.setTimeout(READER_SILENCE_MS, () => outgoing.destroy());
  try {
    // Not as a Readable, whose pipe would listen for the end of the answer three times more: Node then warns of a leak.
    await pipeline(body, outgoing);
  } catch (error) {
    c.set('failure', failureOf(error));
  }
  return RESPONSE_ALREADY_SENT;
}

/** Returns the failure of an answer that broke off, for the access log: a code, or the error itself. */
function failureOf(error: unknown): unknown {
  if (error instanceof TwinlockError) return error.code;
  return (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE' ? 'cancelled' : error;
}

/** One range with a first byte (RFC 9110 section 14.1.2); nothing else is asked for by our clients. */
export function rangeOf(header: string | undefined): Range | null {
  if (header === undefined) return null;
  const match = /^bytes=(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})?$/.exec(header);
  must(match !== null, 'malformed', 'range: expected bytes=FIRST-LAST or bytes=FIRST-');
  const last = match[2] === undefined ? null : Number(match[2]);
  return { start: Number(match[1]), last };
}
