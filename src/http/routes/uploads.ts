import type { Context } from '../../vault/context.ts';
import { deposit } from '../../vault/deposit.ts';
import {
  abandonUpload,
  openUpload,
  ownUpload,
  ownUploads,
  restartFile,
  storePart,
  takeUploadOver,
} from '../../vault/upload.ts';
import { viewUpload, viewUploads } from '../../vault/upload-views.ts';
import { ROUTES } from '../../wire/routes.ts';
import type { Serve } from '../adapter.ts';

export function uploadRoutes(serve: Serve, context: Context): void {
  serve(ROUTES.openUpload, async ({ caller, body: { files, ...named } }) =>
    viewUpload(await openUpload(context, caller, { ...named, files: files.map(BigInt) })),
  );
  serve(ROUTES.upload, async ({ caller, params: { upload } }) => viewUpload(await ownUpload(context, caller, upload)));
  serve(ROUTES.uploads, async ({ caller }) => viewUploads(context, await ownUploads(context, caller)));
  serve(ROUTES.abandonUpload, ({ caller, params: { upload } }) => abandonUpload(context, caller, upload));
  serve(ROUTES.takeUploadOver, async ({ caller, params: { upload } }) =>
    viewUpload(await takeUploadOver(context, caller, upload)),
  );
  serve(ROUTES.restartFile, async ({ caller, params, body: { turn, bytes } }) =>
    viewUpload(await restartFile(context, caller, { ...params, turn, plainBytes: BigInt(bytes) })),
  );
  serve(ROUTES.putPart, async ({ caller, params, query, octets }) => ({
    segments: await storePart(context, caller, { ...params, ...query, body: octets }),
  }));
  serve(ROUTES.deposit, ({ caller, body }) => deposit(context, caller, body));
}
