import type { Context } from '../../vault/context.ts';
import { readLog } from '../../vault/read-log.ts';
import { ROUTES } from '../../wire/routes.ts';
import type { Serve } from '../adapter.ts';

export function logRoutes(serve: Serve, context: Context): void {
  serve(ROUTES.checkpoint, () => ({ checkpoint: context.recorder.published }));
  serve(ROUTES.entries, ({ query: { from, limit } }) => readLog(context, from, limit));
  serve(ROUTES.ownEnvelopes, async ({ caller, params: { manifest } }) => ({
    envelopes: await context.log.envelopesOf(manifest, caller.person),
  }));
}
