/** The golden value of which NVIDIA says that the CC mode, on or DevTools, is a part (NVIDIA/nvtrust, issue 132). */
export const CC_MODE = { chip: 'GH100', index: 9 } as const;

/**
 * What a measurement is of, by chip and index, where NVIDIA says so: which processor, by the names in its manifests,
 * `HashedMeasurement_1_FSP`. FSP is the security processor of a device, GSP the system processor of a GPU.
 */
const MEASURES: Readonly<Record<string, readonly (readonly [index: number, what: string])[]>> = {
  [CC_MODE.chip]: [
    ...of('of the FSP', 1, 2, 3, 4, 5, 6),
    [CC_MODE.index, 'the CC mode is part of it'],
    ...of('of the GSP', 32, 33, 36, 37, 38),
  ],
  LS10: of('of the FSP', 0, 1, 2, 3, 27),
};

/** An index, with what it measures where that is known: `9 (the CC mode is part of it)`. */
export function measureText(chip: string, index: number): string {
  const measures = Object.hasOwn(MEASURES, chip) ? (MEASURES[chip] ?? []) : [];
  const [, what] = measures.find(([known]) => known === index) ?? [];
  return what === undefined ? String(index) : `${index} (${what})`;
}

function of(what: string, ...indices: readonly number[]): readonly (readonly [number, string])[] {
  return indices.map((index) => [index, what] as const);
}
