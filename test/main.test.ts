import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runProgram } from './client/cli/vault.ts';
import { POLICY } from './world/founding.ts';

const SLOW = { timeout: 60_000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-main-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

function init(...args: string[]) {
  const founders = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
  return runProgram(
    'src/main.ts',
    ['--data', path('data'), 'init', '--grade', 'simulation', ...founders, ...args],
    folder,
  );
}

test.each(['--policy', '--reference-values', '--principal'])(
  'twinlockd init does not wait for a pipe that nobody writes to: %s',
  SLOW,
  async (flag) => {
    execFileSync('mkfifo', [path('pipe')]);
    const { code, stderr } = await init(flag, path('pipe'));
    expect([code, stderr]).toEqual([
      64,
      expect.stringMatching(/^twinlockd: .*\/pipe: expected a file.* \(not_permitted\)\n$/),
    ]);
    expect(existsSync(path('data'))).toBe(false);
  },
);

test('twinlockd init names the file that is no JSON', SLOW, async () => {
  const { code, stderr } = await init('--policy', put('{'));
  expect([code, stderr]).toEqual([64, `twinlockd: ${path('policy.json')}: expected JSON (malformed)\n`]);
});

test('twinlockd init refuses a policy under which nobody has the time to approve', SLOW, async () => {
  const { code, stderr } = await init(
    '--policy',
    put(JSON.stringify({ ...POLICY, limits: { ...POLICY.limits, proposalMs: 1 } })),
  );
  expect(code).toBe(64);
  expect(stderr).toMatch(/proposalMs: expected at least 3600000 .*\(limit_exceeded\)/);
});

function put(content: string): string {
  writeFileSync(path('policy.json'), content);
  return path('policy.json');
}
