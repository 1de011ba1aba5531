import type { Context } from '../../vault/context.ts';
import { handOver } from '../../vault/hand-over.ts';
import { giveReceipt } from '../../vault/receipt.ts';
import { readCiphertext, readLeaves, readPack } from '../../vault/serve-weights.ts';
import { ROUTES } from '../../wire/routes.ts';
import type { Serve } from '../adapter.ts';

export function releaseRoutes(serve: Serve, context: Context): void {
  serve(ROUTES.handover, ({ caller, params: { release, host } }) => handOver(context, caller, release, host));
  serve(ROUTES.sendReceipt, ({ caller, params: { release }, body }) => giveReceipt(context, caller, release, body));
  // Before the files, which have numbers.
  serve(ROUTES.pack, ({ caller, params: { manifest }, range }) => readPack(context, caller, manifest, range));
  serve(ROUTES.weights, ({ caller, params: { manifest, file }, range }) =>
    readCiphertext(context, caller, manifest, file, range),
  );
  serve(ROUTES.leaves, ({ caller, params: { manifest, file } }) => readLeaves(context, caller, manifest, file));
}
