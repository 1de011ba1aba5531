import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { counted } from '../src/core/counted.ts';

const CHUNK_BYTES = 1 << 20;

/** Compares byte by byte, without holding more than a piece. Throws for the first file that differs. */
export async function compareFolders(
  original: string,
  fetched: string,
  files: readonly { readonly path: string }[],
): Promise<void> {
  for (const { path } of files) await compareFiles(join(original, path), join(fetched, path));
}

async function compareFiles(a: string, b: string): Promise<void> {
  const [left, right] = [await open(a), await open(b)];
  try {
    const sizes = [(await left.stat()).size, (await right.stat()).size];
    if (sizes[0] !== sizes[1]) throw new Error(`${b} has ${counted(sizes[1] ?? 0, 'byte')}, the original ${sizes[0]}`);
    const [x, y] = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)];
    for (let position = 0; position < (sizes[0] ?? 0); position += CHUNK_BYTES) {
      const { bytesRead } = await left.read(x, 0, CHUNK_BYTES, position);
      await right.read(y, 0, bytesRead, position);
      if (!x.subarray(0, bytesRead).equals(y.subarray(0, bytesRead))) throw new Error(`${b} differs from the original`);
    }
  } finally {
    await left.close();
    await right.close();
  }
}
