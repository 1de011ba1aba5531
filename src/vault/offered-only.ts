import type { Endorser } from './ports.ts';

/** A vault without a source of its own: hosts bring the endorsements that their evidence needs. */
export const offeredOnly: Endorser = { endorse: async (_evidence, offered) => offered };
