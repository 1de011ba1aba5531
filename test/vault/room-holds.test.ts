import { describe, expect, test } from 'vitest';
import { UPLOAD_READ_BYTES_AN_HOUR, UPLOAD_STEPS } from '../../src/vault/limits.ts';
import { RoomHolds, type UnderWay } from '../../src/vault/room-holds.ts';

const ANA = `ed25519:${'A'.repeat(43)}`;
const BEN = `ed25519:${'B'.repeat(43)}`;
const MINUTE_MS = 60_000;
const TB = 2 ** 40;
const STEP = TB / UPLOAD_STEPS;

function minutes(holds: RoomHolds, count: number, ana: UnderWay | null): void {
  for (let i = 0; i < count; i++) holds.pass(MINUTE_MS, new Map(ana === null ? [] : [[ANA, ana]]));
}
const nothing = { bytes: TB, storedBytes: 0 };

/** Ana has had nothing come for an hour. */
function lost(): RoomHolds {
  const holds = new RoomHolds();
  holds.found(ANA, TB);
  minutes(holds, 60, nothing);
  return holds;
}

describe('room is kept for a depositor', () => {
  test('for an hour without a step, and no longer; another’s is kept all the same', () => {
    const holds = new RoomHolds();
    holds.found(ANA, TB);
    holds.found(BEN, TB);
    minutes(holds, 59, nothing);
    expect(holds.isKeptFor(ANA)).toBe(true);
    minutes(holds, 1, nothing);
    expect([ANA, BEN].map((key) => holds.isKeptFor(key))).toEqual([false, true]);
  });

  test('for longer where much is stored, which is read again by one who goes on, within a bound', () => {
    const holds = new RoomHolds();
    const stored = { bytes: 2 * TB, storedBytes: TB };
    const hours = 1 + TB / UPLOAD_READ_BYTES_AN_HOUR;
    minutes(holds, hours * 60 - 1, stored);
    expect(holds.isKeptFor(ANA)).toBe(true);
    minutes(holds, 1, stored);
    expect(holds.isKeptFor(ANA)).toBe(false);
    // More that is stored brings it back to nobody: the room has to be found first.
    minutes(holds, 1, { bytes: 2 * TB, storedBytes: 2 * TB });
    expect(holds.isKeptFor(ANA)).toBe(false);
  });

  test('while a step comes in each hour, and a byte less is none', () => {
    for (const [bytes, kept] of [
      [STEP, true],
      [STEP - 1, false],
    ] as const) {
      const holds = new RoomHolds();
      holds.found(ANA, TB);
      minutes(holds, 59, nothing);
      holds.received(ANA, bytes);
      minutes(holds, 59, nothing);
      expect(holds.isKeptFor(ANA)).toBe(kept);
    }
  });

  test('not for a step of something small, between two looks at something large', () => {
    const holds = new RoomHolds();
    for (let hour = 0; hour < 2; hour++) {
      holds.found(ANA, TB);
      minutes(holds, 58, nothing);
      holds.found(ANA, 1);
      holds.received(ANA, 1);
      minutes(holds, 1, { bytes: 1, storedBytes: 1 });
    }
    expect(holds.isKeptFor(ANA)).toBe(false);
  });

  test('not for one who has nothing under way whenever the vault looks', () => {
    const holds = new RoomHolds();
    for (let i = 0; i < 60; i++) {
      holds.found(ANA, TB);
      minutes(holds, 1, null);
    }
    expect(holds.isKeptFor(ANA)).toBe(false);
  });

  test('who has lost it, once a step has come and room is found anew', () => {
    const holds = lost();
    holds.found(ANA, TB);
    expect(holds.isKeptFor(ANA)).toBe(false);
    holds.received(ANA, STEP);
    minutes(holds, 1, nothing);
    expect(holds.isKeptFor(ANA)).toBe(false);
    holds.found(ANA, TB);
    expect(holds.isKeptFor(ANA)).toBe(true);
    minutes(holds, 59, nothing);
    expect(holds.isKeptFor(ANA)).toBe(true);
  });

  test('who has lost it, after as long a time with nothing under way', () => {
    const holds = lost();
    minutes(holds, 59, null);
    expect(holds.isKeptFor(ANA)).toBe(false);
    minutes(holds, 1, null);
    expect(holds.isKeptFor(ANA)).toBe(true);
  });
});
