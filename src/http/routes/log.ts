import { fromUtf8, toBase64url } from '../../core/bytes.ts';
import type { Context } from '../../vault/context.ts';
import { readLog } from '../../vault/read-log.ts';
import { ROUTES } from '../../wire/routes.ts';
import type { Serve } from '../adapter.ts';

export function logRoutes(serve: Serve, context: Context): void {
  serve(ROUTES.checkpoint, () => ({ checkpoint: fromUtf8(context.recorder.checkpoint) }));
  serve(ROUTES.entries, async ({ query: { from, limit } }) => {
    const page = await readLog(context, from, limit);
    const objects = Object.fromEntries([...page.objects].map(([name, bytes]) => [name, toBase64url(bytes)]));
    return { ...page, objects };
  });
  serve(ROUTES.ownEnvelopes, async ({ caller, params: { manifest } }) => {
    const rows = await context.log.envelopesOf(manifest, caller.person);
    return { envelopes: rows.map((row) => ({ ...row, envelope: toBase64url(row.envelope) })) };
  });
}
