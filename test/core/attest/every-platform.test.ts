import { describe, expect, test } from 'vitest';
import { DEVICES, PLATFORM_IDS } from '../../../src/core/attest/platforms.ts';
import { isHardware } from '../../../src/core/attest/production.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { appraiseCase, type CarriedCase } from '../../platforms/carried-case.ts';
import { platformCases } from '../../platforms/cases.ts';

const CASES = platformCases();
const FLIPS = 24;

/** The rules that fail; `refused` where the evidence cannot be parsed. */
async function failed(carried: CarriedCase): Promise<readonly string[]> {
  try {
    const { rules } = await appraiseCase(carried, verifyNode);
    return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
  } catch (error) {
    if (error instanceof TwinlockError) return ['refused'];
    throw error;
  }
}

function valuesOf({ referenceValues }: CarriedCase): ReferenceValues {
  if (referenceValues === null) throw new Error('expected reference values');
  return referenceValues;
}

/** Another byte for the one at this place of an even-length hexadecimal text. */
function flipped(hex: string, at: number): string {
  const byte = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16) ^ 0x01;
  return `${hex.slice(0, 2 * at)}${byte.toString(16).padStart(2, '0')}${hex.slice(2 * at + 2)}`;
}

test('every platform of hardware and every kind of devices has a case', () => {
  const platforms = new Set(CASES.map(({ report }) => report?.platform));
  expect(PLATFORM_IDS.filter((id) => isHardware(id) && !platforms.has(id))).toEqual([]);
  const kinds = new Set(CASES.flatMap(({ gpu }) => gpu?.kind ?? []));
  expect(Object.keys(DEVICES).filter((kind) => ![...kinds].some((one) => one === kind))).toEqual([]);
});

describe.each(CASES.map((one) => [one.name, one] as const))('evidence of %s', (_, one) => {
  test('passes as it is', async () => {
    expect(await failed(one)).toEqual([]);
  });

  test('is refused where it binds other data', async () => {
    const { reportData } = one;
    if (reportData === null) throw new Error('expected report data');
    for (const at of [0, reportData.length / 2 - 1]) {
      expect(await failed({ ...one, reportData: flipped(reportData, at) })).toHaveLength(1);
    }
  });

  test('is refused where its devices signed another nonce', async () => {
    const { gpuNonce } = one;
    if (gpuNonce === null) return;
    expect(await failed({ ...one, gpuNonce: flipped(gpuNonce, 0) })).not.toEqual([]);
  });

  test('is refused by a policy without values for it', async () => {
    const expected = one.gpu === null ? ['composite.cpu-values'] : ['composite.cpu-values', 'composite.gpu-values'];
    expect(await failed({ ...one, referenceValues: NO_REFERENCE_VALUES })).toEqual(expect.arrayContaining(expected));
  });

  test('is refused by a policy that lists nothing', async () => {
    const given = Object.entries(valuesOf(one)).map(([name, values]) => [name, withEmptyLists(values)]);
    const referenceValues = Object.fromEntries(given) as ReferenceValues;
    expect(await failed({ ...one, referenceValues })).not.toEqual([]);
  });

  test('is refused where any of its claims is revoked', async () => {
    const { claims } = await appraiseCase(one, verifyNode);
    const counts = ['gpu.count', 'gpu.switches', 'simulated.report-data'];
    for (const [name, value] of Object.entries(claims)) {
      const claim = name.replace(/\.(?:gpu|switch)-[0-9]+\./, '.');
      if (counts.includes(claim)) continue;
      const revoked = [{ claim, value }];
      expect(await failed({ ...one, referenceValues: { ...valuesOf(one), revoked } })).toEqual(['composite.revoked']);
    }
  });

  test('is refused before and after its certificates or tokens hold, unless none has a date', async () => {
    for (const instantMs of [Date.UTC(1999, 0, 1), Date.UTC(2199, 0, 1)]) {
      const rules = await failed({ ...one, instantMs });
      if (one.name !== 'tpm') expect(rules).not.toEqual([]);
    }
  });

  test('is refused with a byte of its report changed', async () => {
    const { report } = one;
    for (const [member, text] of Object.entries(report ?? {})) {
      if (member === 'platform' || typeof text !== 'string') continue;
      for (let i = 0; i < FLIPS; i++) {
        const at = Math.floor((i * (text.length - 2)) / FLIPS);
        const letter = text[at] === 'A' ? 'B' : 'A';
        const changed = {
          ...report,
          [member]: text.slice(0, at) + letter + text.slice(at + 1),
        } as CarriedCase['report'];
        expect(await failed({ ...one, report: changed }), `${member} at ${at}`).not.toEqual([]);
      }
    }
  });
});

/** Every list of a document emptied, at any depth. */
function withEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withEmptyLists(member)]));
}
