import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readOperatorFile } from '../../../src/platform/files/operator-file.ts';

const MAX_BYTES = 2 << 20;
const folder = mkdtempSync(join(tmpdir(), 'twinlock-input-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

test('a file is read whole up to its limit, also through a link', () => {
  const bytes = new Uint8Array(MAX_BYTES).fill(7);
  writeFileSync(path('limit'), bytes);
  symlinkSync(path('limit'), path('link'));
  expect(Buffer.compare(readOperatorFile(path('link')), bytes)).toBe(0);
});

test.each([
  [
    'a byte above its limit',
    () => writeFileSync(path('large'), new Uint8Array(MAX_BYTES + 1)),
    () => path('large'),
    'too_large',
  ],
  ['a pipe without a writer', () => execFileSync('mkfifo', [path('pipe')]), () => path('pipe'), 'not_permitted'],
  ['a device without end', () => null, () => '/dev/zero', 'not_permitted'],
  ['a folder', () => null, () => folder, 'not_permitted'],
  ['nothing', () => null, () => path('nothing'), 'ENOENT'],
])('a file is not %s', (_, make, where, code) => {
  make();
  expect(() => readOperatorFile(where())).toThrow(expect.objectContaining({ code }));
});
