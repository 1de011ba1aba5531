import { rm } from 'node:fs/promises';
import { type Fetched, fetchRelease, sendReceipt } from '../client/host/fetch.ts';
import type { PendingRelease } from '../client/host/pending-release.ts';
import { requestRelease } from '../client/host/request.ts';
import { SimulatedChip } from '../client/host/simulated-chip.ts';
import { SIMULATED_IMAGE } from '../src/core/attest/simulated/report.ts';
import type { Hex } from '../src/core/bytes.ts';
import { platformRandom } from '../src/platform/random.ts';
import { verifyNode } from '../src/platform/verify-node.ts';
import { compareFolders } from './compare.ts';
import { perSecond } from './stopwatch.ts';
import { MODEL, VERSION, type World } from './world.ts';

const LEASE_MS = 60 * 60_000;

/** The model server's machine: one simulated chip, and new one-time keys for every request. */
const CHIP = new SimulatedChip(platformRandom(32), SIMULATED_IMAGE);

export function requestAtHost(
  { requester, fingerprint }: World,
  purpose: 'serving' | 'evaluation',
  reason: string,
): Promise<PendingRelease> {
  const asked = { model: MODEL, version: VERSION, purpose, reason, leaseMs: LEASE_MS, bytes: null };
  return requestRelease(requester, asked, [CHIP], { fingerprint, now: Date.now, random: platformRandom });
}

export function fetchAtHost({ requester }: World, pending: PendingRelease, folder: string): Promise<Fetched> {
  return fetchRelease({
    api: requester.api,
    pending,
    host: 0,
    folder,
    verify: async (claim) => verifyNode(claim),
  });
}

/** Acts as a host after the release: fetches the weights, compares them (only in the demo) and signs the receipt. */
export async function fetchAndCompare(
  world: World,
  pending: PendingRelease,
  name: string,
  evaluation: Hex | null = null,
): Promise<Fetched> {
  const folder = world.workspace.path(name);
  const rate = ({ bytes }: Fetched, seconds: number) => perSecond(bytes, seconds);
  const fetched = await world.stopwatch.time(`fetch (${name})`, () => fetchAtHost(world, pending, folder), rate);
  await compareFolders(world.original, folder, fetched.files);
  await sendReceipt(world.requester.api, pending, 0, fetched, { modelSignature: null, evaluation });
  await rm(folder, { recursive: true });
  return fetched;
}
