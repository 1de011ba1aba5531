import type { Command } from 'commander';
import type { Endorsements } from '../../src/core/attest/endorsements.ts';
import type { GpuEvidence } from '../../src/core/attest/evidence.ts';
import { fromHex, type Hex, toHex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { createFile } from '../../src/platform/files/durable.ts';
import { platformRandom } from '../../src/platform/random.ts';
import type { Collectors } from '../host/collectors/machine.ts';
import {
  boundFor,
  type EvidenceParts,
  evidencePartsBytes,
  parseEvidenceParts,
  partsData,
} from '../host/evidence-parts.ts';
import { collectorsOf, type HostEvidenceFlags, withEvidenceFlags } from './collector-flags.ts';
import { type Invocation, invoke } from './invocation.ts';

interface NonceFlag {
  readonly nonce?: string;
}

export function addEvidence(program: Command): void {
  withEvidenceFlags(program.command('evidence <file>'))
    .description('writes the evidence of this host into a file; needs no vault, and shows no keys')
    .option('--nonce <hex>', '32 bytes that the person who asks for the evidence has chosen (default: random)')
    .addHelpText(
      'after',
      `
Without --tpm-pcrs, PCR 10 is not quoted: it grows while the host runs, so no list of values would hold for long.
Quote at least one PCR that the boot extends: what was never measured is zero on every host.

Examples:
  twinlock evidence host.json && twinlock appraise host.json
  twinlock evidence host.json --evidence snp --vmpl 1 --gpu none
  twinlock evidence host.json --tpm-ak 0x81010002 --tpm-ak-certificate ak.pem --nonce "$NONCE"`,
    )
    .action((file: string, flags: HostEvidenceFlags & NonceFlag, command: Command) =>
      invoke(command, (invocation) => run(invocation, file, flags)),
    );
}

async function run({ terminal }: Invocation, file: string, flags: HostEvidenceFlags & NonceFlag): Promise<void> {
  const nonce = flags.nonce ?? toHex(platformRandom(32));
  must(/^[0-9a-f]{64}$/.test(nonce), 'usage', `--nonce: expected 32 bytes in lower-case hexadecimal, got ${nonce}`);
  const bytes = evidencePartsBytes(await collectParts(await collectorsOf(flags), nonce));
  const { report, gpu, endorsements, reportData } = parseEvidenceParts(bytes);
  await createFile(file, bytes, { mode: 0o644 });
  terminal.result({ file, nonce, platform: report.platform, gpu: gpu?.kind ?? null, reportData }, [
    `evidence     ${file}`,
    `platform     ${report.platform}`,
    `gpu          ${gpuText(gpu)}`,
    `endorsed by  ${endorsementsText(endorsements)}`,
    `nonce        ${nonce}`,
    `report data  ${reportData}`,
    `next         twinlock appraise ${file}`,
  ]);
}

/** Collects the GPUs' evidence first, since the CPU's report binds it, as in a request. */
async function collectParts({ cpu, gpu }: Collectors, nonce: Hex): Promise<EvidenceParts> {
  const shown = gpu === null ? null : await gpu.gpu(fromHex(nonce));
  const data = partsData(nonce, shown);
  const { report, endorsements } = await cpu.report(data);
  const reportData = toHex(boundFor(report.platform, data));
  const gpuNonce = shown === null ? null : nonce;
  return { v: 1, kind: 'evidence-parts', report, gpu: shown, endorsements, reportData, gpuNonce };
}

function gpuText(gpu: GpuEvidence | null): string {
  if (gpu === null) return 'none';
  const { length } = gpu.devices;
  return `${length} ${length === 1 ? 'device' : 'devices'}, ${gpu.kind}`;
}

/** Names the platforms that the host has endorsements for, as the document names them. */
function endorsementsText({ v: _v, kind: _kind, ...given }: Endorsements): string {
  const names = Object.keys(given);
  return names.length === 0 ? 'nothing that this host has' : `what this host has for ${names.join(', ')}`;
}
