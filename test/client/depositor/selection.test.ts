import { describe, expect, test } from 'vitest';
import { Selection } from '../../../client/depositor/selection.ts';

const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

function taken(paths: readonly string[], { include = [], exclude = [] }: { include?: string[]; exclude?: string[] }) {
  const selection = new Selection({ include, exclude });
  return paths.filter((path) => selection.file(path) === 'taken');
}

describe('a pattern', () => {
  test.each([
    // Without a slash it is compared with every name on the path.
    ['*.json', 'config.json', true],
    ['*.json', 'onnx/config.json', true],
    ['*.json', 'config.json5', false],
    ['*.json', '.hidden.json', true],
    ['onnx', 'onnx/deep/model.onnx', true],
    ['onnx', 'model.onnx', false],
    ['onnx/', 'a/onnx/model.onnx', true],
    ['onnx/', 'onnx/model.onnx', true],
    ['model-?.bin', 'model-1.bin', true],
    ['model-?.bin', 'model-.bin', false],
    ['model-?.bin', 'model-\u{1d7d9}.bin', true],
    // With one, with the path from the folder on.
    ['/config.json', 'config.json', true],
    ['./config.json', 'config.json', true],
    ['/config.json', 'onnx/config.json', false],
    ['onnx/*.json', 'onnx/config.json', true],
    ['onnx/*.json', 'onnx/deep/config.json', false],
    ['onnx/**/*.json', 'onnx/config.json', true],
    ['onnx/**/*.json', 'onnx/a/b/config.json', true],
    ['**/b', 'a/b/c', true],
    ['a/b', 'a/b/c/d', true],
    ['a/b', 'a/bc', false],
    ['**', 'a/b', true],
    // Nothing else is special.
    ['[ab].bin', 'a.bin', false],
    ['[ab].bin', '[ab].bin', true],
    ['{a,b}', 'a', false],
    ['a.bin', 'aXbin', false],
    ['A', 'a', false],
  ])('%j matches %j: %s', (pattern, path, isMatch) => {
    expect(taken([path], { include: [pattern] })).toEqual(isMatch ? [path] : []);
    expect(taken([path], { exclude: [pattern] })).toEqual(isMatch ? [] : [path]);
  });

  test('with many stars is compared in steps of its length times that of the name', () => {
    const name = 'a'.repeat(512);
    expect(taken([name], { include: ['*a'.repeat(200).concat('b')] })).toEqual([]);
  });

  test('that matches nothing is refused, with its flag and text; an empty one too', () => {
    const selection = new Selection({ include: ['*.bin', '*.bni'], exclude: ['*.tmp', 'a.bin'] });
    selection.file('a.bin');
    selection.file('b.bin');
    expect(() => selection.requireAllUsed()).toThrow(refusal('usage', '--include "*.bni", --exclude "*.tmp": no file'));
    for (const empty of ['', '/']) {
      expect(() => new Selection({ include: [], exclude: [empty] })).toThrow(refusal('usage', '--exclude'));
    }
  });
});

describe('what other programs leave in a folder', () => {
  const CLUTTER = [
    '.git/config',
    'sub/.git',
    '.DS_Store',
    'onnx/.DS_Store',
    '._model.bin',
    'Thumbs.db',
    'desktop.ini',
    '.cache/huggingface/download/a.metadata',
    'sub/.cache/huggingface/x',
    '__pycache__/a.pyc',
    '.ipynb_checkpoints/a',
    '.model.json.swp',
    'README.md~',
    '.#README.md',
    '#README.md#',
    '.nfs0001',
  ];
  const KEPT = ['.gitattributes', '.cache/other', 'git', 'config.json', '.hidden', 'a.swp'];

  test('is left out, and is told from what only looks like it', () => {
    const selection = new Selection({ include: [], exclude: [] });
    expect(CLUTTER.filter((path) => selection.file(path) !== 'clutter')).toEqual([]);
    expect(KEPT.filter((path) => selection.file(path) !== 'taken')).toEqual([]);
    expect([selection.folder('.git'), selection.folder('sub/.cache/huggingface')]).toEqual(['clutter', 'clutter']);
    expect(selection.folder('.cache')).toBe('taken');
  });

  test('stays out of what stars match, and is taken where a pattern has its name', () => {
    expect(taken([...CLUTTER, ...KEPT], { include: ['**'] })).toEqual(KEPT);
    expect(taken([...CLUTTER, ...KEPT], { include: ['**', '.git'] })).toEqual(['.git/config', 'sub/.git', ...KEPT]);
    expect(taken(['.git/config', '.git/HEAD'], { include: ['.git/HEAD'] })).toEqual(['.git/HEAD']);
    expect(taken(CLUTTER, { include: ['.cache/huggingface/**'] })).toEqual(['.cache/huggingface/download/a.metadata']);
    expect(taken(CLUTTER, { include: ['.DS_Store'], exclude: ['onnx'] })).toEqual(['.DS_Store']);
    expect(new Selection({ include: ['.git/HEAD'], exclude: [] }).folder('.git')).toBe('taken');
  });
});
