import type { Needs } from '../core/attest/kit/wanted.ts';
import { DEVICES, PLATFORMS } from '../core/attest/platforms.ts';

/** What all platforms and kinds of device evidence need of vendors. */
export const ALL_NEEDS: readonly Omit<Needs<never, unknown>, 'endorse'>[] = [
  ...Object.values(PLATFORMS),
  ...Object.values(DEVICES),
].flatMap(({ needs }) => needs ?? []);
