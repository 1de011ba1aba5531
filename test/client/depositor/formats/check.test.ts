import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { walkFolder } from '../../../../client/depositor/folder.ts';
import { checkFormats } from '../../../../client/depositor/formats/check.ts';
import { safetensors, wholeGguf, wholeSafetensors } from './model-files.ts';

const INDEX = 'model.safetensors.index.json';
const indexOf = (map: Readonly<Record<string, string>>, total_size?: number) =>
  JSON.stringify({ metadata: { total_size }, weight_map: map });

const code = (code: string) => expect.objectContaining({ code });

describe('a folder of a model', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'twinlock-formats-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const check = async (files: Readonly<Record<string, string | Uint8Array>>) => {
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const { findings, remarks } = await checkFormats((await walkFolder(folder)).files);
    return { findings: findings.texts, remarks };
  };
  const NOTHING = { findings: [], remarks: [] };
  const shards = {
    'model-00001-of-00002.safetensors': wholeSafetensors({ a: 1, b: 2 }),
    'model-00002-of-00002.safetensors': wholeSafetensors({ c: 3 }),
  };
  const map = {
    a: 'model-00001-of-00002.safetensors',
    b: 'model-00001-of-00002.safetensors',
    c: 'model-00002-of-00002.safetensors',
  };

  test('that is whole has no findings, whatever else is in it', async () => {
    const files = { 'config.json': '{', 'a.gguf': wholeGguf(), 'x.index.json': '{"entries":[]}', empty: '' };
    expect(
      await check({ ...shards, ...files, [INDEX]: indexOf(map, 24), 'sub/B.SAFETENSORS': wholeSafetensors({}) }),
    ).toEqual(NOTHING);
  });

  test('whose index names shards that are not there is found, each shard once', async () => {
    expect(
      await check({
        'model-00001-of-00002.safetensors': shards['model-00001-of-00002.safetensors'],
        [INDEX]: indexOf(map),
      }),
    ).toEqual({
      ...NOTHING,
      findings: [`"${INDEX}": the file "model-00002-of-00002.safetensors", which it names, is not there`],
    });
    const many = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`t${i}`, `../out-${i}.bin`]));
    expect((await check({ 'sub/pytorch_model.bin.index.json': indexOf(many) })).findings[1]).toMatch(
      /: the files "out-0.bin", .*"out-4.bin", 2 more, which it names, are not there$/,
    );
  });

  test('whose index names tensors that are not in their shard is found; a total that differs is a remark', async () => {
    expect(await check({ ...shards, [INDEX]: indexOf({ ...map, d: 'model-00002-of-00002.safetensors' }, 99) })).toEqual(
      {
        findings: [
          `"${INDEX}": it says that the tensor "d" is in "model-00002-of-00002.safetensors", and that file does not have it`,
        ],
        remarks: [`${INDEX}: it says 99 bytes of tensors, its shards have 24`],
      },
    );
  });

  test('whose index names no file for a tensor is found, and that name is quoted, not at any length', async () => {
    const { findings } = await check({ [INDEX]: `{"weight_map":{"${'x'.repeat(5000)}":7}}` });
    expect(findings).toEqual([`"${INDEX}": index.weight_map["${'x'.repeat(80)}…"]: expected string`]);
  });

  test('whose index is of something else has no findings, whatever it calls its members', async () => {
    expect(await check({ 'a.index.json': '{"metadata":7,"weights":[1]}', 'b.index.json': '[1]' })).toEqual(NOTHING);
  });

  test('with a header of one endless value is found before that is parsed, and the check ends once it is given up', async () => {
    const endless = safetensors(`{"a":[${'1,'.repeat(1 << 19)}1]}`, 0);
    const finding = '"m.safetensors": "a": expected at most 1048576 bytes, got 1048579';
    expect(await check({ 'm.safetensors': endless })).toEqual({ ...NOTHING, findings: [finding] });
    const { files } = await walkFolder(folder);
    await expect(checkFormats(files, AbortSignal.abort())).rejects.toThrow(code('cancelled'));
  });

  test.each(['m.safetensors', 'm.safetensors.index.json'])('is given up in the midst of a file (%s)', async (path) => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`t${i}`, 'm.bin']));
    const isHeader = path.endsWith('s');
    const text = isHeader ? wholeSafetensors(Object.fromEntries(Object.keys(many).map((name) => [name, 0]))) : null;
    await check({ [path]: text ?? indexOf(many), 'm.bin': '' });
    const file = (await walkFolder(folder)).files.filter((found) => found.path === path);
    const giveUp = new AbortController();
    setImmediate(() => giveUp.abort());
    await expect(checkFormats(file, giveUp.signal)).rejects.toThrow(code('cancelled'));
  });

  test('that is given up is not looked at further, though all that is left has been read before', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `s${i}.safetensors`);
    await check({ 'a.safetensors': wholeSafetensors({ t: 1 }) });
    for (const name of names) symlinkSync('a.safetensors', join(folder, name));
    const { files } = await walkFolder(folder);
    const giveUp = new AbortController();
    setImmediate(() => giveUp.abort());
    await expect(checkFormats(files, giveUp.signal)).rejects.toThrow(code('cancelled'));
  });

  describe('whose indices name many links to one header', () => {
    const HEADER = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, 1]));
    const ONE_READING = 6_000_000;
    beforeEach(async () => {
      const links = Array.from({ length: 12 }, (_, i) => `s${i}.safetensors`);
      const index = indexOf(Object.fromEntries(links.map((link, i) => [`t${i}`, link])));
      await check({
        'a.safetensors': wholeSafetensors(HEADER),
        'z1.safetensors.index.json': index,
        'z2.safetensors.index.json': index,
        'z3-00001-of-00002.bin': '',
      });
      for (const link of links) symlinkSync('a.safetensors', join(folder, link));
    });
    const UNNUMBERED = '"z3-00001-of-00002.bin": it is one of 2 files by its name, of which 2 is not there';

    test('has that read once', async () => {
      const { findings } = await checkFormats((await walkFolder(folder)).files, null, ONE_READING);
      expect(findings.texts).toEqual([UNNUMBERED]);
    });

    test('and which costs too much is not looked at further, which is a finding; what names tell is found still', async () => {
      const { findings } = await checkFormats((await walkFolder(folder)).files, null, ONE_READING / 2);
      expect(findings.texts).toEqual([
        '"a.safetensors": not looked at further, nor any file after it: the headers and indices of the folder are larger than those of any known model',
        UNNUMBERED,
      ]);
    });
  });

  test('whose numbered files are not all there is found without an index, once for each set', async () => {
    const { findings } = await check({
      'a-00001-of-00003.gguf': wholeGguf(),
      'a-00003-of-00003.gguf': wholeGguf(),
      'b-00000-of-00002.bin': 'x',
      'b-00001-of-00002.bin': 'x',
      'c-00001-of-999999.bin': 'x',
    });
    expect(findings).toEqual([
      '"a-00001-of-00003.gguf": it is one of 3 files by its name, of which 2 is not there',
      '"c-00001-of-999999.bin": it is one of 999,999 files by its name, of which 2, 3, 4, 5, 6, 999993 more are not there',
    ]);
  });

  test('with truncated files, an index that is none and pointers of Git LFS is told all of it at once', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n';
    const { findings } = await check({
      'a.gguf': wholeGguf().slice(0, -1),
      'b.safetensors': wholeSafetensors({ a: 1 }).slice(0, -1),
      'c.safetensors': pointer,
      'd.onnx': pointer,
      [INDEX]: '{}',
      'x.index.json': '{',
    });
    expect(findings.map((text) => text.replace(/ at byte.*/, ''))).toEqual([
      '"a.gguf": truncated: the data of its tensors ends',
      '"b.safetensors": truncated: the data of its tensors ends',
      '"c.safetensors": a pointer of Git LFS, not the file itself: run git lfs pull',
      '"d.onnx": a pointer of Git LFS, not the file itself: run git lfs pull',
      `"${INDEX}": index.weight_map: expected an object`,
      '"x.index.json": expected JSON',
    ]);
  });
});
