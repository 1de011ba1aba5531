import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

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
  'export const f = (work: Promise<void>, fallback: Promise<void>) => Promise.any([work, fallback]);',
  'export const f = (work: Promise<void>) => work[`catch`](() => undefined);',
  "export const f = (work: Promise<void>) => work['ca' + 'tch'](() => undefined);",
  'const { catch: c } = Promise.prototype;\nexport const f = c;',
  "export const f = ({ 'catch': c }: Promise<void>) => c;",
  'export const f = ({ then }: Promise<void>) => then;',
  'export const f = (work: Promise<void>, both: [() => void, () => void]) => work.then(...both);',
  'export const f = (work: Promise<void>) => Promise.prototype.then.call(work, undefined, () => 1);',
  'export const f = Promise.prototype;',
  "export const f = Promise['any'];",
  ...['return 1;', 'throw new Error();', 'break;', 'if (work()) continue;'].map(
    (end) =>
      `export const f = (work: () => number) => { for (;;) { try { work(); } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: planted
      ${end} } } };`,
  ),
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
  ['export const f = new globalThis.Intl.Collator();', 'lint/style/noRestrictedGlobals'],
  ['export const f = globalThis.Date.now();', 'lint/style/noRestrictedGlobals'],
  ['export const f = performance.now();', 'lint/style/noRestrictedGlobals'],
  ["export const f = new Function('return Date.now()');", 'lint/style/noRestrictedGlobals'],
  ['export const f = Math.random();', 'plugin'],
  ["export const f = Math['random']();", 'plugin'],
  ['export const f = Math.max(1, Math.random());', 'plugin'],
  ['const { random } = Math;\nexport const f = random();', 'plugin'],
  ['export const f = Math.exp(1);', 'plugin'],
  ["export const f = Reflect.get('x', 'localeCompare');", 'lint/style/noRestrictedGlobals'],
  ["export const f = 'x'.normalize();", 'plugin'],
  ["export const f = 'x'['normalize']();", 'plugin'],
  ["const { normalize } = 'x';\nexport const f = normalize;", 'plugin'],
  ["const { localeCompare: compare } = 'x';\nexport const f = compare;", 'plugin'],
  ['export const f = /\\p{L}/u;', 'plugin'],
  ['export const f = /[^\\P{Lu}a]/v;', 'plugin'],
  ["export const f = new RegExp('\\\\p{L}', 'u');", 'plugin'],
  ['export const f = new RegExp(`^\\\\p{L}$`, `u`);', 'plugin'],
])('core asks no locale, no clock, no chance and no Unicode of the engine: %s', (source, rule) => {
  expect(brokenRules('src/core/planted.ts', source)).toContain(rule);
});

test('core may clean up after itself, wait, and round', () => {
  const source =
    'export const f = async (work: Promise<void>) => { try { await work; } finally { await Promise.all([work]); } };';
  expect(brokenRules('src/core/planted.ts', source)).toEqual([]);
  expect(brokenRules('src/core/planted.ts', 'export const f = Math.max(1, Math.floor(1.5));')).toEqual([]);
});

test('core sets none of these rules aside', () => {
  const files = readdirSync(join(root, 'src/core'), { recursive: true, encoding: 'utf8' });
  const ignored = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => readFileSync(join(root, 'src/core', file), 'utf8').match(/biome-ignore\S* .*?(?=:|$)/gm) ?? []);
  expect(new Set(ignored)).toEqual(new Set(['biome-ignore lint/suspicious/noControlCharactersInRegex']));
});
