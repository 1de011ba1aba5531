import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Command, findProgram, runCommand } from '../../../../client/host/collectors/command.ts';
import { openPrograms, type Programs } from './programs.ts';

let programs: Programs;
beforeEach(() => {
  programs = openPrograms();
});
afterEach(() => programs.close());

async function run(file: string, options: Partial<Command> = {}): Promise<string> {
  const printed = await runCommand({ file, args: [], variables: [], remedy: 'mend it', ...options });
  return new TextDecoder().decode(printed);
}

function refusal(message: string) {
  return { code: 'unavailable', message: expect.stringContaining(message) };
}

test('gives arguments to the program as they are, and no shell a word of them', async () => {
  programs.make('echo-args', 'printf "%s" "$1"');
  const args = ['$(id) `id`; id > x | cat * ~ "\'', '--flag'];
  expect(await run('echo-args', { args })).toBe(args[0]);
  expect(programs.lastCall('echo-args')).toEqual(args);
});

test('a program gets PATH, the variables that are named, and nothing else of ours', async () => {
  vi.stubEnv('TWINLOCK_TEST_NAMED', 'named');
  vi.stubEnv('TWINLOCK_TEST_OTHER', 'other');
  const show = programs.make('show', 'env');
  const named = await run(show, { variables: ['TWINLOCK_TEST_NAMED', 'TWINLOCK_TEST_ABSENT'] });
  expect(named).toContain('TWINLOCK_TEST_NAMED=named\n');
  expect(named).not.toMatch(/TWINLOCK_TEST_(?:OTHER|ABSENT)/);
  expect(await run(show, { variables: 'all' })).toContain('TWINLOCK_TEST_OTHER=other\n');
});

test('a program that asks for something is told that there is nothing', async () => {
  programs.make('asks', 'cat; echo done');
  expect(await run('asks')).toBe('done\n');
});

test('says what a program that fails has said, and what to do', async () => {
  programs.make('fails', 'echo out; echo "no GPU" >&2; echo "in CC mode" >&2; exit 7');
  await expect(run('fails')).rejects.toMatchObject(
    refusal('fails: it failed with exit code 7: no GPU in CC mode; mend it'),
  );
});

test('refuses a program that is not there, may not be run, or ends by a signal', async () => {
  await expect(run('twinlock-no-such-program')).rejects.toMatchObject(refusal('there is no such program; mend it'));
  await expect(run(programs.folder)).rejects.toMatchObject(refusal('this user may not run it'));
  programs.make('killed', 'kill -9 $$');
  await expect(run('killed')).rejects.toMatchObject(refusal('it failed'));
});

test('ends a program that does not answer in time', async () => {
  programs.make('hangs', 'exec sleep 600');
  await expect(run('hangs', { timeoutMs: 200 })).rejects.toMatchObject(refusal('it gave no answer in time'));
});

test('ends a program that prints without end', async () => {
  programs.make('endless', 'exec yes');
  await expect(run('endless')).rejects.toMatchObject(refusal('it printed more than 2097152 bytes'));
});

test('finds programs in folders of PATH alone, which are absolute', async () => {
  const file = programs.make('there', 'true');
  expect(await findProgram('there')).toBe(file);
  expect(await findProgram('there', `relative:${programs.folder}`)).toBe(file);
  expect(await findProgram('there', '.:')).toBeNull();
  expect(await findProgram('twinlock-no-such-program')).toBeNull();
});
