import type { Context } from './context.ts';
import { PART_SEGMENTS, UPLOAD_SILENCE_MS } from './limits.ts';
import { storedPlainBytes } from './plain-bytes.ts';
import type { Upload } from './ports.ts';

/** The stored part of an upload. */
export function viewUpload({ id: upload, turn, expires, files, segments }: Upload) {
  return { upload, turn, expires, files: files.map(String), segments, partSegments: PART_SEGMENTS };
}

/** A depositor's uploads, each with how long the vault has not heard of it. */
export function viewUploads({ silence }: Pick<Context, 'silence'>, uploads: readonly Upload[]) {
  return {
    silenceMs: UPLOAD_SILENCE_MS,
    uploads: uploads.map(({ id, files, ...upload }) => ({
      ...upload,
      upload: id,
      files: files.length,
      bytes: sumText(files),
      storedBytes: sumText(storedPlainBytes({ id, files, ...upload })),
      silentMs: Math.round(silence.ofMs(id)),
    })),
  };
}

function sumText(sizes: readonly number[]): string {
  return String(sizes.reduce((sum, bytes) => sum + bytes, 0));
}
