/** Every claim that an appraisal may make of this platform. */
export const TDX_CLAIMS: readonly string[] = [];
