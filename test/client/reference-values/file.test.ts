import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  readReferenceValues,
  referenceValuesText,
  writeReferenceValues,
} from '../../../client/reference-values/file.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { readInput } from '../../../src/platform/files/input.ts';
import { snpCase } from '../../platforms/snp.ts';

const folder = mkdtempSync(join(tmpdir(), 'twinlock-values-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const code = (name: string) => expect.objectContaining({ code: name });
const DOCUMENT: ReferenceValues = { ...NO_REFERENCE_VALUES, snp: snpCase().referenceValues };

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}

describe('a document', () => {
  test('is read back as it was written, its fields in the order of the schema', async () => {
    const { snp, ...rest } = DOCUMENT;
    await writeReferenceValues(path('a.json'), { ...rest, snp }, { replace: false });
    expect(await readReferenceValues(path('a.json'))).toEqual(DOCUMENT);
    expect(readFileSync(path('a.json'), 'utf8')).toBe(referenceValuesText(DOCUMENT));
    expect(Object.keys(JSON.parse(referenceValuesText({ ...rest, snp })))[0]).toBe('snp');
  });

  test('is not written over another, unless that is asked for', async () => {
    const there = put('b.json', 'mine');
    await expect(writeReferenceValues(there, DOCUMENT, { replace: false })).rejects.toThrow(code('exists'));
    expect(readFileSync(there, 'utf8')).toBe('mine');
    await writeReferenceValues(there, DOCUMENT, { replace: true });
    expect(await readReferenceValues(there)).toEqual(DOCUMENT);
  });

  test('is not written half: nothing is left where it cannot be', async () => {
    await expect(writeReferenceValues(path('none/c.json'), DOCUMENT, { replace: false })).rejects.toThrow(
      code('not_found'),
    );
    mkdirSync(path('folder'));
    await expect(writeReferenceValues(path('folder'), DOCUMENT, { replace: true })).rejects.toThrow(
      code('not_permitted'),
    );
    const invalid = { ...DOCUMENT, revoked: [{ claim: 'no claim', value: '1' }] };
    await expect(writeReferenceValues(path('d.json'), invalid, { replace: false })).rejects.toThrow(code('malformed'));
    expect(readdirSync(folder).filter((name) => name.startsWith('.') || name === 'd.json')).toEqual([]);
  });

  test.each(['\u0600', '\u202e', '\u001b', '\u2028'])('has no name that a terminal could obey: %j', (character) => {
    const [image] = snpCase().referenceValues.images;
    const odd = {
      ...snpCase().referenceValues,
      images: [{ ...image, name: `a${character}b` }],
    } as ReferenceValues['snp'];
    expect(() => referenceValuesText({ ...DOCUMENT, snp: odd })).toThrow(code('malformed'));
  });

  test.each([
    ['no JSON', '{', 'malformed'],
    ['a member twice', '{"gpu":null,"gpu":null,"revoked":[]}', 'malformed'],
    ['a field that no rule knows', JSON.stringify({ ...NO_REFERENCE_VALUES, more: 1 }), 'malformed'],
    ['a field too few', '{"gpu":null}', 'malformed'],
    ['nothing in place of a platform that is left out', '{"gpu":null,"revoked":[],"snp":null}', 'malformed'],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x7b, 0]), 'malformed'],
    ['nesting without end', `${'[['.repeat(200_000)}${']]'.repeat(200_000)}`, 'malformed'],
    ['more than two MiB', ' '.repeat((2 << 20) + 1), 'too_large'],
  ])('is refused: %s', async (name, content, expected) => {
    const file = put(`${name}.json`, content);
    await expect(readReferenceValues(file)).rejects.toThrow(code(expected));
    // Of several files on one command line, the message names the one that is meant.
    await expect(readReferenceValues(file)).rejects.toThrow(file);
  });
});

describe('a file of evidence', () => {
  test('is read whole up to its limit, and refused above', async () => {
    const file = put('limit', new Uint8Array(100).fill(7));
    expect(await readInput(file, 100)).toEqual(new Uint8Array(100).fill(7));
    await expect(readInput(file, 99)).rejects.toThrow(code('too_large'));
    expect(await readInput(put('empty', ''), 0)).toEqual(new Uint8Array(0));
  });

  test('may be named by a link', async () => {
    put('target', 'x');
    symlinkSync(path('target'), path('link'));
    expect(await readInput(path('link'), 1)).toEqual(new TextEncoder().encode('x'));
  });

  test('is not a pipe without a writer: it is not waited for', async () => {
    execFileSync('mkfifo', [path('pipe')]);
    await expect(readInput(path('pipe'), 100)).rejects.toThrow(code('not_permitted'));
  });

  test.each([
    ['a folder', () => folder, 'not_permitted'],
    ['a device without end', () => '/dev/zero', 'not_permitted'],
    ['nothing', () => path('nothing'), 'not_found'],
    ['a folder that is a file', () => path('limit/x'), 'not_permitted'],
  ])('is not %s', async (_, where, expected) => {
    await expect(readInput(where(), 100)).rejects.toThrow(code(expected));
  });
});
