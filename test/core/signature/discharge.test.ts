import { describe, expect, test } from 'vitest';
import type { SignatureClaim } from '../../../src/core/signature/claim.ts';
import { discharge, dischargeSync } from '../../../src/core/signature/discharge.ts';

const claim = (what: string): SignatureClaim => ({
  kind: 'signature',
  algorithm: 'Ed25519',
  publicKey: new Uint8Array(32),
  message: new Uint8Array(0),
  signature: new Uint8Array(64),
  what,
});
const claims = (count: number) => Array.from({ length: count }, (_, i) => claim(`claim ${i}`));

describe('discharging claims', () => {
  test('asks about every one, and holds when there are none', async () => {
    const asked: string[] = [];
    await discharge(claims(120), async ({ what }) => void asked.push(what));
    expect(asked).toEqual(claims(120).map(({ what }) => what));
    await discharge([], () => Promise.reject(new Error('nothing to ask')));
  });

  test('asks about 50 at a time', async () => {
    let inFlight = 0;
    let most = 0;
    await discharge(claims(300), async () => {
      most = Math.max(most, ++inFlight);
      await Promise.resolve();
      inFlight--;
    });
    expect([most, inFlight]).toEqual([50, 0]);
  });

  test('fails with the first failure, as it came, and asks no further', async () => {
    const failure = new Error('false');
    let asked = 0;
    const verify = async ({ what }: SignatureClaim) => {
      asked++;
      await Promise.resolve();
      if (what === 'claim 3') throw failure;
    };
    await expect(discharge(claims(1000), verify)).rejects.toBe(failure);
    expect(asked).toBeLessThan(200);
  });

  test('fails on the last claim too', async () => {
    const failure = new Error('false');
    const verify = ({ what }: SignatureClaim) => (what === 'claim 99' ? Promise.reject(failure) : Promise.resolve());
    await expect(discharge(claims(100), verify)).rejects.toBe(failure);
  });

  test('fails when a verifier throws instead of rejecting', async () => {
    const failure = new Error('false');
    const verify = () => {
      throw failure;
    };
    await expect(discharge(claims(2), verify)).rejects.toBe(failure);
  });

  test('in order and at once, stops at the first failure', () => {
    const failure = new Error('false');
    const asked: string[] = [];
    const verify = ({ what }: SignatureClaim) => {
      asked.push(what);
      if (what === 'claim 2') throw failure;
    };
    expect(() => dischargeSync(claims(9), verify)).toThrow(failure);
    expect(asked).toEqual(['claim 0', 'claim 1', 'claim 2']);
    dischargeSync(claims(2), verify);
  });
});
