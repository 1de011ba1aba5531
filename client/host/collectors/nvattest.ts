import * as z from 'zod/mini';
import type { GpuEvidence } from '../../../src/core/attest/evidence.ts';
import { MAX_DEVICES } from '../../../src/core/attest/nvidia/evidence.ts';
import { fromBase64, fromUtf8, toBase64url, toHex } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { parseJson } from '../../../src/core/json.ts';
import { parseAs } from '../../../src/core/schema.ts';
import { derOfPem } from '../../../src/core/x509/pem.ts';
import { runCommand } from './command.ts';
import type { GpuCollector } from './machine.ts';

/** The nonce in the SPDM request that the evidence begins with (DSP0274 1.1, GET_MEASUREMENTS). */
const NONCE_OFFSET = 4;
const NONCE_BYTES = 32;

/** What `nvattest collect-evidence --format json` prints. Other members come and go with its versions. */
const output = z.object({
  result_code: z.literal(0),
  evidences: z
    .array(z.object({ evidence: z.string(), certificate: z.string() }))
    .check(z.minLength(1), z.maxLength(MAX_DEVICES)),
});

type Device = Extract<GpuEvidence, { kind: 'spdm' }>['devices'][number];

/** NVIDIA GPUs, and NVSwitches where they are asked for, by the command line of NVIDIA's attestation SDK. */
export class Nvattest implements GpuCollector {
  readonly #file: string;
  readonly #switches: boolean;

  constructor({ file, switches }: { readonly file: string; readonly switches: boolean }) {
    this.#file = file;
    this.#switches = switches;
  }

  async gpu(nonce: Uint8Array): Promise<GpuEvidence> {
    const devices = await this.#collect('gpu', nonce);
    if (this.#switches) devices.push(...(await this.#collect('nvswitch', nonce)));
    return { kind: 'spdm', devices };
  }

  async #collect(device: 'gpu' | 'nvswitch', nonce: Uint8Array): Promise<Device[]> {
    const printed = await runCommand({
      file: this.#file,
      args: ['collect-evidence', '--device', device, '--nonce', toHex(nonce), '--format', 'json'],
      variables: ['LD_LIBRARY_PATH'],
      remedy: `are the ${device}s in confidential mode? --gpu none shows none`,
    });
    const { evidences } = parseAs(output, parseJson(fromUtf8(printed)), `nvattest, ${device}s`);
    return evidences.map(({ evidence, certificate }, index) => {
      const spdm = fromBase64(evidence);
      const signed = toHex(spdm.subarray(NONCE_OFFSET, NONCE_OFFSET + NONCE_BYTES));
      must(signed === toHex(nonce), 'malformed', `nvattest, ${device} ${index}: expected our nonce, got ${signed}`);
      const chain = derOfPem(fromUtf8(fromBase64(certificate)), 'CERTIFICATE');
      return { spdm: toBase64url(spdm), chain: chain.map(toBase64url) };
    });
  }
}
