import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from '../../client/api/api.ts';
import { deposit } from '../../client/depositor/deposit.ts';
import { fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import type { PendingRelease } from '../../client/host/pending-release.ts';
import { requestRelease } from '../../client/host/request.ts';
import { SimulatedChip } from '../../client/host/simulated-chip.ts';
import { waitForRelease } from '../../client/host/wait.ts';
import type { CheckpointMemory } from '../../client/log/checkpoint-memory.ts';
import { Replica } from '../../client/log/replica.ts';
import {
  openPrincipalSession,
  type PrincipalKey,
  type PrincipalSession,
  principalKey,
  principalRecordOf,
} from '../../client/principal/principal.ts';
import { SIMULATED_IMAGE } from '../../src/core/attest/simulated/report.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyWeb } from '../../src/platform/verify-web.ts';

/** The machines' side, from Node, with the same library as the command line. */

export function makeKey(role: PrincipalKey['role'], name: string): PrincipalKey {
  return principalKey(role, name, platformRandom(32));
}

/** What `twinlock key show` prints. */
export function invitationOf(key: PrincipalKey, ownerName: string) {
  const { owner: _, ...record } = principalRecordOf(key, { owner: '', ownerName, models: ['acme/*'] });
  return record;
}

export function openSession(vault: string, key: PrincipalKey, fingerprint: string): Promise<PrincipalSession> {
  return openPrincipalSession(new Api({ baseUrl: vault }), key, fingerprint);
}

const FORGETFUL: CheckpointMemory = { get: async () => null, put: async () => undefined };

export async function depositFile(
  session: PrincipalSession,
  fingerprint: string,
  plaintext: Uint8Array,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-model-'));
  try {
    writeFileSync(join(folder, 'weights.bin'), plaintext);
    const replica = await Replica.follow(session.api, {
      fingerprint,
      verify: verifyWeb,
      memory: FORGETFUL,
      now: Date.now,
    });
    await deposit(session, replica, {
      model: 'acme/ocr',
      version: '1',
      folder,
      modelSignature: null,
      now: Date.now,
      random: platformRandom,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function requestServing(session: PrincipalSession, fingerprint: string): Promise<PendingRelease> {
  const chip = new SimulatedChip(platformRandom(32), SIMULATED_IMAGE);
  const request = {
    model: 'acme/ocr',
    version: '1',
    purpose: 'serving',
    reason: 'OPS-7: the reader in Turin needs its weights',
    leaseMs: 3_600_000,
    bytes: null,
  } as const;
  return requestRelease(session, request, [chip], { fingerprint, now: Date.now, random: platformRandom });
}

/** What a host does once it may: waits, checks the authority chain, combines, fetches, and sends its receipt. */
export async function fetchFile({ api }: PrincipalSession, pending: PendingRelease): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-host-'));
  try {
    await waitForRelease(api, pending);
    const fetched = await fetchRelease({ api, pending, host: 0, folder, verify: verifyWeb });
    await sendReceipt(api, pending, 0, fetched);
    return new Uint8Array(readFileSync(join(folder, 'weights.bin')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
