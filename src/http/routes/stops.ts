import { createRoute } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { fromUtf8 } from '../../core/bytes.ts';
import { must } from '../../core/errors.ts';
import { MAX_STOP_BYTES, parseSignedStop } from '../../core/log/signed-stop.ts';
import type { Context } from '../../vault/context.ts';
import { stop } from '../../vault/stop.ts';
import { viewStops } from '../../vault/views.ts';
import { stopAnswer, stopRequest } from '../../wire/stop.ts';
import { bodyBytes, jsonBytes } from '../body.ts';
import { type App, answers, body, type Env } from '../env.ts';
import { untilAnswered } from '../gate.ts';

const postStop = createRoute({
  method: 'post',
  path: '/v1/stops',
  request: body(stopRequest),
  responses: answers(stopAnswer, 'it is stopped, now or already'),
});

/**
 * Stops. Without a session, before all middleware that others share: a stop spends nothing that another caller could
 * spend, and nothing is counted before the signature is found to be true. `told` is what every answer gets: its
 * headers, and a line in the access log.
 */
export function stopRoutes(app: App, context: Context, told: MiddlewareHandler<Env>): void {
  app.openAPIRegistry.registerPath(postStop);
  app.post(postStop.path, told, async (c) => {
    const length = bodyBytes(c);
    must(length > 0, 'malformed', 'json: expected a signed stop as JSON');
    must(length <= MAX_STOP_BYTES, 'too_large', `expected a stop of at most ${MAX_STOP_BYTES} bytes, got ${length}`);
    const signed = parseSignedStop(await jsonBytes(c, length));
    // Not before its body has come: that is the sender's time.
    untilAnswered(c, () => undefined);
    const { checkpoint, stopped, ...answer } = await stop(context, signed);
    return c.json({ ...answer, checkpoint: fromUtf8(checkpoint), stopped: viewStops(stopped) }, 200);
  });
}
