/** Every claim that an appraisal may make of this platform. */
export const SNP_CLAIMS: readonly string[] = [];
