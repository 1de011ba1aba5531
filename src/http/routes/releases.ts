import { pipeline } from 'node:stream/promises';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createRoute, z } from '@hono/zod-openapi';
import { toBase64url } from '../../core/bytes.ts';
import { must, TwinlockError } from '../../core/errors.ts';
import { MAX_HOSTS } from '../../core/statement/statement.ts';
import { MAX_FILES } from '../../core/weights/manifest.ts';
import type { Context } from '../../vault/context.ts';
import { handOver } from '../../vault/hand-over.ts';
import { READER_SILENCE_MS } from '../../vault/limits.ts';
import { giveReceipt } from '../../vault/receipt.ts';
import { type Octets, type Range, readCiphertext, readerOf, readLeaves, readPack } from '../../vault/serve-weights.ts';
import { asPrincipal } from '../../vault/sign-in.ts';
import { decimal, digest, recorded } from '../../wire/fields.ts';
import { handover, receiptRequest } from '../../wire/weights.ts';
import { type App, answers, bearerOf, body, COMMON_HEADERS, REFUSED } from '../env.ts';
import { byHostToken, bySession, callerOf, untilAnswered } from '../gate.ts';
import { recordedView } from './proposals.ts';

const host = decimal(MAX_HOSTS - 1);
const file = decimal(MAX_FILES - 1);
const getHandover = createRoute({
  ...bySession({ roles: ['requester'], work: 'large' }),
  method: 'get',
  path: '/v1/releases/{release}/hosts/{host}',
  request: { params: z.object({ release: digest, host }) },
  responses: answers(handover, 'sealed shares, sealed token, authority chain'),
});
const postReceipt = createRoute({
  ...bySession({ roles: ['requester'] }),
  method: 'post',
  path: '/v1/releases/{release}/receipts',
  request: { params: z.object({ release: digest }), ...body(receiptRequest) },
  responses: answers(recorded, 'the receipt is recorded'),
});
const octets = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
});
const weightsParams = { params: z.object({ manifest: digest, file }) };
const getWeights = createRoute({
  ...byHostToken(),
  method: 'get',
  path: '/v1/weights/{manifest}/{file}',
  request: weightsParams,
  responses: { 200: octets('all of the ciphertext'), 206: octets('the range asked for'), default: REFUSED },
});
const getPack = createRoute({
  ...byHostToken(),
  method: 'get',
  path: '/v1/weights/{manifest}/pack',
  request: { params: z.object({ manifest: digest }) },
  responses: {
    200: octets('the segments of all files of at most 1 MiB but the first, one after another'),
    206: octets('the range asked for'),
    default: REFUSED,
  },
});
const getLeaves = createRoute({
  ...byHostToken(),
  method: 'get',
  path: '/v1/weights/{manifest}/{file}/leaves',
  request: weightsParams,
  responses: { 200: octets('32 bytes for each segment'), default: REFUSED },
});

export function releaseRoutes(app: App, context: Context): void {
  app.openapi(getHandover, async (c) => {
    const caller = asPrincipal(callerOf(c), 'requester');
    const { release, host: number } = c.req.valid('param');
    const work = () => handOver(context, caller, release, number);
    const { shares, token, authority } = await context.refusals.watch('hand_over', caller, work);
    const views = shares.map(({ person, index, credential, envelope, signature }) => ({
      person,
      index,
      credential,
      envelope: toBase64url(envelope),
      signature: toBase64url(signature),
    }));
    return c.json({ shares: views, token: toBase64url(token), authority: authority as unknown }, 200);
  });
  app.openapi(postReceipt, async (c) => {
    const caller = asPrincipal(callerOf(c), 'requester');
    const work = () => giveReceipt(context, caller, c.req.valid('param').release, c.req.valid('json'));
    return c.json(recordedView(await context.refusals.watch('receipt', caller, work)), 200);
  });
  // Before the files, which have numbers.
  app.openapi(getPack, async (c) => {
    must(c.req.method === 'GET', 'malformed', 'expected GET');
    const range = rangeOf(c.req.header('range'));
    const reader = await readerOf(context, bearerOf(c));
    untilAnswered(c, context.shares.reads.enter(reader.hash));
    const ciphertext = await readPack(context, reader, c.req.valid('param').manifest, range);
    c.set('failure', await send(c.env.outgoing, ciphertext, range !== null));
    return RESPONSE_ALREADY_SENT;
  });
  app.openapi(getWeights, async (c) => {
    const { manifest, file: number } = c.req.valid('param');
    // HEAD comes here too, and would take bytes from the budget for a body that is not sent.
    must(c.req.method === 'GET', 'malformed', 'expected GET');
    const range = rangeOf(c.req.header('range'));
    const reader = await readerOf(context, bearerOf(c));
    untilAnswered(c, context.shares.reads.enter(reader.hash));
    const ciphertext = await readCiphertext(context, reader, manifest, number, range);
    c.set('failure', await send(c.env.outgoing, ciphertext, range !== null));
    return RESPONSE_ALREADY_SENT;
  });
  app.openapi(getLeaves, async (c) => {
    const { manifest, file: number } = c.req.valid('param');
    must(c.req.method === 'GET', 'malformed', 'expected GET');
    const reader = await readerOf(context, bearerOf(c));
    untilAnswered(c, context.shares.reads.enter(reader.hash));
    c.set('failure', await send(c.env.outgoing, await readLeaves(context, reader, manifest, number), false));
    return RESPONSE_ALREADY_SENT;
  });
}

/**
 * Sends a range straight to the socket. What breaks it off (a stop, the lease's end, the client) closes the
 * connection, so that no client takes a part for the whole. Returns what to tell the access log of it.
 */
async function send(
  outgoing: HttpBindings['outgoing'],
  { start, end, totalBytes, body }: Octets,
  isPart: boolean,
): Promise<unknown> {
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
    return undefined;
  } catch (error) {
    if (error instanceof TwinlockError) return error.code;
    return (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE' ? 'cancelled' : error;
  }
}

/** One range with a first byte (RFC 9110 section 14.1.2); nothing else is asked for by our clients. */
function rangeOf(header: string | undefined): Range | null {
  if (header === undefined) return null;
  const match = /^bytes=(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})?$/.exec(header);
  must(match !== null, 'malformed', 'range: expected bytes=FIRST-LAST or bytes=FIRST-');
  const last = match[2] === undefined ? null : Number(match[2]);
  return { start: Number(match[1]), last };
}
