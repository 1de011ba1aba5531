import * as z from 'zod/mini';
import { binary, digest, id } from '../../schema.ts';
import { tdValues } from '../kit/td.ts';
import { ABSENT, tokenText } from './jws.ts';

/** A policy cannot pin the text that stands for a claim that was not made. */
const pinnedText = tokenText.check(
  z.minLength(1),
  z.refine((text: string) => text !== ABSENT, 'expected a value'),
);
/** A day: a policy that gives longer would take tokens that were not asked for now. */
const MAX_GRACE_MS = 86_400_000;
const list = <T extends z.ZodMiniType>(item: T) => z.array(item).check(z.maxLength(256));

/**
 * The service whose tokens count. A key counts if it is listed or chains to an anchor. Without keys and anchors, no
 * token counts.
 */
const service = {
  /** The exact `iss` of its tokens. */
  issuer: pinnedText,
  /** DER certificates that a key's `x5c` must end in or be issued by: roots, or intermediates in their place. */
  anchors: z.array(binary(1, 8192)).check(z.maxLength(16)),
  /** SHA-256 of the DER SubjectPublicKeyInfo of keys that need no certificate. */
  keys: z.array(digest).check(z.maxLength(64)),
  /**
   * How long after its `exp` a token still counts, in milliseconds: tokens live for minutes, and every approver
   * appraises at a time of their own. Beginnings are not moved. 0 is strict.
   */
  graceMs: z.int().check(z.gte(0), z.lte(MAX_GRACE_MS)),
};
export type ServiceReferenceValues = z.infer<z.ZodMiniObject<typeof service>>;

/** A policy of Trust Authority's tenant, at one of its versions. */
const policy = z.strictObject({
  id: z.string().check(z.regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'expected a UUID in lower case')),
  version: pinnedText,
});

/** The reference values for a Trust Authority token about a TD. An empty list refuses every host. */
export const trustAuthorityReferenceValues = z.strictObject({
  platform: z.literal('intel-trust-authority'),
  ...service,
  /**
   * As of a TD that shows its quote. `tcbStatuses` is of `attester_tcb_status`, `minTcbDate` of `attester_tcb_date`.
   */
  ...tdValues,
  /** Platform instance ids; null: any platform. */
  platforms: z.nullable(list(id)),
  /** Policies of Trust Authority that must all have matched, while none was unmatched; null: not compared. */
  policies: z.nullable(list(policy)),
});
export type TrustAuthorityReferenceValues = z.infer<typeof trustAuthorityReferenceValues>;

/** The reference values for NRAS tokens about GPUs. An empty list refuses every host. */
export const nrasReferenceValues = z.strictObject({
  service: z.literal('nras'),
  ...service,
  /** `x-nvidia-ver`: which claims NRAS makes. */
  claimsVersions: z.array(z.enum(['2.0', '3.0'])).check(z.maxLength(2)),
  hwModels: list(pinnedText),
  drivers: list(pinnedText),
  vbioses: list(pinnedText),
});
export type NrasReferenceValues = z.infer<typeof nrasReferenceValues>;
