import { createRoute, z } from '@hono/zod-openapi';
import { fromUtf8, toBase64url } from '../../core/bytes.ts';
import type { Context } from '../../vault/context.ts';
import { readLog } from '../../vault/read-log.ts';
import { asCustodian } from '../../vault/sign-in.ts';
import { digest } from '../../wire/fields.ts';
import { checkpoint, entries, entriesQuery, ownEnvelopes } from '../../wire/log.ts';
import { type App, answers } from '../env.ts';
import { bySession, callerOf } from '../gate.ts';

const getCheckpoint = createRoute({
  ...bySession(),
  method: 'get',
  path: '/v1/log/checkpoint',
  responses: answers(checkpoint, 'the last checkpoint'),
});
// Requesters get the chain of their release, not the log.
const getEntries = createRoute({
  ...bySession({ roles: ['custodian', 'depositor', 'auditor'], work: 'large' }),
  method: 'get',
  path: '/v1/log/entries',
  request: { query: entriesQuery },
  responses: answers(entries, 'a page of the log'),
});
const getEnvelopes = createRoute({
  ...bySession({ roles: ['custodian'] }),
  method: 'get',
  path: '/v1/versions/{manifest}/envelopes',
  request: { params: z.object({ manifest: digest }) },
  responses: answers(ownEnvelopes, 'the envelopes sealed to the caller'),
});

export function logRoutes(app: App, context: Context): void {
  app.openapi(getCheckpoint, (c) => c.json({ checkpoint: fromUtf8(context.recorder.checkpoint) }, 200));
  app.openapi(getEntries, async (c) => {
    const { from, limit } = c.req.valid('query');
    const page = await readLog(context, from, limit);
    const objects = Object.fromEntries([...page.objects].map(([name, bytes]) => [name, toBase64url(bytes)]));
    return c.json({ ...page, entries: [...page.entries], objects }, 200);
  });
  app.openapi(getEnvelopes, async (c) => {
    const { person } = asCustodian(callerOf(c));
    const rows = await context.log.envelopesOf(c.req.valid('param').manifest, person);
    const envelopes = rows.map((row) => ({
      credential: row.credential,
      digest: row.digest,
      envelope: toBase64url(row.envelope),
    }));
    return c.json({ envelopes }, 200);
  });
}
