import type { Needs } from '../core/attest/kit/wanted.ts';
import { DEVICES, PLATFORMS } from '../core/attest/platforms.ts';

/** The endorsements that all platforms and kinds of device evidence need. */
export const ALL_NEEDS: readonly Omit<Needs<never, unknown>, 'endorse'>[] = [
  ...Object.values(PLATFORMS),
  ...Object.values(DEVICES),
].flatMap(({ needs }) => needs ?? []);
