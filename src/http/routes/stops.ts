import type { MiddlewareHandler } from 'hono';
import { must } from '../../core/errors.ts';
import { parseSignedStop } from '../../core/log/signed-stop.ts';
import type { Context } from '../../vault/context.ts';
import { stop } from '../../vault/stop.ts';
import { maxBodyBytes } from '../../wire/route.ts';
import { ROUTES } from '../../wire/routes.ts';
import { respond, untilAnswered } from '../adapter.ts';
import { bodyBytes, jsonBytes } from '../body.ts';
import type { App, Env } from '../env.ts';

/**
 * Stops. Without a session, before all middleware that others share: a stop spends nothing that another caller could
 * spend, and nothing is counted before the signature is found to be true. `told` is what every answer gets: its
 * headers, and a line in the access log.
 */
export function stopRoutes(app: App, context: Context, told: MiddlewareHandler<Env>): void {
  const mostBytes = maxBodyBytes(ROUTES.stop, null);
  app.post(ROUTES.stop.path, told, async (c) => {
    const length = bodyBytes(c);
    must(length > 0, 'malformed', 'json: expected a signed stop as JSON');
    must(length <= mostBytes, 'too_large', `expected a stop of at most ${mostBytes} bytes, got ${length}`);
    const signed = parseSignedStop(await jsonBytes(c, length));
    // Not before its body has come: that is the sender's time.
    untilAnswered(c, () => undefined);
    return respond(c, ROUTES.stop, await stop(context, signed));
  });
}
