import type { Code } from '../../../../src/core/errors.ts';
import type { Draft } from '../../../../src/core/log/entry.ts';
import type { Place } from '../../../world/log.ts';
import type { World } from '../../../world.ts';

/** An entry that must be refused, and the world that must stay as it was. */
export type Attempt = readonly [world: World, entry: Draft | Uint8Array, place?: Place];

export interface BrokenRule {
  /** What is refused. */
  readonly rule: string;
  readonly code: Code;
  /** The file below src/core that refuses. */
  readonly at: string;
  readonly attempt: () => Promise<Attempt>;
}

export const OTHER = '77'.repeat(32);
export const OTHER_ID = '77'.repeat(16);
export const MINUTE_MS = 60_000;

/** Cases of one file of rules. */
export function rulesAt(at: string) {
  return (code: Code, rule: string, attempt: () => Promise<Attempt>): BrokenRule => ({ rule, code, at, attempt });
}
