import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Nvattest } from '../../../../client/host/collectors/nvattest.ts';
import { gpuEvidence } from '../../../../src/core/attest/evidence.ts';
import { spdmEvidence } from '../../../../src/core/attest/nvidia/evidence.ts';
import { fromHex, toBase64, toHex, utf8 } from '../../../../src/core/bytes.ts';
import { parseAs } from '../../../../src/core/schema.ts';
import { pem } from '../../../core/x509/certificate-kit.ts';
import { evidenceOf, makeDevice, TEST_NONCE, type TestDevice } from '../../../platforms/nvidia.ts';
import { vectorPath, vectorTest } from '../../../vectors.ts';
import { openPrograms, type Programs } from './programs.ts';

let programs: Programs;
beforeEach(() => {
  programs = openPrograms();
});
afterEach(() => programs.close());

const DEVICES = [makeDevice({ seed: 1 }), makeDevice({ seed: 2 })];
const SWITCH = makeDevice({ seed: 3, architecture: 'nvswitch' });

function listed({ spdm, chain }: TestDevice) {
  const certificate = toBase64(utf8(chain.map((der) => pem('CERTIFICATE', der)).join('')));
  return { version: '1.0', arch: 'HOPPER', nonce: toHex(TEST_NONCE), evidence: toBase64(spdm), certificate };
}

/** What the command line prints, as its documentation and its recorded evidence have it. */
function printed(evidences: unknown): string {
  return JSON.stringify({ evidences, result_code: 0, result_message: 'Ok' }, null, 4);
}

/** A command line that prints the text for its device. */
function nvattest(gpus: string, switches = ''): string {
  writeFileSync(programs.path('gpu'), gpus);
  writeFileSync(programs.path('nvswitch'), switches);
  return programs.make('nvattest', 'cat $HERE/$3');
}

function collect(gpus: string, nonce = TEST_NONCE) {
  return new Nvattest({ file: nvattest(gpus), switches: false }).gpu(nonce);
}

test('GPUs sign our nonce, and their evidence is of the form that a host sends', async () => {
  const evidence = await collect(printed(DEVICES.map(listed)));
  expect(evidence).toEqual(evidenceOf(...DEVICES));
  expect(parseAs(gpuEvidence, evidence, 'evidence')).toEqual(evidence);
  const nonce = toHex(TEST_NONCE);
  const expected = ['collect-evidence', '--device', 'gpu', '--nonce', nonce, '--format', 'json'];
  expect(programs.lastCall('nvattest')).toEqual(expected);
});

test('NVSwitches come after the GPUs, where they are asked for', async () => {
  const file = nvattest(printed(DEVICES.map(listed)), printed([listed(SWITCH)]));
  expect(await new Nvattest({ file, switches: true }).gpu(TEST_NONCE)).toEqual(evidenceOf(...DEVICES, SWITCH));
});

test('refuses evidence under another nonce, even where the output names that nonce', async () => {
  const other = { ...listed(makeDevice({ nonce: new Uint8Array(32).fill(9) })), nonce: toHex(TEST_NONCE) };
  const refused = collect(printed([listed(makeDevice()), other]));
  await expect(refused).rejects.toMatchObject({ code: 'malformed', message: expect.stringContaining('gpu 1') });
});

test.each([
  ['no JSON', 'GPU evidence collection was successful.'],
  ['nothing', ''],
  ['a failure', JSON.stringify({ evidences: null, result_code: 3, result_message: 'no GPU' })],
  ['no device', printed([])],
  ['too many devices', printed(Array.from({ length: 25 }, () => listed(makeDevice())))],
  ['evidence that is no base64', printed([{ ...listed(makeDevice()), evidence: '*' }])],
  ['evidence too short for a nonce', printed([{ ...listed(makeDevice()), evidence: 'AAAA' }])],
  ['no certificate', printed([{ ...listed(makeDevice()), certificate: toBase64(utf8('none')) }])],
  ['a member twice', printed([listed(makeDevice())]).replace('"evidences"', '"result_code": 0, "evidences"')],
])('refuses a command line that prints %s', async (_, output) => {
  await expect(collect(output)).rejects.toMatchObject({ code: 'malformed' });
});

test('says what to do where no GPU is in confidential mode', async () => {
  const file = programs.make('nvattest', 'echo "NVML: not supported" >&2; exit 9');
  const message = expect.stringContaining('NVML: not supported; are the gpus in confidential mode?');
  const refused = new Nvattest({ file, switches: false }).gpu(TEST_NONCE);
  await expect(refused).rejects.toMatchObject({ code: 'unavailable', message });
});

vectorTest('takes recorded evidence of one GPU and of four', async () => {
  const read = (...path: string[]) => JSON.parse(readFileSync(vectorPath(...path), 'utf8'));
  const one = read('combined', 'tdx-h100.attestation.json').gpu.evidences;
  const four = read('nvidia', 'h100x4-ppcie.evidence.json');
  for (const list of [one, four]) {
    const evidence = await collect(printed(list), fromHex(list[0].nonce));
    const { devices } = parseAs(spdmEvidence, evidence, 'evidence');
    expect(devices.map(({ chain }) => chain.length)).toEqual(list.map(() => 5));
  }
});
