import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Whole segments, parts of one, an empty file, a hidden one and one in a folder. */
export const MODEL: Readonly<Record<string, Uint8Array>> = {
  '.hidden': new Uint8Array([1, 2, 3]),
  'config.json': new TextEncoder().encode('{"model_type":"custom"}'),
  'empty.txt': new Uint8Array(0),
  'onnx/model.onnx': patterned(2_500_000),
  'onnx/whole.bin': patterned(1 << 20),
};

export function patterned(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8);
  return bytes;
}

/** A new folder, which the caller removes. */
export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'twinlock-model-'));
}

/** A folder with these files, which the caller removes. */
export function modelFolder(files: Readonly<Record<string, Uint8Array>> = MODEL): string {
  const folder = temporary();
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}
