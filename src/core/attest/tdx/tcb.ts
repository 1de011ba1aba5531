import type { TcbStatus } from '../kit/td.ts';
import type { Pck } from './pck.ts';

/** The statuses that Intel gives TCB levels (DCAP: tcbStatus). */
export const LEVEL_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const;
type LevelStatus = (typeof LEVEL_STATUSES)[number];

/** One TCB level of any kind, with what Intel has published about it. */
export interface Level {
  readonly status: LevelStatus;
  readonly dateMs: number;
  readonly advisories: readonly string[];
}

/** A TCB level of the platform. The platform must reach every SVN. */
export interface PlatformLevel extends Level {
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
  readonly tdxComponents: readonly number[];
}

/** A TCB level of the quoting enclave or the TDX module. */
export interface EnclaveLevel extends Level {
  readonly isvSvn: number;
}

const NEEDS = { hardening: 1, configuration: 2, update: 4, replacement: 8 } as const;
const NEEDED: Readonly<Record<LevelStatus, number>> = {
  UpToDate: 0,
  SWHardeningNeeded: NEEDS.hardening,
  ConfigurationNeeded: NEEDS.configuration,
  ConfigurationAndSWHardeningNeeded: NEEDS.configuration | NEEDS.hardening,
  OutOfDate: NEEDS.update,
  OutOfDateConfigurationNeeded: NEEDS.update | NEEDS.configuration,
  Revoked: NEEDS.replacement,
};

/**
 * What holds where each of `statuses` does: never better than the worst of them, and out of date with a
 * configuration needed where one is the first and another the second (DCAP: convergence of TCB statuses).
 */
export function worstStatus(statuses: readonly LevelStatus[]): LevelStatus {
  const needed = statuses.reduce((bits, status) => bits | NEEDED[status], 0);
  if ((needed & NEEDS.replacement) !== 0) return 'Revoked';
  const configuration = (needed & NEEDS.configuration) !== 0;
  if ((needed & NEEDS.update) !== 0) return configuration ? 'OutOfDateConfigurationNeeded' : 'OutOfDate';
  const hardening = (needed & NEEDS.hardening) !== 0;
  if (configuration) return hardening ? 'ConfigurationAndSWHardeningNeeded' : 'ConfigurationNeeded';
  return hardening ? 'SWHardeningNeeded' : 'UpToDate';
}

/**
 * What holds of a TD that was launched at one status and runs at another now, its module having been replaced under
 * it (DCAP: TD relaunch): where what it runs on is out of date no longer, but what it was launched by was, Intel
 * advises to launch it again. `current` is null where it is the same, or not known: the launch's then stands.
 */
export function statusSinceLaunch(launch: LevelStatus, current: LevelStatus | null): TcbStatus {
  if (current === 'Revoked') return current;
  if (current === null || !needs(launch, 'update') || needs(current, 'update')) return launch;
  const configuration = needs(launch, 'configuration') || needs(current, 'configuration');
  return configuration ? 'TDRelaunchAdvisedConfigurationNeeded' : 'TDRelaunchAdvised';
}

function needs(status: LevelStatus, what: keyof typeof NEEDS): boolean {
  return (NEEDED[status] & NEEDS[what]) !== 0;
}

/**
 * The first level that the platform reaches with every SVN, or null. A report whose TEE_TCB_SVN[1] is not 0 has a
 * module of its own identity: bytes 0 and 1 are then its SVN and version, compared there and not here.
 * `teeTcbSvn` is 16 bytes.
 */
export function platformLevel(
  levels: readonly PlatformLevel[],
  pck: Pick<Pck, 'components' | 'pceSvn'>,
  teeTcbSvn: Uint8Array,
): PlatformLevel | null {
  const skipped = moduleId(teeTcbSvn) === null ? 0 : 2;
  const reached = levels.find(
    (level) =>
      covers(pck.components, level.sgxComponents) &&
      pck.pceSvn >= level.pceSvn &&
      covers([...teeTcbSvn.subarray(skipped)], level.tdxComponents.slice(skipped)),
  );
  return reached ?? null;
}

/** The first level whose SVN is reached, or null. */
export function enclaveLevel(levels: readonly EnclaveLevel[], isvSvn: number): EnclaveLevel | null {
  return levels.find((level) => isvSvn >= level.isvSvn) ?? null;
}

/** The id of the module's identity by TEE_TCB_SVN[1], as `TDX_01`; null for 0, a module without one. */
export function moduleId(teeTcbSvn: Uint8Array): string | null {
  const version = teeTcbSvn[1] ?? 0;
  return version === 0 ? null : `TDX_${version.toString(16).toUpperCase().padStart(2, '0')}`;
}

function covers(have: readonly number[], need: readonly number[]): boolean {
  return need.every((svn, i) => (have[i] ?? -1) >= svn);
}
