import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import type { GpuEvidence } from '../../../src/core/attest/evidence.ts';
import { nrasEvidenceOf } from '../../../src/core/attest/token/nras-json.ts';
import { trustAuthorityReport } from '../../../src/core/attest/token/report.ts';
import { fromUtf8, toBase64, toHex } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { parseAs } from '../../../src/core/schema.ts';
import { runCommand } from './command.ts';
import type { BoundData, Collected, CpuCollector, GpuCollector } from './machine.ts';

/** A program and its arguments; one of them holds the placeholder. */
export type TokenCommand = readonly string[];

/** Intel Trust Authority's token for this machine, by the command that the operator names. */
export class TrustAuthorityToken implements CpuCollector {
  readonly #command: TokenCommand;

  /** `{reportData}` in an argument becomes the 64 bytes in base64. Throws `usage` where it is nowhere. */
  constructor(command: TokenCommand) {
    this.#command = withPlaceholder(command, '{reportData}');
  }

  async report({ reportData }: BoundData): Promise<Collected> {
    const token = await run(this.#command, '{reportData}', toBase64(reportData));
    const report = { platform: 'intel-trust-authority', token };
    return { report: parseAs(trustAuthorityReport, report, 'token command'), endorsements: NO_ENDORSEMENTS };
  }
}

/** NVIDIA NRAS's tokens for this machine's GPUs, by the command that the operator names. */
export class NrasToken implements GpuCollector {
  readonly #command: TokenCommand;

  /** `{nonce}` in an argument becomes the 32 bytes in hex. Throws `usage` where it is nowhere. */
  constructor(command: TokenCommand) {
    this.#command = withPlaceholder(command, '{nonce}');
  }

  async gpu(nonce: Uint8Array): Promise<GpuEvidence> {
    return nrasEvidenceOf(await run(this.#command, '{nonce}', toHex(nonce)));
  }
}

function withPlaceholder(command: TokenCommand, placeholder: string): TokenCommand {
  const isThere = command.slice(1).some((argument) => argument.includes(placeholder));
  must(isThere, 'usage', `${command.join(' ')}: one of the arguments must hold ${placeholder}`);
  return command;
}

async function run([file, ...args]: TokenCommand, placeholder: string, value: string): Promise<string> {
  const printed = await runCommand({
    file: file ?? '',
    args: args.map((argument) => argument.replaceAll(placeholder, value)),
    // How it shows the service who it is, is between the two of them.
    variables: 'all',
    remedy: 'it is to print a token, and nothing else, on standard output',
  });
  return fromUtf8(printed).trim();
}
