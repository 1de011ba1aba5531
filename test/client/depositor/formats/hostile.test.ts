import { describe, expect, test } from 'vitest';
import { Cursor } from '../../../../client/depositor/formats/cursor.ts';
import { Effort } from '../../../../client/depositor/formats/effort.ts';
import { requireGguf } from '../../../../client/depositor/formats/gguf.ts';
import { membersOf } from '../../../../client/depositor/formats/json-members.ts';
import { readSafetensors } from '../../../../client/depositor/formats/safetensors.ts';
import { utf8 } from '../../../../src/core/bytes.ts';
import { GgufWriter, safetensors, sourceOf, wholeSafetensors } from './model-files.ts';

const malformed = (message: string) =>
  expect.objectContaining({ code: 'malformed', message: expect.stringContaining(message) });
const THOUSANDS = 20_000;

async function namesOf(text: string, max?: number): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name, value } of membersOf(utf8(text), new Effort(), max))
    names.push(`${name}=${new TextDecoder().decode(value)}`);
  return names;
}

/** How often others of this process had their turn while it was done. */
async function turnsDuring(act: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await act();
  isOver = true;
  return turns;
}

describe('the members of a JSON object', () => {
  test('are taken one by one, whatever their values are', async () => {
    expect(await namesOf(' {"a\\u0062":{"}":["\\\\"]},\n"c" : "," ,"d":1.5}\t')).toEqual([
      'ab={"}":["\\\\"]}',
      'c= "," ',
      'd=1.5',
    ]);
    expect(await namesOf('{ }')).toEqual([]);
  });

  test.each([
    '',
    '{',
    '[]',
    '{"a"}',
    '{"a":1',
    '{"a":1,}',
    '{"a":1}}',
    '{"a":"1}',
    '{a:1}',
    '{"a":1 "b":2',
    '{"\\',
    '1',
  ])('are refused in %j', async (text) => {
    await expect(namesOf(text)).rejects.toThrow(malformed('expected JSON'));
  });

  test('are refused where two have one name, and where they are more than any model has', async () => {
    await expect(namesOf('{"a":1,"\\u0061":2}')).rejects.toThrow(malformed('repeated'));
    await expect(namesOf('{"a":1,"b":2,"c":3}', 2)).rejects.toThrow(malformed('at most 2 members: no known model'));
  });
});

test('a header with more numbers and texts than any model has is refused', () => {
  const cursor = new Cursor(sourceOf(new Uint8Array(99)), new Effort(), 0, true, 3);
  for (let i = 0; i < 3; i++) cursor.u32();
  expect(() => cursor.u32()).toThrow(malformed('at most 3 numbers and texts: no known model'));
});

test('while a long header is read, others have their turn, so that the process can be interrupted', async () => {
  const sizes = Object.fromEntries(Array.from({ length: THOUSANDS }, (_, i) => [`t${i}`, 0]));
  const tensors = wholeSafetensors(sizes);
  const few = wholeSafetensors({ a: 1 });
  expect(await turnsDuring(() => readSafetensors(sourceOf(few), new Effort()))).toBe(0);
  expect(await turnsDuring(() => readSafetensors(sourceOf(tensors), new Effort()))).toBeGreaterThan(4);
  const words = new GgufWriter().ascii('GGUF').u32(3).u64(0).u64(1).string('words').u32(9).u32(8).u64(THOUSANDS);
  const vocabulary = words.bytes(8 * THOUSANDS).done();
  expect(await turnsDuring(() => requireGguf(sourceOf(vocabulary), new Effort()))).toBeGreaterThan(1);
});

test('a name that a file gives a tensor is quoted where that is wrong, and not at any length', async () => {
  const file = safetensors({ ['x'.repeat(5000)]: 7 }, 0);
  await expect(readSafetensors(sourceOf(file), new Effort())).rejects.toThrow(
    expect.objectContaining({ code: 'malformed', message: expect.stringContaining(`header["${'x'.repeat(80)}…"]`) }),
  );
});

describe('what a folder may cost is spent', () => {
  const tooMuch = malformed('not looked at further');
  const read = (text: string, max: number) => Array.fromAsync(membersOf(utf8(text), new Effort(null, max)));

  test('on JSON by its bytes, before it is looked at, and by its members', async () => {
    await expect(read(`{"a":"${'b'.repeat(5000)}"`, 60_000)).rejects.toThrow(tooMuch);
    await expect(read('{"a":1,"b":2,"c":3}', 6000)).rejects.toThrow(tooMuch);
    expect(await read('{"a":1,"b":2}', 6000)).toHaveLength(2);
  });

  test('on numbers and texts', () => {
    const cursor = new Cursor(sourceOf(new Uint8Array(99)), new Effort(null, 200), 0, true);
    for (let i = 0; i < 3; i++) cursor.u32();
    expect(() => cursor.u32()).toThrow(tooMuch);
  });
});
