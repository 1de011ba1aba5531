import { mkdtempSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { approve } from '../../client/custodian/approve.ts';
import { review } from '../../client/custodian/review.ts';
import { type DepositedVersion, type DepositOptions, deposit } from '../../client/depositor/deposit.ts';
import { proposePublication } from '../../client/depositor/publish.ts';
import type { PendingRelease } from '../../client/host/pending-release.ts';
import { type ReleaseRequest, requestRelease } from '../../client/host/request.ts';
import { SimulatedChip } from '../../client/host/simulated-chip.ts';
import { Replica } from '../../client/log/replica.ts';
import type { Hex } from '../../src/core/bytes.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { MEASUREMENT } from '../world/founding.ts';
import { type Founded, MapMemory, type Name, replicaOf, sessionOf, verify } from './vault.ts';

/** Whole segments, parts of one, an empty file, a hidden one and one in a folder. */
export const MODEL: Readonly<Record<string, Uint8Array>> = {
  '.hidden': new Uint8Array([1, 2, 3]),
  'config.json': new TextEncoder().encode('{"model_type":"custom"}'),
  'empty.txt': new Uint8Array(0),
  'onnx/model.onnx': patterned(2_500_000),
  'onnx/whole.bin': patterned(1 << 20),
};

export function patterned(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8);
  return bytes;
}

export async function modelFolder(files: Readonly<Record<string, Uint8Array>> = MODEL): Promise<string> {
  const folder = temporary();
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'twinlock-client-'));
}

export async function depositModel(
  founded: Founded,
  options: Partial<DepositOptions> & { readonly folder: string },
): Promise<DepositedVersion> {
  const session = await sessionOf(founded, 'depositor');
  const { fingerprint } = founded;
  const replica = await Replica.follow(session.api, { fingerprint, verify, memory: new MapMemory(), now: Date.now });
  return deposit(session, replica, {
    model: 'acme/ocr',
    version: '1',
    modelSignature: null,
    now: Date.now,
    random: platformRandom,
    ...options,
  });
}

/** Each of these custodians replays, reviews and approves. */
export async function approveBy(founded: Founded, proposal: Hex, ...names: readonly Name[]): Promise<void> {
  for (const name of names) {
    const replica = await replicaOf(founded, name);
    const custodian = founded.custodians[name];
    await approve(custodian, replica, await review(custodian, replica, proposal));
  }
}

/** The depositor is cleo's, so ana and ben publish. */
export async function publishModel(founded: Founded, version = '1'): Promise<Hex> {
  const session = await sessionOf(founded, 'depositor');
  const { fingerprint } = founded;
  const replica = await Replica.follow(session.api, { fingerprint, verify, memory: new MapMemory(), now: Date.now });
  const publication = { model: 'acme/ocr', version, evaluation: null };
  const { digest } = await proposePublication(session, replica, publication, { now: Date.now, random: platformRandom });
  await approveBy(founded, digest, 'ana', 'ben');
  return digest;
}

export async function requestModel(
  founded: Founded,
  changes: Partial<ReleaseRequest> = {},
  hosts = 1,
  folder: string | null = null,
): Promise<PendingRelease> {
  const session = await sessionOf(founded, 'requester');
  const request: ReleaseRequest = {
    model: 'acme/ocr',
    version: '1',
    purpose: 'serving',
    reason: 'OPS-1: serve it',
    leaseMs: null,
    bytes: null,
    ...changes,
  };
  const chips = Array.from({ length: hosts }, () => new SimulatedChip(platformRandom(32), MEASUREMENT));
  const { fingerprint } = founded;
  return requestRelease(session, request, chips, { fingerprint, folder, now: Date.now, random: platformRandom });
}
