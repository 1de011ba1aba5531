import type { Hex } from '../bytes.ts';
import type { Facts, Version, VersionPhase } from './state.ts';

/** The phases in the order of a version's life. A quarantined version may also be withdrawn directly. */
export const VERSION_PHASES = ['quarantined', 'releasable', 'withdrawn'] as const satisfies readonly VersionPhase[];

/** Whether a quorum has not published it yet: it is released for evaluation only. */
export function isQuarantined({ phase }: Pick<Version, 'phase'>): boolean {
  return phase === 'quarantined';
}

/** Whether a quorum has published it, and no person has withdrawn it since. */
export function isReleasable({ phase }: Pick<Version, 'phase'>): boolean {
  return phase === 'releasable';
}

/** Whether it is neither released nor published any more. */
export function isWithdrawnVersion({ phase }: Pick<Version, 'phase'>): boolean {
  return phase === 'withdrawn';
}

/** The same as `isWithdrawnVersion` for the version with this manifest. False if there is none. */
export function isWithdrawnUnder({ versions }: Pick<Facts, 'versions'>, manifest: Hex): boolean {
  const version = versions.get(manifest);
  return version !== undefined && isWithdrawnVersion(version);
}
