import type { HardwareId } from '../../src/core/attest/paravisor/hardware.ts';
import type { PlatformReports, PlatformValues } from '../../src/core/attest/platforms.ts';
import type { TpmReferenceValues } from '../../src/core/attest/tpm/reference-values.ts';
import type { TpmIdentityOf } from '../../src/core/attest/tpm/report.ts';
import type { Choices, Host } from './kit/host.ts';
import type { Remark } from './kit/remark.ts';
import type { Claims, ClientPlatform, ClientPlatformOf } from './platform.ts';
import { SNP } from './snp.ts';
import { TDX } from './tdx.ts';

type Expected = PlatformValues[HardwareId];
type Row = ClientPlatform<PlatformReports[HardwareId], Expected>;
type Paravisor = TpmReferenceValues['paravisor'];

/** The platforms that a paravisor runs on, as in core. */
const HARDWARE: { readonly [Id in HardwareId]: ClientPlatformOf<Id> } = { snp: SNP, tdx: TDX };
/** A row is given its own values and report alone. */
const ROWS = Object.entries(HARDWARE) as unknown as readonly (readonly [HardwareId, Row])[];

/** What a row says of its values under a paravisor, of every platform that the document has values for. */
export function paravisorRemarks(
  paravisor: Paravisor,
  remarks: (row: Row, values: Expected, name: string) => Remark[],
): Remark[] {
  return ROWS.flatMap(([id, row]) => {
    const values = paravisor?.[id];
    return values === undefined ? [] : remarks(row, values, `TPM of a paravisor on ${row.hosts}`);
  });
}

/** The document's values with the hardware below this host's paravisor. */
export function withParavisor(
  before: Paravisor,
  report: TpmIdentityOf<'runtime'>['hardware'],
  host: Host,
  choices: Choices,
): Paravisor {
  const id = report.platform;
  const row = HARDWARE[id] as unknown as Row;
  return { ...before, [id]: row.propose(before?.[id] ?? null, report, host, choices) };
}

/** The hardware below the TPM, from its claims; null where there is none. */
export function hardwareText(claims: Claims): string | null {
  const row = Object.values(HARDWARE).find(({ claimsOf }) => claims[`${claimsOf}.version`] !== undefined);
  return row?.machineText(claims) ?? null;
}
