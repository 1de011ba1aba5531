import { ed25519 } from '@noble/curves/ed25519.js';
import { expect, test } from 'vitest';
import { fromHex } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { orNull } from '../../src/core/refusal.ts';
import { verifyReference } from '../../src/core/signature/reference.ts';
import { isPrimeOrderPoint } from '../../src/platform/prime-order.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { verifyWeb } from '../../src/platform/verify-web.ts';
import { seededRandom } from '../core/seeded-random.ts';

const { Point } = ed25519;
/** A point of order 8: its multiples are all whose order divides 8. */
const ORDER_8 = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
const random = seededRandom('prime order');

function isKeyOfTheCore(publicKey: Uint8Array): boolean {
  const claim = { kind: 'key', algorithm: 'Ed25519', publicKey, what: 'test' } as const;
  return orNull(TwinlockError, () => verifyReference(claim) ?? true) !== null;
}

function requireAgreed(bytes: Uint8Array, isPrimeOrder: boolean): void {
  expect([isPrimeOrderPoint(bytes), isKeyOfTheCore(bytes)]).toEqual([isPrimeOrder, isPrimeOrder]);
}

test('takes a point of prime order, and none of its sums with a point whose order divides 8', () => {
  for (let i = 0; i < 8; i++) {
    const point = Point.fromBytes(ed25519.getPublicKey(random(32)));
    requireAgreed(point.toBytes(), true);
    requireAgreed(point.negate().toBytes(), true);
    for (let n = 1n, low = ORDER_8; n < 8n; n++, low = low.add(ORDER_8)) {
      requireAgreed(point.add(low).toBytes(), false);
      requireAgreed(low.toBytes(), false);
    }
  }
});

test('takes nothing that is no canonical encoding of a point', () => {
  const notCanonical = [
    `ed${'ff'.repeat(30)}7f`, // y = p
    `ee${'ff'.repeat(30)}7f`, // y = p + 1
    `ec${'ff'.repeat(30)}ff`, // x = 0 with its sign set
    `01${'00'.repeat(30)}80`, // x = 0 with its sign set
    `01${'00'.repeat(31)}`, // the neutral point
    `02${'00'.repeat(31)}`, // on no point
  ].map(fromHex);
  for (const bytes of [...notCanonical, new Uint8Array(0), new Uint8Array(31), new Uint8Array(33)]) {
    requireAgreed(bytes, false);
  }
});

test('says the same as the core of any 32 bytes, half of which are on no point of the curve', () => {
  const found = Array.from({ length: 64 }, () => {
    const bytes = random(32);
    expect(isPrimeOrderPoint(bytes)).toBe(isKeyOfTheCore(bytes));
    return isPrimeOrderPoint(bytes);
  });
  // One in two is on the curve, and of these one in eight is of prime order.
  expect(new Set(found)).toEqual(new Set([true, false]));
});

test('all verifiers refuse and take a key alone alike', async () => {
  const publicKey = ed25519.getPublicKey(random(32));
  const mixed = Point.fromBytes(publicKey).add(ORDER_8).toBytes();
  for (const verify of [verifyReference, verifyNode, verifyWeb]) {
    const discharge = async (key: Uint8Array) =>
      verify({ kind: 'key', algorithm: 'Ed25519', publicKey: key, what: 'test' });
    await expect(discharge(publicKey)).resolves.toBeUndefined();
    await expect(discharge(mixed)).rejects.toMatchObject({ code: 'invalid_key' });
  }
});
