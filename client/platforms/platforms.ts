import type { PartsToAppraise } from '../../src/core/attest/compose.ts';
import type { Endorsements } from '../../src/core/attest/endorsements.ts';
import {
  PLATFORM_IDS,
  type PlatformId,
  type PlatformReports,
  type PlatformValues,
} from '../../src/core/attest/platforms.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { must } from '../../src/core/errors.ts';
import type { Choices, Host } from './kit/host.ts';
import type { FilesGiven, VendorFiles } from './kit/vendor-files.ts';
import { NITRO } from './nitro.ts';
import type { Claims, ClientPlatform, ClientPlatformOf, Firmware } from './platform.ts';
import { SIMULATED } from './simulated.ts';
import { SNP } from './snp.ts';
import type { EvidenceSource } from './source.ts';
import { TDX } from './tdx.ts';
import { TPM } from './tpm.ts';
import { TRUST_AUTHORITY } from './trust-authority.ts';

/** Every platform of core's table, under the same name. To add one: its file, and a line here. */
const CLIENT_PLATFORMS: { readonly [Id in PlatformId]: ClientPlatformOf<Id> } = {
  simulated: SIMULATED,
  snp: SNP,
  tdx: TDX,
  tpm: TPM,
  nitro: NITRO,
  'intel-trust-authority': TRUST_AUTHORITY,
};

type AnyPlatform = ClientPlatform<PlatformReports[PlatformId], PlatformValues[PlatformId]>;

/** The rows in core's order. A row is given its own values and report alone. */
const ROWS: readonly (readonly [PlatformId, AnyPlatform])[] = PLATFORM_IDS.map((id) => [id, clientPlatform(id)]);

/** The client's row of a platform. */
export function clientPlatform(id: PlatformId): AnyPlatform {
  return CLIENT_PLATFORMS[id] as unknown as AnyPlatform;
}

/** What `each` makes of every platform and of its values, where the document has some. */
export function eachPlatform<T>(
  values: ReferenceValues,
  each: (row: AnyPlatform, values: PlatformValues[PlatformId] | undefined) => T,
): T[] {
  return ROWS.map(([id, row]) => each(row, values[id]));
}

/** The document's values with this host. Throws as the platform's `propose`. */
export function withReport(before: ReferenceValues, host: Host, choices: Choices): Partial<ReferenceValues> {
  const { report } = host.parts;
  if (report === null) return {};
  const id = report.platform;
  return { [id]: clientPlatform(id).propose(before[id] ?? null, report, host, choices) };
}

/** The name of the platform whose claims and rules begin with this word; null where no row's do. */
export function platformName(word: string): string | null {
  return ROWS.find(([, { claimsOf }]) => claimsOf === word)?.[1].name ?? null;
}

/** Null where the claims say nothing of it. */
export function firmwareIn(claims: Claims): Firmware | null {
  for (const [, row] of ROWS) {
    const firmware = row.firmware(claims);
    if (firmware !== null) return firmware;
  }
  return null;
}

/** Remarks on authentic evidence that was not compared with reference values. */
export function cautionsOf(claims: Claims): readonly string[] {
  return ROWS.flatMap(([, row]) => row.cautions(claims));
}

/** The sources of evidence. */
export const EVIDENCE_SOURCES: readonly EvidenceSource[] = ROWS.flatMap(([, { sources }]) => sources);

/** The digest of an image that no hardware measured; null where hardware did. */
export function pretendedImageIn(claims: Claims): string | null {
  return ROWS.map(([, row]) => row.pretendedImage(claims)).find((digest) => digest !== null) ?? null;
}

/** Files of the vendors' tools, each under the name that the command line's parser gives its flag. */
export const VENDOR_FILES: VendorFiles = Object.assign({}, ...ROWS.map(([, { files }]) => files));

/** The report that the files make; null for none. Throws `usage` for several, and as the rows. */
export function reportIn(file: FilesGiven): PartsToAppraise['report'] {
  const given = ROWS.flatMap(([, row]) => row.reportIn(file) ?? []);
  const flags = ROWS.flatMap(([, { files }]) => Object.values(files).slice(0, 1)).map(({ flag }) => flag.split(' ')[0]);
  const one = `expected one of ${flags.slice(0, -1).join(', ')} and ${flags.at(-1)}`;
  must(given.length <= 1, 'usage', one);
  return given[0]?.() ?? null;
}

/** The endorsements for evidence of this platform, from the files, in place of `before`. */
export function endorsedIn(file: FilesGiven, platform: PlatformId | null, before: Endorsements): Partial<Endorsements> {
  return Object.assign({}, ...ROWS.map(([id, row]) => row.endorsedIn(file, before, id === platform)));
}
