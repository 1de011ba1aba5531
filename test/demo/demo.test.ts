import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../world/command-line.ts';

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'twinlock-demo-test-'));
});
afterAll(() => rmSync(home, { recursive: true }));

/** What the demo's temporary folder still holds of it. */
function leftovers(): readonly string[] {
  return readdirSync(home).filter((name) => name.startsWith('twinlock-demo-'));
}

/** Where its daemon served. */
function addressIn(story: string): string {
  return /https:\/\/127\.0\.0\.1:\d+/.exec(story)?.[0] ?? '';
}

describe('npm run demo', { timeout: 60_000 }, () => {
  test('tells the whole story, sees everything refused that must be, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await runProgram('demo/main.ts', ['--json'], home);
    expect([code, stderr]).toEqual([0, expect.stringContaining('equal to the originals byte for byte')]);
    const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(summary).toEqual({
      ok: true,
      vault: addressIn(stderr),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      releases: 4,
      bytes: expect.any(Number),
      audit: { integrity: 'pass', completeness: 'pass', entries: expect.any(Number) },
      refused: [
        'quorum_missing',
        'proposer_cannot_approve',
        'digest_mismatch',
        'share_invalid',
        'wrong_challenge',
        'quorum_missing',
        'quorum_missing',
        'signature_invalid',
        'appraisal_failed',
      ].map((expected) => ({ what: expect.any(String), code: expected })),
    });
    expect(summary.bytes).toBeGreaterThan(45_000_000);
    expect(leftovers()).toEqual([]);
    await expect(fetch(`${summary.vault}/healthz`)).rejects.toThrow('fetch failed');
  });

  test('interrupted, it takes its daemon and its folder with it', async () => {
    const { code, stderr } = await runProgram('demo/main.ts', ['--json'], home, { interruptAt: 'alice reads' });
    expect(code).toBe(130);
    expect(leftovers()).toEqual([]);
    await expect(fetch(`${addressIn(stderr)}/healthz`)).rejects.toThrow('fetch failed');
  });

  test('a folder that cannot be deposited is refused before anything is started', async () => {
    const { code, stdout, stderr } = await runProgram('demo/main.ts', ['--json', '--from', 'none'], home);
    expect([code, JSON.parse(stdout)]).toEqual([1, { ok: false, error: expect.any(String) }]);
    expect(stderr).toContain('(not_found)');
    expect(leftovers()).toEqual([]);
  });
});
