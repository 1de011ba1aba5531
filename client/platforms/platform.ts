import type { Endorsements } from '../../src/core/attest/endorsements.ts';
import type { PlatformId, PlatformReports, PlatformValues } from '../../src/core/attest/platforms.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import type { Choices, Host } from './kit/host.ts';
import type { Remark } from './kit/remark.ts';
import type { FilesGiven, VendorFiles } from './kit/vendor-files.ts';
import type { EvidenceSource } from './source.ts';

export type Claims = Host['claims'];

/** A vendor's statement about a machine's firmware, from the claims. */
export interface Firmware {
  readonly status: string;
  readonly advisories: string;
}

/**
 * The client's knowledge of one platform: the other half of core's row of the same name. Pure, so that the page has it.
 */
export interface ClientPlatform<Report, Expected> {
  /** The name for people: `AMD SEV-SNP`. */
  readonly name: string;
  /** The first word of its claims and rules. */
  readonly claimsOf: string;
  /** The beginning of a sentence about its hosts: `TPMs`. */
  readonly hosts: string;
  /** Says what values accept and refuse, in sentences that begin with `hosts` (`name`: in place of it). */
  describe(values: Expected, name: string): Remark[];
  /** Publicly known weaknesses that could pass under these values. */
  weaknesses(values: Expected, name: string, revoked: ReferenceValues['revoked']): Remark[];
  /**
   * Values under which this host passes besides what `before` allows; null for none before. Throws `usage`, `exists` and
   * as the platform's parsers.
   */
  propose(before: Expected | null, report: Report, host: Host, choices: Choices): Expected;
  /** The kind of machine that proves itself, from its claims. */
  machineText(claims: Claims): string;
  /** Null where the claims say nothing of it. */
  firmware(claims: Claims): Firmware | null;
  /** Remarks on authentic evidence that was not compared with reference values. */
  cautions(claims: Claims): readonly string[];
  /** Files of the vendor's tools. The first makes a report; none where no tool writes any. */
  readonly files: VendorFiles;
  /**
   * What makes the report of these files; null where they hold none. Throws `usage` for files that say nothing alone.
   */
  reportIn(file: FilesGiven): (() => Report) | null;
  /** The endorsements from the files, in place of `before`. `isOwn`: the evidence is of this platform. */
  endorsedIn(file: FilesGiven, before: Endorsements, isOwn: boolean): Partial<Endorsements>;
  /** The sources of this platform's evidence. */
  readonly sources: readonly EvidenceSource[];
  /** The digest of an image that no hardware measured; null where hardware did. */
  pretendedImage(claims: Claims): string | null;
}

export type ClientPlatformOf<Id extends PlatformId> = ClientPlatform<PlatformReports[Id], PlatformValues[Id]>;
