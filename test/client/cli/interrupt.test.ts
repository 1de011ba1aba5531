import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NODE } from '../../world/daemon-process.ts';

const SLOW = { timeout: 30_000 };
const MODULE = join(import.meta.dirname, '../../../client/cli/interrupt.ts');

const folder = mkdtempSync(join(tmpdir(), 'twinlock-interrupt-'));
const pipe = join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that opens a pipe without a writer, and says what it is at. */
function opening(withinMs: number) {
  const program = `
    import { readFile } from 'node:fs/promises';
    import { interruptible } from ${JSON.stringify(MODULE)};
    interruptible(${withinMs}).addEventListener('abort', () => console.log('aborted'));
    void readFile(${JSON.stringify(pipe)});
    console.log('opening');`;
  const child = spawn(NODE, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, said: once(child.stdout, 'data'), ended: once(child, 'exit') };
}

test.each(['SIGINT', 'SIGTERM'] as const)('a file that is waited for does not survive one %s', SLOW, async (signal) => {
  const { child, said, ended } = opening(100);
  await said;
  child.kill(signal);
  // By this signal, which a shell tells as exit code 130.
  expect(await ended).toEqual([null, 'SIGINT']);
});

test('a second signal ends at once, also where a file is waited for', SLOW, async () => {
  const { child, said, ended } = opening(3_600_000);
  await said;
  const again = setInterval(() => child.kill('SIGINT'), 100);
  expect(await ended).toEqual([null, 'SIGINT']);
  clearInterval(again);
});

test('one and the same interruption may arrive more than once', SLOW, async () => {
  const { child, said, ended } = opening(300);
  await said;
  const aborted = once(child.stdout, 'data');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  expect(String((await aborted)[0])).toBe('aborted\n');
  child.kill('SIGTERM');
  expect(child.exitCode).toBeNull();
  await ended;
});
