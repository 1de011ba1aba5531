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
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { walkFolder } from '../../../client/depositor/folder.ts';
import { checkFormats } from '../../../client/depositor/formats/check.ts';
import { type FoundFile, findFile, readFound } from '../../../client/depositor/found-file.ts';
import { Selection } from '../../../client/depositor/selection.ts';

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
    const found = (await walkFolder(folder)).files;
    expect(found.map(({ path }) => path)).toEqual(['.hidden', 'A', 'b.txt', 'b/a', 'b/deep/er/z.bin']);
    expect(found.map(({ bytes }) => bytes)).toEqual([7, 1, 5, 3, 15]);
  });

  test('is refused with what is neither a file nor a folder, and with a link to it', async () => {
    put('a');
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(join(folder, 'socket'), resolve));
    symlinkSync('socket', join(folder, 'link'));
    await expect(walkFolder(folder)).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid_name',
        message: expect.stringMatching(/"link": a symbolic link to what is neither .*"socket": neither a file nor/),
      }),
    );
    socket.close();
  });

  describe('with symbolic links', () => {
    const link = (path: string, target: string) => symlinkSync(target, join(folder, path));

    test('that lead to its own files and folders is what they point to', async () => {
      mkdirSync(join(folder, 'real'));
      put('real/a', 'aa');
      put('b', 'bbb');
      link('real/to-b', '../b');
      link('folder', 'real');
      link('to-link', 'folder/to-b');
      const { files } = await walkFolder(folder);
      const sizes = { b: 3, 'folder/a': 2, 'folder/to-b': 3, 'real/a': 2, 'real/to-b': 3, 'to-link': 3 };
      expect(Object.fromEntries(files.map(({ path, bytes }) => [path, bytes]))).toEqual(sizes);
      for (const file of files) for await (const piece of readFound(file, 9)) expect(piece.length).toBe(file.bytes);
    });

    test('that lead out of it, to nothing or in a circle is refused, all of them at once', async () => {
      mkdirSync(join(folder, 'sub'));
      put('ok');
      link('circle', 'circle');
      link('dangling', 'nowhere');
      link('out', '/etc/hostname');
      link('sub/up', '..');
      link('sub/out', tmpdir());
      const refused = walkFolder(folder);
      await expect(refused).rejects.toThrow(
        expect.objectContaining({
          code: 'invalid_name',
          detail: { count: 5 },
          message: expect.not.stringContaining('"ok"'),
        }),
      );
      for (const why of [
        '"circle": a symbolic link that leads round in a circle',
        '"dangling": a symbolic link to what is not there',
        '"out": a symbolic link to /etc/hostname, which is not in the folder',
        '"sub/up": a symbolic link to a folder that it is in',
        '"sub/out": a symbolic link to',
        'leave them out with --exclude',
      ]) {
        await expect(refused).rejects.toThrow(expect.objectContaining({ message: expect.stringContaining(why) }));
      }
      const exclude = ['circle', 'dangling', 'out', 'up'];
      expect((await walkFolder(folder, new Selection({ include: [], exclude }))).files.map(({ path }) => path)).toEqual(
        ['ok'],
      );
      // What is not asked for is in the way of nothing, unless it could be a folder with what is asked for.
      const ok = new Selection({ include: ['ok'], exclude: ['sub'] });
      expect((await walkFolder(folder, ok)).files.map(({ path }) => path)).toEqual(['ok']);
      await expect(walkFolder(folder, new Selection({ include: ['ok'], exclude: [] }))).rejects.toThrow(
        expect.objectContaining({ code: 'invalid_name', detail: { count: 2 } }),
      );
    });

    test('whose folders lead to one another many times is bounded', async () => {
      for (let i = 0; i < 14; i++) {
        mkdirSync(join(folder, `d${i}`));
        for (const name of ['l', 'r']) link(`d${i}/${name}`, `../d${i + 1}`);
      }
      mkdirSync(join(folder, 'd14'));
      await expect(walkFolder(folder)).rejects.toThrow(refusal('too_large'));
    });

    test('of a Hugging Face cache is its snapshot, out of the blobs of the same model alone', async () => {
      const model = join(folder, 'models--acme--ocr');
      const snapshot = join(model, 'snapshots', '0123abcd');
      const other = join(folder, 'models--acme--other', 'blobs');
      mkdirSync(join(snapshot, 'onnx'), { recursive: true });
      mkdirSync(join(model, 'blobs'));
      mkdirSync(other, { recursive: true });
      put('models--acme--ocr/blobs/aa', 'config');
      put('models--acme--ocr/blobs/bb', 'weights');
      put('models--acme--other/blobs/cc', 'not ours');
      symlinkSync('../../blobs/aa', join(snapshot, 'config.json'));
      symlinkSync('../../../blobs/bb', join(snapshot, 'onnx', 'model.onnx'));
      const { files } = await walkFolder(snapshot);
      expect(files.map(({ path, bytes }) => [path, bytes])).toEqual([
        ['config.json', 6],
        ['onnx/model.onnx', 7],
      ]);
      expect((await walkFolder(join(snapshot, 'onnx'))).files.map(({ path }) => path)).toEqual(['model.onnx']);
      await expect(walkFolder(model)).rejects.toThrow(
        expect.objectContaining({ code: 'usage', message: expect.stringContaining('snapshots/COMMIT') }),
      );
      symlinkSync(join(other, 'cc'), join(snapshot, 'stolen'));
      await expect(walkFolder(snapshot)).rejects.toThrow(refusal('invalid_name'));
    });

    test('of a Hugging Face cache whose blobs is a link itself is refused: it may lead to any folder', async () => {
      const snapshot = join(folder, 'models--acme--ocr', 'snapshots', '0123abcd');
      mkdirSync(snapshot, { recursive: true });
      mkdirSync(join(folder, 'private'));
      put('private/passwords', 'a secret');
      symlinkSync('../private', join(folder, 'models--acme--ocr', 'blobs'));
      symlinkSync('../../blobs/passwords', join(snapshot, 'model.bin'));
      await expect(walkFolder(snapshot)).rejects.toThrow(refusal('invalid_name'));
    });
  });

  test('is told all that cannot be deposited at once, twenty by name and the rest as a number', async () => {
    put('cafe\u0301');
    for (let i = 0; i < 24; i++) put(`a\\${i}`);
    put('readme');
    put('README');
    await expect(walkFolder(folder)).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid_name',
        detail: { count: 26 },
        message: expect.stringMatching(/"a\\\\0": expected .*; and 6 more; mend these/),
      }),
    );
  });

  test('leaves out what other programs have left in it, and says so', async () => {
    mkdirSync(join(folder, '.git'));
    mkdirSync(join(folder, 'sub'));
    for (const path of ['.git/config', '.DS_Store', 'sub/.a.swp', 'model']) put(path);
    symlinkSync('nowhere', join(folder, '.#lock'));
    const { files, leftOut } = await walkFolder(folder);
    expect(files.map(({ path }) => path)).toEqual(['model']);
    expect(leftOut).toEqual(['.#lock', '.DS_Store', '.git/', 'sub/.a.swp']);
    const asked = await walkFolder(folder, new Selection({ include: ['**', '.git'], exclude: [] }));
    expect(asked.files.map(({ path }) => path)).toEqual(['.git/config', 'model']);
  });

  test('is refused with a pattern that matches nothing in it', async () => {
    put('a');
    await expect(walkFolder(folder, new Selection({ include: [], exclude: ['*.bin'] }))).rejects.toThrow(
      refusal('usage'),
    );
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
      for await (const piece of readFound(found, 4)) {
        pieces.push(piece.length);
        onPiece();
      }
      return pieces;
    };
    beforeEach(async () => {
      put('file', '0123456789');
      [found] = (await walkFolder(folder)).files as [FoundFile];
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

    test('lies in a folder that became a symbolic link since it was looked at is refused', async () => {
      mkdirSync(join(folder, 'z'));
      put('z/key');
      [found] = (await walkFolder(folder, new Selection({ include: ['z'], exclude: [] }))).files as [FoundFile];
      const outside = mkdtempSync(join(tmpdir(), 'twinlock-outside-'));
      onTestFinished(() => rmSync(outside, { recursive: true }));
      writeFileSync(join(outside, 'key'), 'a secret');
      renameSync(join(folder, 'z'), join(folder, 'y'));
      symlinkSync(outside, join(folder, 'z'));
      expect(() => findFile(found.path, found.location)).toThrow(refusal('upload_conflict'));
      // Its size is the same.
      writeFileSync(join(outside, 'key'), 'z/key');
      await expect(read()).rejects.toThrow(refusal('upload_conflict'));
      await expect(checkFormats([found])).rejects.toThrow(refusal('upload_conflict'));
    });

    test('became a symbolic link is refused', async () => {
      renameSync(join(folder, 'file'), join(folder, 'moved'));
      symlinkSync(join(folder, 'moved'), join(folder, 'file'));
      await expect(read()).rejects.toThrow(refusal('not_permitted'));
    });
  });
});
