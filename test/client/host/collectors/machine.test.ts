import { expect, test } from 'vitest';
import { type BoundData, machine } from '../../../../client/host/collectors/machine.ts';
import { SimulatedChip } from '../../../../client/host/simulated-chip.ts';
import { type HostBinding, hostExtraData, hostReportData } from '../../../../src/core/attest/evidence.ts';
import { toBase64url } from '../../../../src/core/bytes.ts';
import { ed25519KeyText } from '../../../../src/core/signature/key-text.ts';
import { evidenceOf, makeDevice, TEST_NONCE } from '../../../platforms/nvidia.ts';

const KEY = ed25519KeyText(new Uint8Array(32).fill(7));
const GPU = evidenceOf(makeDevice());
const BINDING: HostBinding = {
  vault: '11'.repeat(32),
  request: {
    v: 1,
    kind: 'request',
    vault: '11'.repeat(32),
    requester: KEY,
    model: 'acme/ocr',
    version: '1',
    purpose: 'serving',
    hosts: 1,
    nonce: '22'.repeat(32),
    created: 1,
  },
  checkpoint: { origin: 'tl-abcdefgh01234567.localhost/log', size: 2, root: '33'.repeat(32) },
  random: '44'.repeat(32),
  kem: toBase64url(new Uint8Array(1216)),
  receiptKey: KEY,
  gpu: GPU,
};

test("a machine's report binds the whole request, its GPUs' evidence too, in either width", async () => {
  const asked: BoundData[] = [];
  const chip = new SimulatedChip(new Uint8Array(32).fill(1), '55'.repeat(32));
  const cpu = {
    report: (data: BoundData) => {
      asked.push(data);
      return chip.report(data);
    },
  };
  const { report } = await machine({ cpu, gpu: null }).collect(BINDING);
  await machine({ cpu, gpu: null }).collect({ ...BINDING, gpu: null });
  expect(asked[0]).toEqual({ reportData: hostReportData(BINDING), extraData: hostExtraData(BINDING) });
  expect(asked[1]).not.toEqual(asked[0]);
  expect(report).toEqual((await chip.collect(BINDING)).report);
});

test('a machine without GPUs shows none, and one with GPUs has them sign the nonce', async () => {
  const cpu = new SimulatedChip(new Uint8Array(32), '55'.repeat(32));
  expect(await machine({ cpu, gpu: null }).gpu(TEST_NONCE)).toBeNull();
  const gpu = { gpu: async (nonce: Uint8Array) => evidenceOf(makeDevice({ nonce })) };
  expect(await machine({ cpu, gpu }).gpu(TEST_NONCE)).toEqual(GPU);
});
