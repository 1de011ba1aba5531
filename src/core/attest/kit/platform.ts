import type * as z from 'zod/mini';
import type { Verify } from '../../signature/claim.ts';
import type { ClaimForms } from './claim-form.ts';
import type { RuleResult } from './rule-result.ts';
import type { Needs } from './wanted.ts';

/** What one platform's part of an appraisal is a function of. */
export interface PlatformInput<Report, Values, Endorsements = unknown> {
  /** Attacker-controlled, of the form that its schema says. */
  readonly report: Report;
  /**
   * What the report must carry to be of this host and this request; null where none is expected (authenticity alone).
   */
  readonly expectedData: Uint8Array | null;
  /** All endorsements. A platform reads its own member, and those of the hardware below it. */
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

/** Roots that reference values pin, and whether one, in DER, is the vendor's own. */
export interface PinnedRoots {
  /** Where they stand in the platform's reference values, such as `products`. */
  readonly field: string;
  /** DER in base64url. */
  readonly roots: readonly string[];
  isVendors(der: Uint8Array): boolean;
}

/** What every row of the two tables in platforms.ts says. */
interface Row<Report, Values, Endorsements> {
  readonly report: z.ZodMiniType<Report>;
  /** The reference values of the committee. */
  readonly values: z.ZodMiniType<Values>;
  /** What vendors say, as one member of the endorsements. Null where there is none of its own. */
  readonly endorsements: z.ZodMiniType | null;
  /** Where what vendors say is to be had. Null where the evidence is complete in itself. */
  readonly needs: Needs<Report, Endorsements> | null;
  /** The claims of an appraisal that a policy may revoke; those of a device without its place. */
  readonly claims: ClaimForms;
  /** The roots that these values pin. None where the quorum alone says who counts. */
  pinnedRoots(values: Values): readonly PinnedRoots[];
}

/** One platform: a CPU's report, a TPM's quote, or the token of a service that speaks for one. */
export interface Platform<Report, Values, Endorsements = unknown> extends Row<Report, Values, Endorsements> {
  /** The template of a policy says this above the platform's reference values. */
  readonly about: string;
  /** How much of the host's frame the report carries: 64 bytes of SHA-512, or 32 of SHA-256. */
  readonly boundBytes: 32 | 64;
  /** The values that a simulation vault begins with. Null for hardware: a production vault takes nothing else. */
  readonly simulation: Values | null;
  /** A warning to the founder of a production vault about these values; null where there is none. */
  caution(values: Values): string | null;
  /** Throws `malformed`, and what else its docstring names, for a report that cannot be parsed. */
  appraise(input: PlatformInput<Report, Values, Endorsements>): Promise<PlatformResult>;
}

export interface DeviceInput<Report, Values, Endorsements = unknown>
  extends PlatformInput<Report, Values, Endorsements> {
  /** How many NVSwitches a host may show, as the policy lists them; null to check authenticity alone. */
  readonly allowedSwitches: readonly number[] | null;
}

/** One kind of evidence about the GPUs and NVSwitches of a machine. */
export interface DevicePlatform<Report, Values, Endorsements = unknown> extends Row<Report, Values, Endorsements> {
  /** Throws `malformed` for evidence that cannot be parsed. */
  appraise(input: DeviceInput<Report, Values, Endorsements>): Promise<PlatformResult>;
}
