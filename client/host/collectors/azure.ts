import * as z from 'zod/mini';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { azureHcl, type HclReport } from '../../../src/core/attest/paravisor/hcl.ts';
import type { TpmIdentityOf } from '../../../src/core/attest/tpm/report.ts';
import { type Base64url, toBase64url } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { binary, parseAs } from '../../../src/core/schema.ts';
import type { BoundData, Collected, CpuCollector } from './machine.ts';
import { quote, tool, withPrivateFolder } from './tpm.ts';

/** The places at which the paravisor (HCL) keeps its hardware report and its attestation key. */
export const HCL_INDEX = '0x01400001';
const AK = '0x81000003';

/** Has a TD report signed into a quote; link-local, so what is asked never leaves the host. */
export const AZURE_QUOTE_URL = 'http://169.254.169.254/acc/tdquote';
const QUOTE_TIMEOUT_MS = 30_000;

const quoteAnswer = z.object({ quote: binary(1, 16_384) });

type Hardware = TpmIdentityOf<'runtime'>['hardware'];

/**
 * An Azure confidential VM: its vTPM's quote, and the hardware report of the paravisor that the vTPM's key is in.
 * The chip's certificates are the vault's to get.
 */
export class AzureParavisor implements CpuCollector {
  readonly #pcrs: readonly number[];
  readonly #quoteUrl: string;

  constructor({ pcrs, quoteUrl }: { readonly pcrs: readonly number[]; readonly quoteUrl: string }) {
    this.#pcrs = pcrs;
    this.#quoteUrl = quoteUrl;
  }

  async report({ extraData }: BoundData): Promise<Collected> {
    return withPrivateFolder(async (folder) => {
      const hcl = azureHcl(await tool('tpm2_nvread', folder, ['-C', 'o', HCL_INDEX, '-o'], 'hcl'));
      const quoted = await quote({ ak: AK, pcrs: this.#pcrs, extraData, folder });
      const hardware = await this.#hardwareOf(hcl.hardware);
      const identity = { kind: 'runtime' as const, runtime: toBase64url(hcl.runtime), hardware };
      return { report: { platform: 'tpm', ...quoted, identity }, endorsements: NO_ENDORSEMENTS };
    });
  }

  async #hardwareOf({ platform, report }: HclReport['hardware']): Promise<Hardware> {
    if (platform === 'snp') return { platform, report: toBase64url(report) };
    return { platform, quote: await this.#quoteOf(report) };
  }

  async #quoteOf(tdReport: Uint8Array): Promise<Base64url> {
    let answer: unknown;
    try {
      const response = await fetch(this.#quoteUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ report: toBase64url(tdReport) }),
        redirect: 'error',
        signal: AbortSignal.timeout(QUOTE_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`status ${response.status}`);
      answer = await response.json();
    } catch (error) {
      const { message } = error as Error;
      throw new TwinlockError('unavailable', `${this.#quoteUrl}: no TD quote: ${message}`, {}, { cause: error });
    }
    return parseAs(quoteAnswer, answer, this.#quoteUrl).quote;
  }
}
