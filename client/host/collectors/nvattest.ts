import type { GpuEvidence } from '../../../src/core/attest/evidence.ts';
import { fromBase64url, fromUtf8, toHex } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { parseJson } from '../../../src/core/json.ts';
import { devicesPrinted } from '../nvattest-json.ts';
import { runCommand } from './command.ts';
import type { GpuCollector } from './machine.ts';

/** The nonce in the SPDM request that the evidence begins with (DSP0274 1.1, GET_MEASUREMENTS). */
const NONCE_OFFSET = 4;
const NONCE_BYTES = 32;

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
    const devices = devicesPrinted(parseJson(fromUtf8(printed)), `nvattest, ${device}s`);
    for (const [index, { spdm }] of devices.entries()) {
      const signed = toHex(fromBase64url(spdm).subarray(NONCE_OFFSET, NONCE_OFFSET + NONCE_BYTES));
      must(signed === toHex(nonce), 'malformed', `nvattest, ${device} ${index}: expected our nonce, got ${signed}`);
    }
    return devices;
  }
}
