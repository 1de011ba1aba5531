import type { IncomingMessage } from 'node:http';
import { fromUtf8 } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { BODY_WITHIN_MS } from '../vault/limits.ts';
import type { Exchange } from './env.ts';

/** How long a request says that its body is: Node's parser holds the sender to it. */
export function bodyBytes(c: Exchange): number {
  const isChunked = c.req.header('transfer-encoding') !== undefined;
  must(!isChunked, 'malformed', 'expected a body with its content-length, not in chunks');
  return Number(c.req.header('content-length') ?? 0);
}

/** Reads a body of that many bytes: JSON that names each member once. Attacker-controlled. Throws `malformed`. */
export async function readJson(c: Exchange, bytes: number): Promise<unknown> {
  return parseJson(fromUtf8(await jsonBytes(c, bytes)));
}

/** The bytes of a body that says it is JSON. Throws `malformed` where it says something else. */
export async function jsonBytes(c: Exchange, length: number): Promise<Uint8Array> {
  const isJson = /^application\/json(?:; ?charset=utf-8)?$/i.test(c.req.header('content-type') ?? '');
  must(isJson, 'malformed', 'expected content-type application/json');
  return read(c.env.incoming, length);
}

/** The whole body, which has that many bytes. One that dawdles is broken off. */
async function read(incoming: IncomingMessage, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const late = setTimeout(() => incoming.socket.destroy(), BODY_WITHIN_MS);
  try {
    let filled = 0;
    for await (const piece of received(incoming)) {
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  } finally {
    clearTimeout(late);
  }
}

/**
 * The body as it comes in, past the web's streams. One that is refused is left unread, so that the answer gets
 * there; one that breaks off is no failure of the vault's.
 */
export async function* received(incoming: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* incoming.iterator({ destroyOnReturn: false });
  } catch (cause) {
    throw new TwinlockError('cancelled', 'the connection ended before the body did', {}, { cause });
  }
}
