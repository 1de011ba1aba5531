import type { Verify } from '../signature/claim.ts';
import type { RuleResult } from './appraisal.ts';
import type { Endorsements } from './endorsements.ts';

/** What one platform's part of an appraisal is a function of. */
export interface PlatformInput<Report, Values> {
  /** Attacker-controlled, of the form that its schema says. */
  readonly report: Report;
  /** What the report must carry to be of this host and this request; null where none is expected (authenticity alone). */
  readonly expectedData: Uint8Array | null;
  readonly endorsements: Endorsements;
  /** Null to check authenticity alone: rules that compare with reference values are then left out. */
  readonly referenceValues: Values | null;
  readonly instantMs: number;
  /** An appraisal keeps only the code of what it throws, so that every verifier leads to the same bytes. */
  readonly verify: Verify;
}

/** What a report says and how it compares: the platform's part of an appraisal. */
export interface PlatformResult {
  /** From the enrolled chip id or attestation key, never from what the host says of itself. */
  readonly label: string;
  readonly claims: Readonly<Record<string, string>>;
  readonly rules: readonly RuleResult[];
}
