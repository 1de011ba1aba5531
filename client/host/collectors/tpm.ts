import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import type { TpmIdentity, TpmReport } from '../../../src/core/attest/tpm/report.ts';
import { pcrsOfValues } from '../../../src/core/attest/tpm/signature-forms.ts';
import { toBase64url, toHex } from '../../../src/core/bytes.ts';
import { runCommand } from './command.ts';
import type { BoundData, Collected, CpuCollector } from './machine.ts';

export interface TpmOptions {
  /** The attestation key: a persistent handle, or the path of a context file. */
  readonly ak: string;
  /** Ascending, each once, 0 to 23. */
  readonly pcrs: readonly number[];
  /** The key's certificate and its issuers, leaf first, DER; null for a key that custodians activated. */
  readonly certificate: readonly Uint8Array[] | null;
}

/** A TPM 2.0, by tpm2-tools, which find it as TPM2TOOLS_TCTI says. */
export class Tpm implements CpuCollector {
  readonly #options: TpmOptions;

  constructor(options: TpmOptions) {
    this.#options = options;
  }

  async report({ extraData }: BoundData): Promise<Collected> {
    const { ak, pcrs, certificate } = this.#options;
    return withPrivateFolder(async (folder) => {
      const quoted = await quote({ ak, pcrs, extraData, folder });
      const key = toBase64url(await tool('tpm2_readpublic', folder, ['-c', ak, '-f', 'tss', '-o'], 'ak.public'));
      if (!isHandle(ak)) await flush();
      const identity: TpmIdentity =
        certificate === null
          ? { kind: 'activated', key }
          : { kind: 'certificate', key, chain: certificate.map(toBase64url) };
      return { report: { platform: 'tpm', ...quoted, identity }, endorsements: NO_ENDORSEMENTS };
    });
  }
}

interface QuoteOptions {
  readonly ak: string;
  readonly pcrs: readonly number[];
  readonly extraData: Uint8Array;
  /** The folder in which the tools write; only this user can use it. */
  readonly folder: string;
}

/** A quote and the SHA-256 PCRs that it is of: tpm2_quote reads them after it, and fails where one has changed. */
export async function quote({
  ak,
  pcrs,
  extraData,
  folder,
}: QuoteOptions): Promise<Omit<TpmReport, 'platform' | 'identity'>> {
  const path = (name: string) => join(folder, name);
  const values = await tool(
    'tpm2_quote',
    folder,
    [
      ...['-c', ak, '-l', `sha256:${pcrs.join(',')}`, '-q', toHex(extraData), '-g', 'sha256'],
      ...['-m', path('attest'), '-s', path('signature'), '-F', 'values', '-o'],
    ],
    'pcrs',
  );
  return {
    attest: toBase64url(await readFile(path('attest'))),
    signature: toBase64url(await readFile(path('signature'))),
    pcrs: pcrsOfValues(values, pcrs),
  };
}

function isHandle(ak: string): boolean {
  return /^0x[0-9a-fA-F]+$/.test(ak);
}

/**
 * A key from a file stays loaded, and a TPM that no resource manager shares out has room for three. Where one
 * does, there is nothing of ours left, and what others have loaded is out of reach.
 */
async function flush(): Promise<void> {
  await tpm2('tpm2_flushcontext', ['-t']);
}

/** What one of tpm2-tools writes into the file that its last argument names. */
export async function tool(file: string, folder: string, args: readonly string[], output: string): Promise<Uint8Array> {
  const path = join(folder, output);
  await tpm2(file, [...args, path]);
  return new Uint8Array(await readFile(path));
}

async function tpm2(file: string, args: readonly string[]): Promise<void> {
  await runCommand({
    file,
    args,
    variables: ['TPM2TOOLS_TCTI'],
    remedy: 'is there a TPM, are tpm2-tools installed, and is TPM2TOOLS_TCTI as it should be?',
  });
}

/** A folder of mode 0700, gone afterwards. */
export async function withPrivateFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'twinlock-tpm-'));
  try {
    return await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
