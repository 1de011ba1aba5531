/** Every claim that an appraisal may make of this platform. */
export const TPM_CLAIMS: readonly string[] = [];
