import { toHex } from '../../bytes.ts';
import type { Comparison } from '../kit/findings.ts';
import type { ParsedDevice } from './device.ts';
import { measureText } from './measures.ts';
import type { GoldenValue } from './reference-values.ts';
import type { SpdmReport } from './spdm.ts';

/** The measurement of the video decoder's firmware. There is none where the decoder is off. */
const NVDEC0_INDEX = 35;
const NVDEC0_OFF = '55';

type Golden = readonly GoldenValue[];

/**
 * Compares a report's measurements with golden values: index i with block i + 1, which must be there and be one
 * of the alternatives, and names each that is not. Null lists are left out; where all are null, versions alone were
 * asked for.
 */
export function compareMeasurements(
  { chip, report }: Pick<ParsedDevice, 'chip' | 'report'>,
  lists: readonly (Golden | null)[],
): Comparison {
  const given = lists.filter((list) => list !== null);
  if (given.length === 0) return { expected: 'no golden values, by policy', got: 'not compared', pass: true };
  const decoderIsOff = report.opaque.nvdec0 === NVDEC0_OFF;
  const compared = given.flat().filter(({ index }) => !(decoderIsOff && index === NVDEC0_INDEX));
  const count = new Set(compared.map(({ index }) => index)).size;
  const differing = indices(compared.filter((value) => !isMeasured(report, value)))
    .map((index) => measureText(chip, index))
    .join(' ');
  const isWhole = given.every((list) => list.length > 0) && count > 0;
  return {
    expected: isWhole ? `${count} golden values` : 'a list without golden values matches nothing',
    got: differing === '' ? `${count} match` : `differs at ${differing}`,
    pass: isWhole && differing === '',
  };
}

function isMeasured({ measurements }: SpdmReport, { index, values }: GoldenValue): boolean {
  const measured = measurements.get(index + 1);
  return measured !== undefined && values.includes(toHex(measured));
}

/** A driver and a VBIOS must not claim the same measurement, unless they agree on it. */
export function compareClaims(driver: Golden | null, vbios: Golden | null): Comparison {
  const alternatives = new Map(vbios?.map(({ index, values }) => [index, [...values].sort().join()]));
  const conflicting = indices(
    (driver ?? []).filter(({ index, values }) => {
      const other = alternatives.get(index);
      return other !== undefined && other !== [...values].sort().join();
    }),
  ).join(' ');
  return {
    expected: 'no index that driver and VBIOS claim differently',
    got: conflicting === '' ? 'none' : conflicting,
    pass: conflicting === '',
  };
}

function indices(values: Golden): number[] {
  return [...new Set(values.map(({ index }) => index))].sort((a, b) => a - b);
}
