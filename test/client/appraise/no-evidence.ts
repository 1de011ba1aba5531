import type { RawEvidence } from '../../../client/appraise/raw.ts';

/** No file at all. */
export const NO_EVIDENCE: RawEvidence = { spdm: [], chain: [], nvattest: [] };
