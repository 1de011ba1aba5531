import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { SNAPSHOT_FILE, SnapshotFile } from '../../src/store/snapshot.ts';
import { World } from '../world/world.ts';
import { temporaryFolder } from './sandbox.ts';

vi.mock(import('../../src/core/state/snapshot.ts'), async (original) => ({
  ...(await original()),
  MAX_STATE_BYTES: 64 as never,
}));

test('a snapshot that could not be read is not written, and the one before stays', async () => {
  const folder = temporaryFolder();
  const path = join(folder, SNAPSHOT_FILE);
  writeFileSync(path, 'the one before');
  const { state } = await World.found();
  const written = new SnapshotFile(path, new Uint8Array(32)).write(state);
  await expect(written).rejects.toThrow(expect.objectContaining({ code: 'too_large' }));
  expect(readFileSync(path, 'utf8')).toBe('the one before');
  expect(readdirSync(folder)).toEqual([SNAPSHOT_FILE]);
});
