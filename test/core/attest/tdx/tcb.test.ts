import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TCB_STATUSES, type TcbStatus } from '../../../../src/core/attest/kit/td.ts';
import {
  enclaveLevel,
  LEVEL_STATUSES,
  moduleId,
  type PlatformLevel,
  platformLevel,
  statusSinceLaunch,
  worstStatus,
} from '../../../../src/core/attest/tdx/tcb.ts';

type LevelStatus = (typeof LEVEL_STATUSES)[number];
const rank = (status: TcbStatus) => TCB_STATUSES.indexOf(status);
const anyStatus = fc.constantFrom(...LEVEL_STATUSES);

describe('the status of several levels together', () => {
  test.each([
    [['UpToDate', 'UpToDate'], 'UpToDate'],
    [['UpToDate', 'SWHardeningNeeded'], 'SWHardeningNeeded'],
    [['SWHardeningNeeded', 'ConfigurationNeeded'], 'ConfigurationAndSWHardeningNeeded'],
    [['OutOfDate', 'UpToDate'], 'OutOfDate'],
    [['OutOfDate', 'SWHardeningNeeded'], 'OutOfDate'],
    [['OutOfDate', 'ConfigurationNeeded'], 'OutOfDateConfigurationNeeded'],
    [['ConfigurationAndSWHardeningNeeded', 'OutOfDate'], 'OutOfDateConfigurationNeeded'],
    [['OutOfDateConfigurationNeeded', 'UpToDate'], 'OutOfDateConfigurationNeeded'],
    [['Revoked', 'UpToDate'], 'Revoked'],
    [['OutOfDateConfigurationNeeded', 'Revoked', 'UpToDate'], 'Revoked'],
  ] satisfies [LevelStatus[], LevelStatus][])('%j is %s', (statuses, expected) => {
    expect(worstStatus(statuses)).toBe(expected);
  });

  test('is never better than the worst, and the same in any order', () => {
    fc.assert(
      fc.property(fc.array(anyStatus, { minLength: 1, maxLength: 4 }), (statuses) => {
        const worst = worstStatus(statuses);
        expect(rank(worst)).toBeGreaterThanOrEqual(Math.max(...statuses.map(rank)));
        expect(worstStatus(statuses.toReversed())).toBe(worst);
        expect(worstStatus([worst, ...statuses])).toBe(worst);
      }),
    );
  });
});

describe('the status since the launch', () => {
  test.each([
    ['OutOfDate', 'UpToDate', 'TDRelaunchAdvised'],
    ['OutOfDate', 'SWHardeningNeeded', 'TDRelaunchAdvised'],
    ['OutOfDate', 'ConfigurationNeeded', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDateConfigurationNeeded', 'UpToDate', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDate', 'OutOfDate', 'OutOfDate'],
    ['OutOfDate', 'OutOfDateConfigurationNeeded', 'OutOfDate'],
    ['OutOfDate', null, 'OutOfDate'],
    ['UpToDate', 'OutOfDate', 'UpToDate'],
    ['UpToDate', null, 'UpToDate'],
    ['UpToDate', 'Revoked', 'Revoked'],
    ['Revoked', 'UpToDate', 'Revoked'],
  ] satisfies [LevelStatus, LevelStatus | null, TcbStatus][])('%s, then %s, is %s', (launch, current, expected) => {
    expect(statusSinceLaunch(launch, current)).toBe(expected);
  });
});

const level = (status: LevelStatus, changes: Partial<PlatformLevel> = {}): PlatformLevel => ({
  status,
  dateMs: 0,
  advisories: [],
  sgxComponents: new Array(16).fill(3),
  pceSvn: 10,
  tdxComponents: new Array(16).fill(3),
  ...changes,
});
const PLATFORM = { components: new Array(16).fill(3), pceSvn: 10 };
const tee = (...leading: number[]) => Uint8Array.from({ length: 16 }, (_, i) => leading[i] ?? 3);

describe('the level of a platform', () => {
  const levels = [level('UpToDate')];

  test('is reached with every SVN as it asks', () => {
    expect(platformLevel(levels, PLATFORM, tee())?.status).toBe('UpToDate');
  });

  test('is missed by one SGX component', () => {
    for (let i = 0; i < 16; i++) {
      const components = PLATFORM.components.with(i, 2);
      expect(platformLevel(levels, { ...PLATFORM, components }, tee())).toBeNull();
    }
  });

  test('is missed by the PCESVN', () => {
    expect(platformLevel(levels, { ...PLATFORM, pceSvn: 9 }, tee())).toBeNull();
  });

  test('is missed by one TDX component, the first two where the module has no version', () => {
    for (let i = 2; i < 16; i++) expect(platformLevel(levels, PLATFORM, tee().with(i, 2))).toBeNull();
    const unversioned = [level('UpToDate', { tdxComponents: [3, 0, ...new Array(14).fill(3)] })];
    expect(platformLevel(unversioned, PLATFORM, tee(3, 0))?.status).toBe('UpToDate');
    expect(platformLevel(unversioned, PLATFORM, tee(2, 0))).toBeNull();
    expect(platformLevel(levels, PLATFORM, tee(3, 0))).toBeNull();
  });

  test('is not asked about the first two TDX components of a module with a version', () => {
    const high = [level('UpToDate', { tdxComponents: [9, 9, ...new Array(14).fill(3)] })];
    expect(platformLevel(high, PLATFORM, tee(0, 1))?.status).toBe('UpToDate');
  });

  test('is the first that is reached, which Intel lists from the newest', () => {
    const list = [
      level('UpToDate', { pceSvn: 11 }),
      level('OutOfDate', { pceSvn: 9 }),
      level('Revoked', { pceSvn: 1 }),
    ];
    expect(platformLevel(list, PLATFORM, tee())?.status).toBe('OutOfDate');
    expect(platformLevel([], PLATFORM, tee())).toBeNull();
  });
});

describe('the level of an enclave', () => {
  const levels = [6, 4].map((isvSvn) => ({ isvSvn, status: 'UpToDate', dateMs: 0, advisories: [] }) as const);

  test('is the first whose SVN is reached', () => {
    expect(enclaveLevel(levels, 7)?.isvSvn).toBe(6);
    expect(enclaveLevel(levels, 6)?.isvSvn).toBe(6);
    expect(enclaveLevel(levels, 5)?.isvSvn).toBe(4);
    expect(enclaveLevel(levels, 3)).toBeNull();
  });
});

describe('the identity of a TDX module', () => {
  test('is named by its version, in two hexadecimal digits', () => {
    expect([0, 1, 3, 0x1a].map((version) => moduleId(tee(9, version)))).toEqual([null, 'TDX_01', 'TDX_03', 'TDX_1A']);
  });
});
