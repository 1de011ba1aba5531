import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FoundFile, readFound, walkFolder } from '../../../client/depositor/folder.ts';

const refusal = (code: string) => expect.objectContaining({ code });

describe('a folder to deposit', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'twinlock-folder-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const put = (path: string, text = path) => writeFileSync(join(folder, path), text);

  test('is all the regular files below it, hidden ones included, in the order of their paths', async () => {
    mkdirSync(join(folder, 'b', 'deep', 'er'), { recursive: true });
    mkdirSync(join(folder, 'empty'));
    for (const path of ['b/deep/er/z.bin', 'b.txt', '.hidden', 'b/a', 'A']) put(path);
    const found = await walkFolder(folder);
    expect(found.map(({ path }) => path)).toEqual(['.hidden', 'A', 'b.txt', 'b/a', 'b/deep/er/z.bin']);
    expect(found.map(({ bytes }) => bytes)).toEqual([7, 1, 5, 3, 15]);
  });

  test('is refused with a symbolic link or anything else that is no file', async () => {
    put('a');
    symlinkSync(join(folder, 'a'), join(folder, 'link'));
    await expect(walkFolder(folder)).rejects.toThrow(refusal('invalid_name'));
    rmSync(join(folder, 'link'));
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(join(folder, 'socket'), resolve));
    await expect(walkFolder(folder)).rejects.toThrow(refusal('invalid_name'));
    socket.close();
  });

  test('is refused without a file, and where it is not there', async () => {
    await expect(walkFolder(folder)).rejects.toThrow(refusal('not_found'));
    await expect(walkFolder(join(folder, 'nowhere'))).rejects.toThrow(refusal('not_found'));
  });

  test.each(['a\\b', 'a\nb', 'cafe\u0301'])('is refused with the name %j, which is said', async (name) => {
    put(name);
    await expect(walkFolder(folder)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_name', message: expect.stringContaining(JSON.stringify(name)) }),
    );
  });

  test('is refused with names that differ by case only, and with one that is not UTF-8', async () => {
    put('readme');
    put('README');
    await expect(walkFolder(folder)).rejects.toThrow(refusal('invalid_name'));
    rmSync(join(folder, 'readme'));
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), 'x');
    await expect(walkFolder(folder)).rejects.toThrow(refusal('invalid_name'));
  });

  describe('whose file', () => {
    let found: FoundFile;
    const read = async (onPiece: () => void = () => undefined) => {
      const pieces: number[] = [];
      for await (const piece of readFound(folder, found, 4)) {
        pieces.push(piece.length);
        onPiece();
      }
      return pieces;
    };
    beforeEach(async () => {
      put('file', '0123456789');
      [found] = (await walkFolder(folder)) as [FoundFile];
    });

    test('is read in pieces', async () => {
      expect(await read()).toEqual([4, 4, 2]);
    });

    test('is longer than it was is refused, also while it is read', async () => {
      await expect(read(() => appendFileSync(join(folder, 'file'), 'x'))).rejects.toThrow(refusal('upload_conflict'));
      await expect(read()).rejects.toThrow(refusal('upload_conflict'));
    });

    test('was written or replaced since is refused', async () => {
      utimesSync(join(folder, 'file'), 1, 1);
      await expect(read()).rejects.toThrow(refusal('upload_conflict'));
      put('other', '0123456789');
      renameSync(join(folder, 'other'), join(folder, 'file'));
      await expect(read()).rejects.toThrow(refusal('upload_conflict'));
    });

    test('became a symbolic link is refused', async () => {
      renameSync(join(folder, 'file'), join(folder, 'moved'));
      symlinkSync(join(folder, 'moved'), join(folder, 'file'));
      await expect(read()).rejects.toThrow(refusal('not_permitted'));
    });
  });
});
