import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkpointFiles } from '../../client/checkpoint-file.ts';
import { CredentialFile } from '../../client/console/server/credential-file.ts';
import { withFileLock } from '../../client/file-lock.ts';
import { NODE } from '../daemon-process.ts';

const VAULT = 'ab'.repeat(32);
const PUTS = 60;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function write(first: number): Promise<number | null> {
  const args = [join(import.meta.dirname, 'state-writer.ts'), folder, VAULT, String(first), String(PUTS)];
  const [code] = await once(spawn(NODE, args, { stdio: 'inherit' }), 'close');
  return code as number | null;
}

test('two processes that keep checkpoints in one folder never go back, and lose no credential', {
  timeout: 60_000,
}, async () => {
  const memory = checkpointFiles(folder);
  let isOver = false;
  const seen: number[] = [];
  const reading = (async () => {
    while (!isOver) seen.push((await memory.get(VAULT))?.size ?? 0);
  })();
  expect(await Promise.all([write(1), write(2)])).toEqual([0, 0]);
  isOver = true;
  await reading;
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect((await memory.get(VAULT))?.size).toBe(2 * PUTS);
  expect(await new CredentialFile(folder, 'tl-0011223344556677.localhost').list()).toHaveLength(60);
  expect(readdirSync(folder).toSorted()).toEqual([`${VAULT}.json`, 'credentials-tl-0011223344556677.localhost.json']);
});

test('a checkpoint of as many entries with another root is refused, and the one that was kept stays', async () => {
  const memory = checkpointFiles(folder);
  await memory.put(VAULT, { size: 9, root: 'cd'.repeat(32) });
  await memory.put(VAULT, { size: 9, root: 'cd'.repeat(32) });
  await expect(memory.put(VAULT, { size: 9, root: 'ef'.repeat(32) })).rejects.toMatchObject({ code: 'rolled_back' });
  expect(await memory.get(VAULT)).toEqual({ size: 9, root: 'cd'.repeat(32) });
});

test.each([
  ['a process that is gone', `999999999 ${hostname()} 00\n`, 0],
  ['another machine, long ago', '1 elsewhere 00\n', 120],
  ['a process that was killed before it wrote its name', '', 120],
])('a lock that was left by %s is taken over', async (_, holder, ageSeconds) => {
  const lock = join(folder, 'state.lock');
  writeFileSync(lock, holder);
  const then = Date.now() / 1000 - ageSeconds;
  utimesSync(lock, then, then);
  expect(await withFileLock(join(folder, 'state'), async () => readdirSync(folder))).toEqual(['state.lock']);
  expect(readdirSync(folder)).toEqual([]);
});

test('what somebody has laid under the name of a state file is replaced, and what it leads to is left alone', async () => {
  writeFileSync(join(folder, 'precious'), 'precious', { mode: 0o600 });
  symlinkSync('nowhere', join(folder, `${VAULT}.json`));
  await checkpointFiles(folder).put(VAULT, { size: 1, root: VAULT });
  expect(readdirSync(folder).toSorted()).toEqual([`${VAULT}.json`, 'precious']);
  expect((await checkpointFiles(folder).get(VAULT))?.size).toBe(1);
});
