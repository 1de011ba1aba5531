import { expect, test } from 'vitest';
import { signedBefore, stopText } from '../../../src/core/state/running.ts';

const SIGNED = Date.UTC(2026, 10, 30, 12, 33, 44);
const stop = (time: number) => ({ name: 'alice', person: 'ab'.repeat(16), reason: 'a drill', created: SIGNED, time });

test('a stop that was carried says when its signer signed it, besides when the vault recorded it', () => {
  const text = stopText(stop(SIGNED + 68_000));
  expect(text).toContain('at 2026-11-30T12:34:52Z: “a drill”');
  expect(text).toMatch(/ \(signed at 2026-11-30T12:33:44Z by their own clock\)$/);
});

test('one that was sent at once has one time, and one by a clock that is ahead has two', () => {
  expect(stopText(stop(SIGNED + 900))).not.toContain('signed at');
  expect(signedBefore(stop(SIGNED + 60_000))).toBeNull();
  expect(signedBefore(stop(SIGNED - 60_001))).toBe(SIGNED);
});
