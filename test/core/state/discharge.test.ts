import { describe, expect, test } from 'vitest';
import { TwinlockError } from '../../../src/core/errors.ts';
import type { SignatureClaim } from '../../../src/core/signature/claim.ts';
import { discharge, firstRefuted } from '../../../src/core/state/discharge.ts';

const claim = (what: string): SignatureClaim => ({
  kind: 'signature',
  algorithm: 'Ed25519',
  publicKey: new Uint8Array(32),
  message: new Uint8Array(0),
  signature: new Uint8Array(64),
  what,
});
const claims = (count: number) => Array.from({ length: count }, (_, i) => claim(`claim ${i}`));
const untrue = (what: string) => new TwinlockError('signature_invalid', `${what} is not true`);
const code = (name: string) => expect.objectContaining({ code: name });

describe('discharging claims', () => {
  test('asks about every one in order, and holds when there are none', async () => {
    const asked: string[] = [];
    await discharge(claims(600), async ({ what }) => void asked.push(what));
    expect(asked).toEqual(claims(600).map(({ what }) => what));
    await discharge([], () => Promise.reject(new Error('nothing to ask')));
  });

  test('asks about 256 at a time, so that a platform can use every core', async () => {
    let inFlight = 0;
    let most = 0;
    await discharge(claims(1000), async () => {
      most = Math.max(most, ++inFlight);
      await Promise.resolve();
      inFlight--;
    });
    expect([most, inFlight]).toEqual([256, 0]);
  });

  test('fails with the failure of the first claim in order, also where a later one fails sooner', async () => {
    const first = Promise.withResolvers<void>();
    const verify = async ({ what }: Pick<SignatureClaim, 'what'>) => {
      if (what === 'claim 3') await first.promise;
      if (what === 'claim 7') queueMicrotask(() => first.reject(untrue('claim 3')));
      if (what === 'claim 7') throw untrue(what);
    };
    expect(await firstRefuted(claims(9), verify)).toEqual({ place: 3, error: untrue('claim 3') });
  });

  test('begins no claim after one was found untrue', async () => {
    let asked = 0;
    const verify = async ({ what }: Pick<SignatureClaim, 'what'>) => {
      asked++;
      if (what === 'claim 3') throw untrue(what);
      await new Promise(setImmediate);
    };
    await expect(discharge(claims(1000), verify)).rejects.toThrow(code('signature_invalid'));
    expect(asked).toBeLessThanOrEqual(256);
  });

  test('fails on the last claim too, and when a verifier throws instead of rejecting', async () => {
    const verify = ({ what }: Pick<SignatureClaim, 'what'>) => {
      if (what === 'claim 999') throw untrue(what);
    };
    expect((await firstRefuted(claims(1000), verify))?.place).toBe(999);
  });

  test('passes on an error of the engine as it came, and asks no further', async () => {
    const exhausted = new RangeError('Maximum call stack size exceeded');
    let asked = 0;
    const verify = async ({ what }: Pick<SignatureClaim, 'what'>) => {
      asked++;
      if (what === 'claim 3') throw exhausted;
      await new Promise(setImmediate);
    };
    await expect(firstRefuted(claims(1000), verify)).rejects.toBe(exhausted);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(asked).toBeLessThanOrEqual(256);
  });
});
