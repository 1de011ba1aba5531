import { describe, expect, test } from 'vitest';
import { TwinlockError } from '../../src/core/errors.ts';
import { orNull, unlessRefused, unlessRefusedLater } from '../../src/core/refusal.ts';

const thrower = (error: unknown) => () => {
  throw error;
};
const refusal = new TwinlockError('malformed', 'no');
/** What an engine throws at its end (Firefox's stack: InternalError, its memory: a string), and what a slip does. */
class InternalError extends Error {}
const OF_THE_ENGINE: readonly unknown[] = [
  new RangeError('Maximum call stack size exceeded'),
  new InternalError('too much recursion'),
  'out of memory',
  new TypeError('x is not a function'),
  new ReferenceError('x is not defined'),
];
const CLASSES = [TwinlockError, Error, SyntaxError];

describe('what refuses an input', () => {
  test.each([
    [TwinlockError, refusal],
    [Error, new Error('bad point')],
    [SyntaxError, new SyntaxError('Unexpected token')],
  ])('an error of exactly the class that is named: %o', async (known, error) => {
    expect(unlessRefused(known, thrower(error), (one) => one)).toBe(error);
    expect(await unlessRefusedLater(known, thrower(error), (one) => one)).toBe(error);
    expect(orNull(known, thrower(error))).toBeNull();
    for (const other of CLASSES.filter((one) => one !== known)) {
      expect(() => orNull(other, thrower(error))).toThrow(error);
    }
  });

  test('what nothing refuses comes back', async () => {
    expect(unlessRefused(Error, () => 1, thrower(refusal))).toBe(1);
    expect(await unlessRefusedLater(Error, async () => 1, thrower(refusal))).toBe(1);
    expect(orNull(Error, () => 1)).toBe(1);
  });
});

describe.each(OF_THE_ENGINE)('an error of the engine is never a verdict: %o', (error) => {
  const caught = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (thrown) {
      return { thrown };
    }
  };

  test.each(CLASSES)('for each refusal that is expected: %o', async (known) => {
    expect(caught(() => orNull(known, thrower(error)))).toEqual({ thrown: error });
    await expect(unlessRefusedLater(known, thrower(error), () => null)).rejects.toBe(error);
  });

  test('where a library has wrapped it', async () => {
    const wrapped = new Error('decapsulation failed', { cause: error });
    expect(caught(() => orNull(Error, thrower(wrapped)))).toEqual({ thrown: error });
    await expect(unlessRefusedLater(Error, thrower(wrapped), () => null)).rejects.toBe(error);
  });
});
