import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, 'main.ts');

/** What it prints; the figures are the machine's, and nothing is asserted of them but that they are there. */
function bench(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const spread = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) };
const figure = { unit: 'ms', ...spread };
const compared = { ratio: spread, figure, alternative: { what: expect.any(String), figure } };

test('prints one JSON document with the ratios, the figures and the machine', () => {
  const { status, stdout } = bench('--quick', '--json', '--only', 'vss');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    v: 1,
    quick: true,
    machine: expect.objectContaining({ cpu: expect.any(String), cores: expect.any(Number), node: process.version }),
    rows: [
      { bench: 'vss', what: 'deal 2-of-5', ...compared },
      { bench: 'vss', what: 'verify a share', ...compared },
      { bench: 'vss', what: 'verify 2 shares and combine', ...compared },
      { bench: 'vss', what: 'combine 2 verified shares', ratio: null, figure, alternative: null },
    ],
    skipped: [],
    bars: [],
  });
});

test('refuses a bench that there is not, and names those that there are', () => {
  const { status, stdout, stderr } = bench('--only', 'everything');
  expect(status).toBe(64);
  expect(stdout).toBe('');
  expect(stderr).toContain('floe, transfer, small, vss, envelope, appraise, approval, replay, start, authority');
});

test('refuses a length that no log has', () => {
  for (const entries of ['0', '-1', '1e6', '']) {
    const { status, stderr } = bench('--only', 'start', `--entries=${entries}`);
    expect(status).toBe(64);
    expect(stderr).toContain(`--entries ${entries}: expected a number of entries`);
  }
});
