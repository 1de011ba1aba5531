import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EvidenceParts,
  evidencePartsBytes,
  parseEvidenceParts,
  partsData,
} from '../../../client/host/evidence-parts.ts';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { canonicalBytes } from '../../../src/core/canonical.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { evidenceOf, makeDevice, TEST_NONCE } from '../../platforms/nvidia.ts';
import { snpCase } from '../../platforms/snp.ts';
import { tpmReport } from '../../platforms/tpm.ts';

const NONCE = toHex(TEST_NONCE);
const GPU = evidenceOf(makeDevice());
const DATA = partsData(NONCE, GPU);
const { report, endorsements } = snpCase({ report: { reportData: DATA.reportData } });
const PARTS: EvidenceParts = {
  v: 1,
  kind: 'evidence-parts',
  report,
  gpu: GPU,
  endorsements,
  reportData: toHex(DATA.reportData),
  gpuNonce: NONCE,
};
const ALONE: EvidenceParts = { ...PARTS, gpu: null, gpuNonce: null };

test('parts are read back as they were written', () => {
  const tpm = { ...PARTS, report: tpmReport(), reportData: toHex(DATA.extraData) };
  for (const parts of [PARTS, ALONE, tpm]) {
    expect(parseEvidenceParts(evidencePartsBytes(parts))).toEqual(parts);
  }
});

test('what a report of parts binds changes with the nonce and with the GPU evidence, and is the worked example', () => {
  const zeros = '00'.repeat(32);
  const all = [
    partsData(zeros, null),
    partsData(NONCE, null),
    DATA,
    partsData(NONCE, evidenceOf(makeDevice({ seed: 2 }))),
  ];
  expect(new Set(all.map(({ reportData }) => toHex(reportData))).size).toBe(all.length);
  expect(new Set(all.map(({ extraData }) => toHex(extraData))).size).toBe(all.length);
  expect(all.map(({ reportData, extraData }) => [reportData.length, extraData.length])).toEqual(
    all.map(() => [64, 32]),
  );
  const format = readFileSync('client/host/FORMAT.md', 'utf8').replaceAll(/\s+/g, '');
  for (const value of Object.values(partsData(zeros, null))) expect(format).toContain(toHex(value));
});

describe('refuses', () => {
  const small = evidencePartsBytes({ ...ALONE, endorsements: NO_ENDORSEMENTS });

  function codeOf(bytes: Uint8Array): string {
    try {
      parseEvidenceParts(bytes);
    } catch (error) {
      if (error instanceof TwinlockError) return error.code;
      throw error;
    }
    return 'accepted';
  }

  test('every truncation', () => {
    const codes = new Set(Array.from(small, (_, length) => codeOf(small.subarray(0, length))));
    expect([...codes]).toEqual(['malformed']);
  });

  test('a flipped byte, or it is other parts', () => {
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const flipped = Uint8Array.from(small, (byte, i) => (i === at ? byte ^ mask : byte));
        if (codeOf(flipped) !== 'accepted') return;
        expect(evidencePartsBytes(parseEvidenceParts(flipped))).toEqual(flipped);
        expect(parseEvidenceParts(flipped)).not.toEqual(parseEvidenceParts(small));
      }),
    );
  });

  test.each([
    ['another version', { v: 2 }],
    ['another kind', { kind: 'evidence' }],
    ['a member that is unknown', { nonce: NONCE }],
    ['no report', { report: null }],
    ['report data of another length', { reportData: '00'.repeat(48) }],
    ['report data in capitals', { reportData: 'AA'.repeat(64) }],
    ['a nonce of another length', { gpuNonce: '00' }],
    ['GPU evidence of another kind', { gpu: { kind: 'photograph' } }],
    ['endorsements of another kind', { endorsements: {} }],
  ])('%s', (_, changes) => {
    expect(codeOf(canonicalBytes({ ...PARTS, ...changes }))).toBe('malformed');
  });

  test('white space, and more than evidence and endorsements may have', () => {
    expect(codeOf(new TextEncoder().encode(`${new TextDecoder().decode(small)}\n`))).toBe('not_canonical');
    expect(codeOf(new Uint8Array(1_600_000))).toBe('too_large');
  });
});
