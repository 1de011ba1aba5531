import * as z from 'zod/mini';

/** A service's JWKS as it was served; its keys live about two days, so it is archived with the decision. */
export const keySet = z.string().check(z.minLength(2), z.maxLength(131_072));

/** An attestation service, by the name that its key set has among all endorsements. */
export type ServiceName = 'intel-trust-authority' | 'nras';
export type ServiceEndorsed = { readonly [Name in ServiceName]?: string | undefined };
