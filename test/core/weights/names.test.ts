import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFilePath, parseFilePaths, parseModelVersion } from '../../../src/core/weights/names.ts';

const INVALID = expect.objectContaining({ code: 'invalid_name' });

describe('a model version', () => {
  test.each([
    ['acme/ocr@1', 'acme/ocr', '1'],
    ['0/a.b_c-d@v1.2.3-rc.1', '0/a.b_c-d', 'v1.2.3-rc.1'],
    [`${'a'.repeat(64)}/${'b'.repeat(64)}@${'c'.repeat(64)}`, `${'a'.repeat(64)}/${'b'.repeat(64)}`, 'c'.repeat(64)],
  ])('%s is one', (text, model, version) => {
    expect(parseModelVersion(text)).toEqual({ model, version });
  });

  test.each([
    '',
    '@',
    'acme/ocr',
    'acme/ocr@',
    'ocr@1',
    '/ocr@1',
    'acme/@1',
    'acme/ocr@1@2',
    'acme/ocr/x@1',
    'Acme/ocr@1',
    'acme/ocr@V1',
    '.acme/ocr@1',
    'acme/../ocr@1',
    'acme/..@1',
    'acme/-ocr@1',
    'acme/ocr@latest ',
    'acme/ocr@1\n',
    'acme/öcr@1',
    'acme/\u212A@1',
    'acme/ocr@1/2',
    `${'a'.repeat(65)}/ocr@1`,
    `acme/ocr@${'1'.repeat(65)}`,
  ])('refuses %j', (text) => {
    expect(() => parseModelVersion(text)).toThrow(INVALID);
    const got = text === '' ? 'got nothing' : `got “${text}”`;
    expect(() => parseModelVersion(text)).toThrow(got);
  });
});

describe('the path of a file', () => {
  test.each([
    'config.json',
    'a/b/c.safetensors',
    '.gitattributes',
    '..a/b..',
    'with space.txt',
    'größe.bin',
    '模型/権重.bin',
    'a'.repeat(240),
    `${'a'.repeat(240)}/${'b'.repeat(240)}/${'c'.repeat(30)}`,
    'x.twinlock-part.bin',
    `${'a/'.repeat(16)}b`,
  ])('may be %s', (path) => {
    expect(parseFilePath(path)).toBe(path);
  });

  test.each([
    ['nothing', ''],
    ['an absolute path', '/etc/passwd'],
    ['a folder', 'a/'],
    ['an empty segment', 'a//b'],
    ['a dot', '.'],
    ['a dot segment', 'a/./b'],
    ['a parent', '..'],
    ['a parent in front', '../a'],
    ['a parent inside', 'a/../../b'],
    ['a parent at the end', 'a/..'],
    ['a backslash', 'a\\b'],
    ['a Windows parent', '..\\a'],
    ['a NUL', 'a\0b'],
    ['a line feed', 'a\nb'],
    ['a C1 control', 'a\u0085b'],
    ['a right-to-left override', 'a\u202Etxt.exe'],
    ['an isolate', 'a\u2066b'],
    ['a zero-width space', 'a\u200Bb'],
    ['a byte order mark', '\uFEFFa'],
    ['a lone surrogate', 'a\uD800'],
    ['a decomposed letter', 'gro\u0308ße'],
    ['a Kelvin sign', '\u212A'],
    ['more than 16 folders', `${'a/'.repeat(17)}b`],
    ['513 bytes', `${'a'.repeat(240)}/${'b'.repeat(240)}/${'c'.repeat(31)}`],
    ['600 bytes of two-byte characters', Array.from({ length: 3 }, () => 'é'.repeat(100)).join('/')],
    ['a name that no file system has room for once it is written aside', `a/${'b'.repeat(241)}`],
    ['the name under which another file is written aside', 'a/.b.twinlock-part'],
    ['that name in another case', '.b.Twinlock-PART'],
    ['a folder of that name', '.b.twinlock-part/c'],
  ])('refuses %s', (_, path) => {
    expect(() => parseFilePath(path)).toThrow(INVALID);
  });

  test('a path that passes stays inside its folder', () => {
    const pieces = fc.array(fc.constantFrom('a', '.', '..', '/', '\\', 'B', ' ', '\0', 'é'), { maxLength: 8 });
    const property = fc.property(pieces, (parts) => {
      const path = parts.join('');
      let accepted: string;
      try {
        accepted = parseFilePath(path);
      } catch {
        return;
      }
      const url = new URL(accepted.split('/').map(encodeURIComponent).join('/'), 'file:///model/');
      expect(decodeURIComponent(url.pathname)).toBe(`/model/${path}`);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('the paths of a model', () => {
  test('are returned in their order', () => {
    const paths = ['b', 'a/b', 'a/c', 'ab'];
    expect(parseFilePaths(paths)).toEqual(paths);
  });

  test.each([
    ['two that are equal', ['a', 'a']],
    ['two that differ by case only', ['Model.bin', 'model.bin']],
    ['two that differ by the case of a folder only', ['A/b', 'a/b']],
    ['two that differ by case beyond ASCII', ['Größe', 'GRÖSSE']],
    ['two that differ by a final sigma', ['ος', 'οσ']],
    ['a file, then below it', ['a', 'a/b']],
    ['a folder, then a file of its name', ['a/b/c', 'a']],
    ['a folder, then a file of its name in another case', ['a/b/c', 'A/B']],
    ['a bad one among good ones', ['a', '../b']],
  ])('refuses %s', (_, paths) => {
    expect(() => parseFilePaths(paths)).toThrow(INVALID);
  });
});
