import { createRoute, z } from '@hono/zod-openapi';
import { fromBase64url } from '../../core/bytes.ts';
import { must } from '../../core/errors.ts';
import { MAX_FILES } from '../../core/weights/manifest.ts';
import type { Context } from '../../vault/context.ts';
import { deposit } from '../../vault/deposit.ts';
import { DEPOSIT_BODY_BYTES, PART_BODY_BYTES, PART_SEGMENTS, UPLOAD_SILENCE_MS } from '../../vault/limits.ts';
import { storedPlainBytes } from '../../vault/plain-bytes.ts';
import type { Upload } from '../../vault/ports.ts';
import { asPrincipal } from '../../vault/sign-in.ts';
import {
  abandonUpload,
  openUpload,
  ownUpload,
  ownUploads,
  restartFile,
  storePart,
  takeUploadOver,
} from '../../vault/upload.ts';
import { decimal, id } from '../../wire/fields.ts';
import * as wire from '../../wire/weights.ts';
import { received } from '../body.ts';
import { type App, answers, body, REFUSED } from '../env.ts';
import { bySession, callerOf } from '../gate.ts';
import { recordedView } from './proposals.ts';

const file = decimal(MAX_FILES - 1);
const postUpload = createRoute({
  ...bySession({ roles: ['depositor'] }),
  method: 'post',
  path: '/v1/uploads',
  request: body(wire.openUpload),
  responses: answers(wire.uploadStatus, 'the upload is open'),
});
const getUpload = createRoute({
  ...bySession({ roles: ['depositor'] }),
  method: 'get',
  path: '/v1/uploads/{upload}',
  request: { params: z.object({ upload: id }) },
  responses: answers(wire.uploadStatus, 'what the vault has stored on disk'),
});
const listUploads = createRoute({
  ...bySession({ roles: ['depositor'] }),
  method: 'get',
  path: '/v1/uploads',
  responses: answers(wire.uploadList, 'the caller’s uploads under way'),
});
const deleteUpload = createRoute({
  ...bySession({ roles: ['depositor'] }),
  method: 'delete',
  path: '/v1/uploads/{upload}',
  request: { params: z.object({ upload: id }) },
  responses: { 204: { description: 'nothing of the upload is left' }, default: REFUSED },
});
const postTurn = createRoute({
  ...bySession({ roles: ['depositor'] }),
  method: 'post',
  path: '/v1/uploads/{upload}/turns',
  request: { params: z.object({ upload: id }), ...body(wire.takeOver) },
  responses: answers(wire.uploadStatus, 'what the vault has stored on disk, for the process that goes on with it'),
});
const postFile = createRoute({
  ...bySession({ roles: ['depositor'] }),
  method: 'post',
  path: '/v1/uploads/{upload}/files/{file}',
  request: { params: z.object({ upload: id, file }), ...body(wire.restartFile) },
  responses: answers(wire.uploadStatus, 'nothing of the file is stored'),
});
const putPart = createRoute({
  ...bySession({ roles: ['depositor'], work: 'large', maxBodyBytes: PART_BODY_BYTES }),
  method: 'put',
  path: '/v1/uploads/{upload}/files/{file}',
  request: { params: z.object({ upload: id, file }), query: wire.partQuery },
  responses: answers(wire.partStored, 'the segments are on disk'),
});
const postDeposit = createRoute({
  ...bySession({ roles: ['depositor'], work: 'large', maxBodyBytes: DEPOSIT_BODY_BYTES }),
  method: 'post',
  path: '/v1/deposits',
  request: body(wire.depositRequest),
  responses: answers(wire.deposited, 'the version is quarantined'),
});

export function uploadRoutes(app: App, context: Context): void {
  const depositor = (c: Parameters<typeof callerOf>[0]) => asPrincipal(callerOf(c), 'depositor');
  app.openapi(postUpload, async (c) => {
    const { files, ...named } = c.req.valid('json');
    return c.json(view(await openUpload(context, depositor(c), { ...named, files: files.map(BigInt) })), 200);
  });
  app.openapi(getUpload, async (c) =>
    c.json(view(await ownUpload(context, depositor(c), c.req.valid('param').upload)), 200),
  );
  app.openapi(listUploads, async (c) =>
    c.json(
      {
        silenceMs: UPLOAD_SILENCE_MS,
        uploads: (await ownUploads(context, depositor(c))).map((upload) => listed(context, upload)),
      },
      200,
    ),
  );
  app.openapi(deleteUpload, async (c) => {
    await abandonUpload(context, depositor(c), c.req.valid('param').upload);
    return c.body(null, 204);
  });
  app.openapi(postTurn, async (c) =>
    c.json(view(await takeUploadOver(context, depositor(c), c.req.valid('param').upload)), 200),
  );
  app.openapi(postFile, async (c) => {
    const { turn, bytes } = c.req.valid('json');
    const restarted = { ...c.req.valid('param'), turn, plainBytes: BigInt(bytes) };
    return c.json(view(await restartFile(context, depositor(c), restarted)), 200);
  });
  app.openapi(putPart, async (c) => {
    const caller = depositor(c);
    const { upload, file } = c.req.valid('param');
    const { segment, turn } = c.req.valid('query');
    must(
      c.req.header('content-type') === 'application/octet-stream',
      'malformed',
      'expected content-type application/octet-stream',
    );
    const body = received(c.env.incoming);
    const segments = await storePart(context, caller, { upload, file, segment, turn, body });
    return c.json({ segments }, 200);
  });
  app.openapi(postDeposit, async (c) => {
    const caller = depositor(c);
    const { upload, manifest, signature, envelopes } = c.req.valid('json');
    const work = () =>
      deposit(context, caller, {
        upload,
        manifest: fromBase64url(manifest),
        signature: fromBase64url(signature),
        envelopes: envelopes.map(({ envelope, ...name }) => ({ ...name, envelope: fromBase64url(envelope) })),
      });
    const done = await context.refusals.watch('deposit', caller, work);
    return c.json({ ...recordedView(done), manifest: done.manifest }, 200);
  });
}

function view({ id: upload, turn, expires, files, segments }: Upload) {
  return { upload, turn, expires, files: files.map(String), segments: [...segments], partSegments: PART_SEGMENTS };
}

function listed({ silence }: Context, upload: Upload) {
  const { id, opener, model, version, files, opened, expires } = upload;
  return {
    upload: id,
    opener,
    model,
    version,
    files: files.length,
    bytes: sumText(files),
    storedBytes: sumText(storedPlainBytes(upload)),
    opened,
    expires,
    silentMs: Math.round(silence.ofMs(id)),
  };
}

function sumText(sizes: readonly number[]): string {
  return String(sizes.reduce((sum, bytes) => sum + bytes, 0));
}
