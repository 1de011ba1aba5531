import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const depcruise = join(root, 'node_modules/.bin/depcruise');

function cruise(cwd: string, ...folders: string[]) {
  const args = ['--config', join(root, '.dependency-cruiser.js'), '--output-type', 'json', ...folders];
  const run = spawnSync(depcruise, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  return JSON.parse(run.stdout).summary as { totalCruised: number; violations: { rule: { name: string } }[] };
}

test('the dependency check reads TypeScript at all', () => {
  const files = execFileSync('git', ['ls-files', 'src', 'client', 'demo'], { cwd: root, encoding: 'utf8' });
  const sources = files.split('\n').filter((f) => /\.tsx?$/.test(f)).length;
  expect(cruise(root, 'src', 'client', 'demo').totalCruised).toBeGreaterThanOrEqual(sources);
});

test.each([
  ['core-reaches-no-node', 'core', "import 'node:fs';", ''],
  ['core-reaches-no-node', 'core', "import './deeper/middle.ts';", "import 'node:net';"],
  ['core-is-pure', 'core', "import '../vault/ports.ts';", ''],
  ['command-line-sees-its-parser-alone', 'command-line', "import '../vault/ports.ts';", ''],
  ['sockets-see-node-alone', 'sockets', "import '../vault/ports.ts';", ''],
  ['not-resolvable', 'core', "import './missing.ts';", ''],
])('the dependency check sees a planted violation of %s in src/%s: %s', (rule, folder, planted, deeper) => {
  const dir = mkdtempSync(join(tmpdir(), 'planted-'));
  for (const f of ['tsconfig.json', 'tsconfig.base.json', 'package.json']) cpSync(join(root, f), join(dir, f));
  mkdirSync(join(dir, 'src/core/deeper'), { recursive: true });
  mkdirSync(join(dir, 'src', folder), { recursive: true });
  mkdirSync(join(dir, 'src/vault'), { recursive: true });
  writeFileSync(join(dir, 'src/vault/ports.ts'), 'export {};');
  writeFileSync(join(dir, 'src/core/deeper/last.ts'), deeper);
  writeFileSync(join(dir, 'src/core/deeper/middle.ts'), "import './last.ts';");
  writeFileSync(join(dir, 'src', folder, 'planted.ts'), planted);
  expect(cruise(dir, 'src').violations.map((v) => v.rule.name)).toContain(rule);
});

test.each([
  ['platform-sees-no-other', 'src/core/attest/tpm/planted.ts', '../snp/roots.ts'],
  ['client-platform-sees-no-other', 'client/platforms/tpm/planted.ts', '../tdx.ts'],
])('the dependency check sees by %s that one platform imports another: %s', (rule, file, imported) => {
  const dir = mkdtempSync(join(tmpdir(), 'planted-'));
  for (const f of ['tsconfig.json', 'tsconfig.base.json', 'package.json']) cpSync(join(root, f), join(dir, f));
  const target = join(dirname(file), imported);
  for (const f of [file, target]) mkdirSync(join(dir, dirname(f)), { recursive: true });
  writeFileSync(join(dir, file), `import '${imported}';`);
  writeFileSync(join(dir, target), 'export {};');
  const top = file.split('/')[0] ?? '';
  expect(cruise(dir, top).violations.map((v) => v.rule.name)).toContain(rule);
});

test('the dependency check sees two folders that import each other, though no two files do', () => {
  const dir = mkdtempSync(join(tmpdir(), 'planted-'));
  for (const f of ['tsconfig.json', 'tsconfig.base.json', 'package.json']) cpSync(join(root, f), join(dir, f));
  const planted = {
    'one/a.ts': "import '../two/b.ts';",
    'one/d.ts': '',
    'two/b.ts': '',
    'two/c.ts': "import '../one/d.ts';",
  };
  for (const [file, text] of Object.entries(planted)) {
    mkdirSync(join(dir, 'src/core', dirname(file)), { recursive: true });
    writeFileSync(join(dir, 'src/core', file), text);
  }
  expect(cruise(dir, 'src').violations.map((v) => v.rule.name)).toEqual(
    expect.arrayContaining(['no-circular-folders']),
  );
});
