import { rmSync } from 'node:fs';
import type { ProposalView } from '../../../client/api/api.ts';
import { approve, deny } from '../../../client/custodian/approve.ts';
import { followLog } from '../../../client/custodian/ceremony.ts';
import { type Proposition, propose } from '../../../client/custodian/propose.ts';
import { review } from '../../../client/custodian/review.ts';
import { stop } from '../../../client/custodian/stop.ts';
import { type DepositedVersion, type DepositOptions, deposit } from '../../../client/depositor/deposit.ts';
import type { EvidenceCollector } from '../../../client/host/collector.ts';
import { type OpenedRelease, openRelease } from '../../../client/host/open-release.ts';
import type { PendingRelease } from '../../../client/host/pending-release.ts';
import { type ReleaseRequest, requestRelease } from '../../../client/host/request.ts';
import { SimulatedChip } from '../../../client/host/simulated-chip.ts';
import { Replica } from '../../../client/log/replica.ts';
import type { PrincipalSession } from '../../../client/principal/principal.ts';
import type { Stopping } from '../../../client/statements/stop.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { MapMemory, verify, wallClock } from '../client.ts';
import { MEASUREMENT } from '../founding.ts';
import type { Members, Person } from './members.ts';
import { modelFolder } from './model.ts';
import { FOUNDERS } from './prepared.ts';

export async function followAs({ api }: PrincipalSession, fingerprint: Hex): Promise<Replica> {
  return Replica.follow(api, { fingerprint, verify, memory: new MapMemory(), now: wallClock });
}

/** Deposits a folder, as `acme/ocr@1` unless told otherwise. */
export async function depositFolder(
  { depositor, fingerprint }: Members,
  options: Partial<DepositOptions> & { readonly folder: string },
): Promise<DepositedVersion> {
  const named = { model: 'acme/ocr', version: '1', modelSignature: null };
  const replica = await followAs(depositor, fingerprint);
  return deposit(depositor, replica, { ...named, now: wallClock, random: platformRandom, ...options });
}

/** Deposits files; returns the manifest's digest. */
export async function depositFiles(
  members: Members,
  files: Readonly<Record<string, Uint8Array>>,
  named: { readonly model?: string; readonly version?: string } = {},
): Promise<Hex> {
  const folder = modelFolder(files);
  try {
    return (await depositFolder(members, { ...named, folder })).manifest;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reviews and decides, after a replay of one's own. */
export async function approveAs(person: Person, digest: Hex) {
  const replica = await followLog(person.custodian);
  return approve(person.custodian, replica, await review(person.custodian, replica, digest));
}

/** Each of these custodians replays, reviews and approves. */
export async function approveBy(digest: Hex, ...persons: readonly Person[]): Promise<void> {
  for (const person of persons) await approveAs(person, digest);
}

export async function denyAs(person: Person, digest: Hex) {
  return deny(person.custodian, await followLog(person.custodian), digest);
}

export async function proposeAs(person: Person, proposition: Proposition): Promise<Hex> {
  const { digest } = await propose(person.custodian, await followLog(person.custodian), proposition);
  return digest;
}

export async function stopAs(person: Person, stopping: Stopping): Promise<Hex> {
  const { digest } = await stop(person.custodian, await followLog(person.custodian), stopping);
  return digest;
}

/** The two custodians whose approvals count for what the machines ask. */
function approversIn(members: Members): readonly Person[] {
  return FOUNDERS.filter((name) => name !== members.owner).map((name) => members[name]);
}

/** The owner of the machines proposes, and both others approve. */
export async function publish(members: Members, named: { model?: string; version?: string } = {}): Promise<Hex> {
  const { model = 'acme/ocr', version = '1' } = named;
  const digest = await proposeAs(members[members.owner], { kind: 'publish', model, version, evaluation: null });
  await approveBy(digest, ...approversIn(members));
  return digest;
}

export async function requestAs(
  members: Members,
  changes: Partial<ReleaseRequest> = {},
  hosts = 1,
  folder: string | null = null,
): Promise<PendingRelease> {
  const chips = Array.from({ length: hosts }, () => new SimulatedChip(platformRandom(32), MEASUREMENT));
  return requestFor(members, chips, changes, folder);
}

/** A request for the hosts that these collectors speak for. */
export async function requestFor(
  { requester, fingerprint }: Members,
  collectors: readonly EvidenceCollector[],
  changes: Partial<ReleaseRequest> = {},
  folder: string | null = null,
): Promise<PendingRelease> {
  const request: ReleaseRequest = {
    model: 'acme/ocr',
    version: '1',
    purpose: 'serving',
    reason: 'a test',
    leaseMs: null,
    bytes: null,
    ...changes,
  };
  return requestRelease(requester, request, collectors, {
    fingerprint,
    folder,
    now: wallClock,
    random: platformRandom,
  });
}

/** A release in force. */
export async function releaseAs(
  members: Members,
  changes: Partial<ReleaseRequest> = {},
  hosts = 1,
): Promise<PendingRelease> {
  return approved(members, await requestAs(members, changes, hosts));
}

/** A release in force to the hosts that these collectors speak for. */
export async function releaseFor(members: Members, collectors: readonly EvidenceCollector[]): Promise<PendingRelease> {
  return approved(members, await requestFor(members, collectors));
}

async function approved(members: Members, pending: PendingRelease): Promise<PendingRelease> {
  await approveBy(pending.release, ...approversIn(members));
  return pending;
}

/** The parts of a release that a host opens: the release key and its bearer token. */
export async function openAs({ requester }: Members, pending: PendingRelease, host = 0): Promise<OpenedRelease> {
  return openRelease(await requester.api.handover(pending.release, host), pending, host, verify);
}

export function phaseOf({ requester }: Members, digest: Hex): Promise<ProposalView['phase']> {
  return requester.api.proposal(digest).then(({ phase }) => phase);
}
