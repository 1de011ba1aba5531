import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** The rules that a file of this path and source breaks, by our configuration. */
function brokenRules(path: string, source: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'planted-'));
  try {
    const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...config, $schema: undefined, vcs: undefined }));
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), source);
    const run = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', '--reporter=json', path], {
      cwd: folder,
      encoding: 'utf8',
    });
    return JSON.parse(run.stdout).diagnostics.map(({ category }: { category: string }) => category);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  "import { createCipheriv } from 'node:crypto';\ncreateCipheriv;",
  "import { createDecipheriv as decipher } from 'node:crypto';\ndecipher;",
  "import { createCipheriv } from 'crypto';\ncreateCipheriv;",
  "import crypto from 'node:crypto';\ncrypto.createCipheriv;",
  "import * as crypto from 'node:crypto';\ncrypto.createCipheriv;",
  "const { createDecipheriv } = await import('node:crypto');\ncreateDecipheriv;",
  "export { createCipheriv } from 'node:crypto';",
])('the bulk ciphers are called in src/platform/aead.ts alone: %s', (source) => {
  expect(brokenRules('src/store/planted.ts', source)).toContain('lint/style/noRestrictedImports');
  expect(brokenRules('src/platform/aead.ts', source)).not.toContain('lint/style/noRestrictedImports');
});

test('the rest of node:crypto is free', () => {
  expect(brokenRules('src/store/planted.ts', "import { createHash } from 'node:crypto';\ncreateHash;")).toEqual([]);
});
