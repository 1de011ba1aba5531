import { toBase64url } from '../../core/bytes.ts';
import type { Context } from '../../vault/context.ts';
import { handOver } from '../../vault/hand-over.ts';
import { giveReceipt } from '../../vault/receipt.ts';
import { readCiphertext, readLeaves, readPack } from '../../vault/serve-weights.ts';
import { ROUTES } from '../../wire/routes.ts';
import type { Serve } from '../adapter.ts';
import { recordedView } from './proposals.ts';

export function releaseRoutes(serve: Serve, context: Context): void {
  serve(ROUTES.handover, async ({ caller, params: { release, host } }) => {
    const { shares, token, authority } = await handOver(context, caller, release, host);
    const views = shares.map(({ envelope, signature, ...share }) => ({
      ...share,
      envelope: toBase64url(envelope),
      signature: toBase64url(signature),
    }));
    return { shares: views, token: toBase64url(token), authority };
  });
  serve(ROUTES.sendReceipt, async ({ caller, params: { release }, body }) =>
    recordedView(await giveReceipt(context, caller, release, body)),
  );
  // Before the files, which have numbers.
  serve(ROUTES.pack, ({ caller, params: { manifest }, range }) => readPack(context, caller, manifest, range));
  serve(ROUTES.weights, ({ caller, params: { manifest, file }, range }) =>
    readCiphertext(context, caller, manifest, file, range),
  );
  serve(ROUTES.leaves, ({ caller, params: { manifest, file } }) => readLeaves(context, caller, manifest, file));
}
