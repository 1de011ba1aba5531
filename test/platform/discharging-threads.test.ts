import type { Worker } from 'node:worker_threads';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, expect, test, vi } from 'vitest';
import { utf8 } from '../../src/core/bytes.ts';
import type { SignatureClaim } from '../../src/core/signature/claim.ts';
import type { Claim } from '../../src/core/state/judgement.ts';
import { replay } from '../../src/core/state/replay.ts';
import { DischargingThreads, threadsFor } from '../../src/platform/threads/discharging-threads.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { releasedWorld } from '../world/world.ts';

const begun: Worker[] = vi.hoisted(() => []);
vi.mock('node:worker_threads', async (original) => {
  const real = await original<typeof import('node:worker_threads')>();
  class SeenWorker extends real.Worker {
    constructor(...of: ConstructorParameters<typeof Worker>) {
      super(...of);
      begun.push(this);
    }
  }
  return { ...real, Worker: SeenWorker };
});

const SEED = new Uint8Array(32).fill(7);
const PUBLIC_KEY = ed25519.getPublicKey(SEED);

const claims: readonly SignatureClaim[] = Array.from({ length: 10 }, (_, i) => {
  const message = utf8(`message ${i}`);
  const what = `claim ${i}`;
  return {
    kind: 'signature',
    algorithm: 'Ed25519',
    publicKey: PUBLIC_KEY,
    message,
    signature: ed25519.sign(message, SEED),
    what,
  };
});
const untrue = (...places: readonly number[]) =>
  claims.map((claim, i) => (places.includes(i) ? { ...claim, message: utf8('another') } : claim));

const threads = [1, 3].map((count) => new DischargingThreads(count, 0));
afterAll(async () => {
  for (const one of threads) await one.end();
});

test('the first claim that is not true is the same on any number of threads', async () => {
  for (const one of threads) {
    expect(await one.firstRefuted(claims)).toBeNull();
    expect(await one.firstRefuted([])).toBeNull();
    expect(await one.firstRefuted(untrue(1).slice(0, 2))).toMatchObject({ place: 1 });
    for (const places of [[0], [9], [4, 5, 9], [3, 8]]) {
      const refuted = await one.firstRefuted(untrue(...places));
      expect(refuted).toMatchObject({
        place: places[0],
        error: { code: 'signature_invalid', message: `claim ${places[0]}: the Ed25519 signature is not true` },
      });
    }
  }
});

test('a log leads to the same state and the same fault on any number of threads', async () => {
  const { world } = await releasedWorld();
  const { sound } = await replay(null, world.log, world.objects, verifyNode);
  const isAppraised = sound.some((applied) => applied.claims.some(({ kind }) => kind === 'appraisal'));
  expect(isAppraised).toBe(true);
  for (const one of threads) {
    const replayed = await replay(null, world.log, world.objects, one);
    expect(replayed.fault).toBeNull();
    expect(replayed.sound.at(-1)?.state).toEqual(sound.at(-1)?.state);
  }
});

test('an appraisal that others would not reach is refuted on a thread too', async () => {
  const { world } = await releasedWorld();
  const { sound } = await replay(null, world.log, world.objects, verifyNode);
  const [appraisal] = sound.flatMap((applied) => applied.claims).filter(({ kind }) => kind === 'appraisal');
  const lie = { ...appraisal, expected: '00'.repeat(32) } as Claim;
  for (const one of threads) {
    const refuted = await one.firstRefuted([...claims, lie]);
    expect(refuted).toMatchObject({ place: claims.length, error: { code: 'appraisal_mismatch' } });
  }
});

test('a thread that fails gives no verdict, and the next claims have another', async () => {
  const one = new DischargingThreads(1, 0);
  const malformed = [{ ...claims[0], publicKey: null }] as unknown as readonly Claim[];
  await expect(one.firstRefuted(malformed)).rejects.toBeInstanceOf(TypeError);
  expect(await one.firstRefuted(untrue(1))).toMatchObject({ place: 1 });
  await one.end();
});

test('a thread that fails without a claim ends no process, and the next call says so', async () => {
  const one = new DischargingThreads(3, 0);
  expect(await one.firstRefuted(claims.slice(0, 2))).toBeNull();
  begun.at(-1)?.emit('error', new Error('the thread has no memory left'));
  await expect(one.firstRefuted(claims)).rejects.toThrow('no memory left');
  expect(await one.firstRefuted(untrue(1))).toMatchObject({ place: 1 });
  await one.end();
});

test('a machine of many cores gets no more threads than memory can bear', () => {
  expect([1, 2, 4, 9, 192].map(threadsFor)).toEqual([1, 1, 3, 8, 8]);
});

test('few claims begin no thread', async () => {
  const one = new DischargingThreads(1, claims.length + 1);
  const malformed = [
    {
      kind: 'signature',
      get algorithm(): never {
        throw new RangeError('on this thread');
      },
    },
  ];
  // A claim that cannot be sent to a thread is discharged here.
  await expect(one.firstRefuted(malformed as unknown as readonly Claim[])).rejects.toThrow('on this thread');
  await one.end();
});
