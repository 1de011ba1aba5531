import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { CredentialFile } from '../../../client/console/server/credential-file.ts';
import { withFileLock } from '../../../client/files/file-lock.ts';
import { checkpointFiles } from '../../../client/log/checkpoint-file.ts';
import { NODE } from '../../world/daemon-process.ts';

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

test('a lock that a killed process has left is taken over', async () => {
  const lock = join(folder, 'state.lock');
  writeFileSync(lock, '');
  expect(await withFileLock(join(folder, 'state'), async () => readdirSync(folder))).toEqual(['state.lock']);
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock is kept from a process that does not see its holder’s, as in another container, and ends with it', async () => {
  const args = [join(import.meta.dirname, 'lock-holder.ts'), join(folder, 'state')];
  const holder = spawn(NODE, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  let isTaken = false;
  const taken = withFileLock(join(folder, 'state'), async () => {
    isTaken = true;
  });
  await setTimeout(200);
  expect(isTaken).toBe(false);
  holder.kill('SIGKILL');
  await taken;
  expect(isTaken).toBe(true);
});

test('one who waits for a lock that is let go, while others take and leave it, never has it with another', async () => {
  let holders = 0;
  let most = 0;
  const act = async () => {
    most = Math.max(most, ++holders);
    await setTimeout(1);
    holders--;
  };
  await Promise.all(Array.from({ length: 20 }, () => withFileLock(join(folder, 'state'), act)));
  expect(most).toBe(1);
});

test('what is no lock under the name of one is refused, and stays', async () => {
  writeFileSync(join(folder, 'state.lock'), 'precious');
  await expect(withFileLock(join(folder, 'state'), async () => undefined)).rejects.toMatchObject({
    code: 'not_permitted',
    message: expect.stringMatching(/state\.lock: expected an empty file, for a lock: remove it$/),
  });
  expect(readdirSync(folder)).toEqual(['state.lock']);
});

test('what somebody has laid under the name of a state file is replaced, and what it leads to is left alone', async () => {
  writeFileSync(join(folder, 'precious'), 'precious', { mode: 0o600 });
  symlinkSync('nowhere', join(folder, `${VAULT}.json`));
  await checkpointFiles(folder).put(VAULT, { size: 1, root: VAULT });
  expect(readdirSync(folder).toSorted()).toEqual([`${VAULT}.json`, 'precious']);
  expect((await checkpointFiles(folder).get(VAULT))?.size).toBe(1);
});
