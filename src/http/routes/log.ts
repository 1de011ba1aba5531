import { createRoute, z } from '@hono/zod-openapi';
import { fromUtf8, toBase64url } from '../../core/bytes.ts';
import { must } from '../../core/errors.ts';
import type { Context } from '../../vault/context.ts';
import { readLog } from '../../vault/read-log.ts';
import { asCustodian } from '../../vault/sign-in.ts';
import { digest } from '../../wire/fields.ts';
import { checkpoint, entries, entriesQuery, ownEnvelopes } from '../../wire/log.ts';
import { type App, answers, callerOf, SIGNED_IN } from '../env.ts';

const getCheckpoint = createRoute({
  method: 'get',
  path: '/v1/log/checkpoint',
  security: SIGNED_IN,
  responses: answers(checkpoint, 'the last checkpoint'),
});
const getEntries = createRoute({
  method: 'get',
  path: '/v1/log/entries',
  security: SIGNED_IN,
  request: { query: entriesQuery },
  responses: answers(entries, 'a page of the log'),
});
const getEnvelopes = createRoute({
  method: 'get',
  path: '/v1/versions/{manifest}/envelopes',
  security: SIGNED_IN,
  request: { params: z.object({ manifest: digest }) },
  responses: answers(ownEnvelopes, 'the envelopes sealed to the caller'),
});

export function logRoutes(app: App, context: Context): void {
  app.openapi(getCheckpoint, (c) => {
    callerOf(c, context);
    return c.json({ checkpoint: fromUtf8(context.recorder.checkpoint) }, 200);
  });
  app.openapi(getEntries, async (c) => {
    const { role } = callerOf(c, context);
    must(role !== 'requester', 'not_permitted', 'requesters get the chain of their release, not the log');
    const { from, limit } = c.req.valid('query');
    const page = await readLog(context, from, limit);
    const objects = Object.fromEntries([...page.objects].map(([name, bytes]) => [name, toBase64url(bytes)]));
    return c.json({ ...page, entries: [...page.entries], objects }, 200);
  });
  app.openapi(getEnvelopes, async (c) => {
    const { person } = asCustodian(callerOf(c, context));
    const rows = await context.log.envelopesOf(c.req.valid('param').manifest, person);
    const envelopes = rows.map((row) => ({
      credential: row.credential,
      digest: row.digest,
      envelope: toBase64url(row.envelope),
    }));
    return c.json({ envelopes }, 200);
  });
}
