import * as z from 'zod/mini';
import { concat, fromBase64 } from '../../bytes.ts';
import type { JsonObject } from '../../canonical.ts';
import { parseAs } from '../../schema.ts';
import { ABSENT, claimText, tokenText } from './jws.ts';

const base64Text = z.string().check(z.maxLength(16_384));
const policyIds = z.nullish(z.array(z.object({ id: tokenText, version: claimText })).check(z.maxLength(256)));

/** What the service says of the attester: at the top in tokens of version 1, under `tdx` in version 2. */
const attesterClaims = z.object({
  attester_type: z.optional(tokenText),
  attester_held_data: z._default(base64Text, ''),
  verifier_nonce: z.optional(z.object({ val: base64Text, iat: base64Text })),
  attester_tcb_status: claimText,
  attester_tcb_date: claimText,
  dbgstat: claimText,
  platform_instance_id: claimText,
  tdx_is_debuggable: z.optional(z.boolean()),
  tdx_mrsignerseam: claimText,
  tdx_seam_attributes: claimText,
  tdx_td_attributes: claimText,
  tdx_xfam: claimText,
  tdx_mrtd: claimText,
  tdx_mrconfigid: claimText,
  tdx_mrowner: claimText,
  tdx_mrownerconfig: claimText,
  tdx_rtmr0: claimText,
  tdx_rtmr1: claimText,
  tdx_rtmr2: claimText,
  tdx_rtmr3: claimText,
  tdx_report_data: claimText,
  sgx_report_data: claimText,
});

/** The claims about the tenant's policies. */
const policyClaims = z.object({ policy_ids_matched: policyIds, policy_ids_unmatched: policyIds });

const payloadSchema = z.object({ tdx: z.optional(z.looseObject({})) });

/** A token of Trust Authority, both of its versions in one form; nothing of it is trusted yet. */
export interface TrustAuthorityClaims {
  readonly type: string;
  /** The service's nonce and when it gave it, as they are hashed; empty where none was asked for. */
  readonly nonce: Uint8Array;
  readonly heldData: Uint8Array;
  /** Hexadecimal, as the quote carries it. */
  readonly reportData: { readonly tdx: string; readonly sgx: string };
  readonly debugStatus: string;
  readonly isDebuggable: string;
  readonly mrSignerSeam: string;
  readonly seamAttributes: string;
  /** "id version" of each; in tokens of version 2, of those at the top and of those under `tdx`. */
  readonly matched: readonly string[];
  readonly unmatched: readonly string[];
  /** By the name of the appraisal's claim, without its prefix. */
  readonly shown: {
    readonly 'attester-type': string;
    readonly 'tcb-status': string;
    readonly 'tcb-date': string;
    readonly platform: string;
    readonly attributes: string;
    readonly xfam: string;
    readonly mrtd: string;
    readonly mrconfigid: string;
    readonly mrowner: string;
    readonly mrownerconfig: string;
    readonly rtmr0: string;
    readonly rtmr1: string;
    readonly rtmr2: string;
    readonly rtmr3: string;
  };
}

/**
 * Parses the attacker-controlled payload of a token (Intel Trust Authority EAT profile 1.0.1 and its version 2). A
 * claim that is not made reads as `absent`, which no rule allows. Throws `malformed`.
 */
export function parseTrustAuthorityPayload(payload: JsonObject): TrustAuthorityClaims {
  const { tdx } = parseAs(payloadSchema, payload, 'ita');
  const claims = parseAs(attesterClaims, tdx ?? payload, tdx === undefined ? 'ita' : 'ita.tdx');
  const policies = [parseAs(policyClaims, payload, 'ita'), parseAs(policyClaims, tdx ?? {}, 'ita.tdx')];
  const { attester_type: type = tdx === undefined ? ABSENT : 'TDX', verifier_nonce: nonce } = claims;
  return {
    type,
    nonce: nonce === undefined ? new Uint8Array(0) : concat(fromBase64(nonce.val), fromBase64(nonce.iat)),
    heldData: fromBase64(claims.attester_held_data),
    reportData: { tdx: claims.tdx_report_data, sgx: claims.sgx_report_data },
    debugStatus: claims.dbgstat,
    isDebuggable: String(claims.tdx_is_debuggable ?? ABSENT),
    mrSignerSeam: claims.tdx_mrsignerseam,
    seamAttributes: claims.tdx_seam_attributes,
    matched: textsOf(policies.map((one) => one.policy_ids_matched)),
    unmatched: textsOf(policies.map((one) => one.policy_ids_unmatched)),
    shown: {
      'attester-type': type,
      'tcb-status': claims.attester_tcb_status,
      'tcb-date': claims.attester_tcb_date,
      platform: claims.platform_instance_id,
      attributes: claims.tdx_td_attributes,
      xfam: claims.tdx_xfam,
      mrtd: claims.tdx_mrtd,
      mrconfigid: claims.tdx_mrconfigid,
      mrowner: claims.tdx_mrowner,
      mrownerconfig: claims.tdx_mrownerconfig,
      rtmr0: claims.tdx_rtmr0,
      rtmr1: claims.tdx_rtmr1,
      rtmr2: claims.tdx_rtmr2,
      rtmr3: claims.tdx_rtmr3,
    },
  };
}

function textsOf(lists: readonly z.infer<typeof policyIds>[]): string[] {
  const texts = lists.flatMap((list) => list ?? []).map(({ id, version }) => `${id} ${version}`);
  return [...new Set(texts)];
}
