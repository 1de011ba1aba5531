import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    cpSync(join(root, 'lint'), join(folder, 'lint'), { recursive: true });
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

test.each([
  'export const f = (work: () => void) => { try { work(); } catch { throw new Error(); } };',
  'export const f = (work: () => void) => { try { work(); } catch (error) { throw error; } finally { work(); } };',
  'export const f = (work: Promise<void>) => work.catch(() => undefined);',
  'export const f = (work?: Promise<void>) => work?.catch(() => undefined);',
  "export const f = (work: Promise<void>) => work['catch'](() => undefined);",
  'export const f = (work: Promise<void>) => work.then(() => 1, () => 2);',
  'export const f = (work: Promise<void>) => Promise.allSettled([work]);',
  "import * as z from 'zod/mini';\nexport const f = z.catch(z.string(), '');",
])('core catches in src/core/refusal.ts alone: %s', (source) => {
  expect(brokenRules('src/core/planted.ts', source)).toContain('plugin');
  expect(brokenRules('src/core/log/planted.ts', source)).toContain('plugin');
  expect(brokenRules('src/core/refusal.ts', source)).not.toContain('plugin');
  expect(brokenRules('src/store/planted.ts', source)).not.toContain('plugin');
});

test.each([
  ["export const f = (a: string) => a.localeCompare('b');", 'plugin'],
  ['export const f = (a: string) => a.toLocaleLowerCase();', 'plugin'],
  ['export const f = (a: number) => a.toLocaleString();', 'plugin'],
  ['export const f = new Intl.Collator();', 'lint/style/noRestrictedGlobals'],
])('core asks no locale: %s', (source, rule) => {
  expect(brokenRules('src/core/planted.ts', source)).toContain(rule);
});

test('core may clean up after itself, and wait', () => {
  const source =
    'export const f = async (work: Promise<void>) => { try { await work.then(() => 1); } finally { await work; } };';
  expect(brokenRules('src/core/planted.ts', source)).toEqual([]);
});
