import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from './client/cli/vault.ts';

const ROOT = join(import.meta.dirname, '..');
const DEPLOY = join(ROOT, 'deploy');
const UNITS = readdirSync(DEPLOY).filter((name) => name.endsWith('.service'));
const MANIFESTS = readdirSync(DEPLOY).filter((name) => name.endsWith('.yaml'));
const read = (name: string) => readFileSync(join(DEPLOY, name), 'utf8');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
/** Whatever reads YAML here; null where nothing does. */
const parsesYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-deploy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!hasSystemd).each(UNITS)('systemd takes %s as it stands (needs systemd-analyze)', (name) => {
  const unit = join(folder, name);
  writeFileSync(unit, read(name).replaceAll('/opt/twinlock', ROOT));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test.skipIf(!parsesYaml).each(MANIFESTS)(
  '%s is YAML, of objects that have a kind and a name (needs PyYAML)',
  (name) => {
    const script = 'import json,sys,yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
    const printed = execFileSync('python3', ['-c', script], { input: read(name), encoding: 'utf8' });
    for (const document of JSON.parse(printed) as object[]) {
      expect(document).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
      expect(document).toHaveProperty('metadata.name');
    }
  },
);

test('every flag in the examples of deploy/ is one that the program has', { timeout: 60_000 }, async () => {
  const flagsOf = (text: string) => new Set(text.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? []);
  const known = async (program: string, command: string) =>
    flagsOf((await runProgram(program, [command, '--help'], folder)).stdout);
  const [serve, fetch] = [await known('src/main.ts', 'serve'), await known('client/cli.ts', 'fetch')];
  const withoutComments = (name: string) => read(name).replaceAll(/^\s*#.*$/gm, '');
  for (const name of [...UNITS, ...MANIFESTS]) {
    const flags = flagsOf(withoutComments(name));
    const has = name.startsWith('twinlockd') ? serve : fetch;
    expect(flags.size).toBeGreaterThan(2);
    expect([name, [...flags].filter((flag) => !has.has(flag))]).toEqual([name, []]);
  }
});
