import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { List } from 'immutable';
import { beforeAll, describe, expect, test } from 'vitest';
import { toHex } from '../../src/core/bytes.ts';
import { encodeState, stateDigest } from '../../src/core/state/snapshot.ts';
import type { State } from '../../src/core/state/state.ts';
import { SNAPSHOT_FILE, SnapshotFile } from '../../src/store/snapshot.ts';
import { World } from '../world/world.ts';
import { temporaryFolder } from './sandbox.ts';

const WRITER = join(import.meta.dirname, 'snapshot-writer.ts');
const SEED = new Uint8Array(32).fill(1);
const code = (name: string) => expect.objectContaining({ code: name });
let state: State;
beforeAll(async () => {
  ({ state } = await World.found());
});

async function written() {
  const folder = temporaryFolder();
  const path = join(folder, SNAPSHOT_FILE);
  const file = new SnapshotFile(path, SEED);
  await file.write(state);
  return { folder, path, file };
}

describe('a snapshot', () => {
  test('is read as the state that was written, and for nobody else to read', async () => {
    const { path, file } = await written();
    expect(stateDigest((await file.read()) as State)).toBe(stateDigest(state));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('of a large state lets others have their turn before it is written', async () => {
    const folder = temporaryFolder();
    const recent = List(Array.from({ length: 16_000 }, (_, time) => ({ root: toHex(SEED), time })));
    const writing = new SnapshotFile(join(folder, SNAPSHOT_FILE), SEED).write({
      ...state,
      chain: { ...state.chain, recent },
    });
    let turns = 0;
    for (; readdirSync(folder).length === 0; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(turns).toBeGreaterThan(900);
    await writing;
  });

  test('is none where none was written, and once it was discarded', async () => {
    const { path, file } = await written();
    expect(await new SnapshotFile(`${path}.other`, SEED).read()).toBeNull();
    await file.discard();
    expect(await file.read()).toBeNull();
  });

  test('is refused with any part of it changed or cut off', async () => {
    const { path, file } = await written();
    const bytes = readFileSync(path);
    const places = [0, 31, 32, 40, Math.floor(bytes.length / 2), bytes.length - 1];
    for (const at of places) {
      writeFileSync(path, bytes.with(at, (bytes[at] ?? 0) ^ 1));
      await expect(file.read(), `byte ${at}`).rejects.toThrow(code('digest_mismatch'));
    }
    for (const length of [0, 1, 32, 33, bytes.length - 1]) {
      writeFileSync(path, bytes);
      truncateSync(path, length);
      await expect(file.read(), `${length} bytes`).rejects.toThrow(code('digest_mismatch'));
    }
    writeFileSync(path, Buffer.concat([bytes, Buffer.of(0)]));
    await expect(file.read()).rejects.toThrow(code('digest_mismatch'));
  });

  test('is refused under another log’s key', async () => {
    const { path } = await written();
    const other = new SnapshotFile(path, new Uint8Array(32).fill(2));
    await expect(other.read()).rejects.toThrow(code('digest_mismatch'));
  });

  test('is not followed to another file by a link', async () => {
    const { folder, path } = await written();
    const link = join(folder, 'link');
    symlinkSync(path, link);
    await expect(new SnapshotFile(link, SEED).read()).rejects.toThrow(
      expect.objectContaining({ code: 'not_permitted' }),
    );
  });

  test('is whole on the disk whenever its writer is killed', async () => {
    const { folder, path, file } = await written();
    const stateFile = join(folder, 'state');
    writeFileSync(stateFile, encodeState(state));
    for (const afterMs of [0, 3, 11]) {
      const writer = spawn(process.execPath, [WRITER, path, toHex(SEED), stateFile]);
      await once(writer.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      writer.kill('SIGKILL');
      await once(writer, 'exit');
      expect(stateDigest((await file.read()) as State)).toBe(stateDigest(state));
    }
    await file.sweep();
    expect(readdirSync(folder).sort()).toEqual(['state', SNAPSHOT_FILE]);
  });

  test('leaves nothing of one that was being written when its process was killed', async () => {
    const { folder, file } = await written();
    writeFileSync(join(folder, '.0123456789abcdef.aside'), 'half of one');
    writeFileSync(join(folder, 'notes.aside'), 'of another');
    await file.sweep();
    expect(readdirSync(folder).sort()).toEqual(['notes.aside', SNAPSHOT_FILE]);
  });
});
