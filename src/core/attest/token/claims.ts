/** Every claim that an appraisal may make of a token. */
export const TOKEN_CLAIMS: readonly string[] = [];
