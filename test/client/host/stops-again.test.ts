import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StopPlace } from '../../../client/host/stops.ts';
import { dropStopFile } from '../../../client/statements/stop-file.ts';
import { fileError } from '../../../src/platform/files/error.ts';
import { founded } from '../../core/state/stages.ts';

/** What the system says of the next file that is read: no test can make it say so of a file that does not change. */
const disk = vi.hoisted(() => ({ code: null as string | null }));
vi.mock('../../../client/statements/stop-file.ts', async (original) => {
  const actual = await original<typeof import('../../../client/statements/stop-file.ts')>();
  const readStopFile = async (path: string) => {
    const { code } = disk;
    disk.code = null;
    if (code !== null) throw fileError(Object.assign(new Error(code), { code }), path);
    return actual.readStopFile(path);
  };
  return { ...actual, readStopFile };
});

test('a stop that the system did not give the first time is read again, though its file has not changed', async () => {
  const { world, ana } = await founded();
  const statement = world.stop('all', '00'.repeat(32), ana);
  const { body } = await world.draftStop(statement);
  const stop = { statement, signature: body.signature };
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-stops-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await dropStopFile(folder, stop);
  const told: string[] = [];
  const place = new StopPlace(folder, { ignored: (line) => told.push(line), gone: () => told.push('gone') });
  const look = async () => (await Array.fromAsync(place.look())).map(({ signed }) => signed);
  disk.code = 'EMFILE';
  expect(await look()).toEqual([]);
  expect(told).toEqual([expect.stringContaining(folder)]);
  expect(await look()).toEqual([stop]);
  expect(await look()).toEqual([]);
});
