import * as z from 'zod/mini';

/** A service's JWKS as it was served; its keys live about two days, so it is archived with the decision. */
export const keySet = z.strictObject({
  service: z.enum(['nras', 'intel-trust-authority']),
  jwks: z.string().check(z.minLength(2), z.maxLength(131_072)),
});
export type KeySet = z.infer<typeof keySet>;
