import * as z from 'zod/mini';
import type { Hex } from '../bytes.ts';
import { digestOf, parseCanonicalAs } from '../canonical.ts';
import { digest, humanText, instantMs } from '../schema.ts';
import { ruleResult } from './kit/rule-result.ts';
import { PLATFORM_IDS } from './platforms.ts';

export const MAX_APPRAISAL_BYTES = 512 * 1024;
/** 24 devices make 400 of each, their host 100. */
const MAX_RULES = 1024;
const MAX_CLAIMS = 1024;

/** Counted before they are read: a record has no limit of its own. */
const claims = z.pipe(
  z
    .looseObject({})
    .check(z.refine((all) => Object.keys(all).length <= MAX_CLAIMS, `expected at most ${MAX_CLAIMS} claims`)),
  z.record(z.string(), z.string().check(z.maxLength(2048))),
);

/**
 * The result of an appraisal (RFC 9334: attestation result): the same bytes on every machine that computes it.
 * Its digest is what a release statement names; approvers and auditors compute it again.
 */
const appraisalSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('appraisal'),
  /** The platform of the report; `gpu` if there is no report, which no release may name. */
  platform: z.enum([...PLATFORM_IDS, 'gpu']),
  instant: instantMs,
  evidence: digest,
  endorsements: digest,
  /** Null where authenticity alone was checked, which no release may name. */
  referenceValues: z.nullable(digest),
  label: humanText(64),
  claims,
  rules: z.array(ruleResult).check(z.maxLength(MAX_RULES)),
  verdict: z.enum(['pass', 'fail']),
});
/** The result of an appraisal: claims, each rule with what it expected and got, and a verdict (attest/FORMAT.md). */
export type Appraisal = z.infer<typeof appraisalSchema>;

/** Parses an attacker-controlled appraisal. A caller that relies on it MUST appraise the evidence again. */
export function parseAppraisal(bytes: Uint8Array): { appraisal: Appraisal; digest: Hex } {
  const appraisal = parseCanonicalAs(appraisalSchema, bytes, MAX_APPRAISAL_BYTES, 'appraisal');
  return { appraisal, digest: digestOf(bytes) };
}
