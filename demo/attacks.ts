import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { audit } from '../client/auditor/audit.ts';
import { propose } from '../client/custodian/propose.ts';
import { stop } from '../client/custodian/stop.ts';
import type { Fetched } from '../client/host/fetch.ts';
import { openRelease } from '../client/host/open-release.ts';
import type { PendingRelease } from '../client/host/pending-release.ts';
import { keptSource, type LogPage } from '../client/log/source.ts';
import type { Hex } from '../src/core/bytes.ts';
import { utf8 } from '../src/core/bytes.ts';
import { TwinlockError } from '../src/core/errors.ts';
import type { Entry } from '../src/core/log/entry.ts';
import { parseEntry } from '../src/core/log/entry.ts';
import { parseAs } from '../src/core/schema.ts';
import { authorityChain } from '../src/core/state/authority-chain.ts';
import { verifyNode } from '../src/platform/verify-node.ts';
import { approveAs } from './approving.ts';
import { copyLog, entriesOf, forge } from './forgery.ts';
import { fetchAndCompare, fetchAtHost, requestAtHost } from './host.ts';
import { newKey, ownedBy, recordOf } from './machines.ts';
import { refused } from './refusal.ts';
import { approveUnchecked, replayLogin } from './unchecked.ts';
import type { World } from './world.ts';

/** Too few votes, the wrong one, and storage that was altered; the release itself is good in the end. */
export async function attackVotesAndStorage(world: World, manifestDigest: Hex): Promise<Fetched> {
  const { alice, bob, carol, requester, workspace } = world;
  const pending = await requestAtHost(world, 'serving', 'a second server, OPS-8');
  const { release } = pending;
  await approveAs(alice, release);
  await record(world, 'the weights after one approval', 'quorum_missing', () => requester.api.handover(release, 0));
  await record(world, 'the approval of carol, who owns the requester’s key', 'proposer_cannot_approve', () =>
    approveUnchecked(carol, release, (share) => share),
  );
  await approveAs(bob, release);
  const file = await ciphertextOf(join(workspace.data, 'versions', manifestDigest));
  await flipLastByte(file);
  await record(world, 'a segment with one byte changed on the vault’s disk', 'digest_mismatch', () =>
    fetchAtHost(world, pending, workspace.path('second-server')),
  );
  await flipLastByte(file);
  const fetched = await fetchAndCompare(world, pending, 'second-server');
  world.narrator.say('         the byte is put back: the same release goes on, and the files are equal');
  return fetched;
}

/** Tries to use a login as an approval; it fails even with the session. */
export async function attackWithLogin(world: World): Promise<void> {
  const { alice, bob } = world;
  await alice.replica.extend();
  const principal = recordOf(newKey('requester', 'backdoor'), { owner: ownedBy(alice), models: ['*'] });
  const { digest } = await propose(alice.custodian, alice.replica, { kind: 'principal', principal });
  await record(world, 'bob’s login, replayed as his approval of a new key', 'wrong_challenge', () =>
    replayLogin(bob, digest),
  );
  await stop(alice.custodian, alice.replica, { what: 'proposal', target: digest, reason: 'it was a demonstration' });
}

/** A custodian who sabotages is named, by a signature that only they could make. */
export async function attackWithBadShare(world: World): Promise<void> {
  const { alice, bob, workspace } = world;
  const pending = await requestAtHost(world, 'serving', 'a third server, OPS-9');
  const { release } = pending;
  await approveAs(alice, release);
  await approveUnchecked(bob, release, ({ index, s, r }) => ({ index, s: r, r: s }));
  await record(world, 'a bad share, which names who signed it', 'share_invalid', async () => {
    try {
      await fetchAtHost(world, pending, workspace.path('third-server'));
    } catch (error) {
      const isNamed = error instanceof TwinlockError && error.detail['person'] === bob.custodian.person;
      if (!isNamed) throw new Error('the bad share does not name bob', { cause: error });
      throw error;
    }
  });
  await alice.replica.extend();
  await stop(alice.custodian, alice.replica, { what: 'release', target: release, reason: 'bob’s share is bad' });
  world.narrator.say('         alice revokes the release: stopping needs one');
}

/** An attacker who holds the vault's machine and the log's key: the host and the auditor refuse what they forge. */
export async function attackHistory(world: World, { pending }: { pending: PendingRelease }): Promise<void> {
  const { auditor, requester, fingerprint, alice, workspace } = world;
  const handover = await requester.api.handover(pending.release, 0);
  await record(world, 'a chain of authority with an approval left out, by the host', 'quorum_missing', () =>
    openRelease(withoutLastApproval(handover, pending.release), pending, 0, async (claim) => verifyNode(claim)),
  );
  const log = await copyLog(auditor.api);
  const entries = entriesOf(log);
  const { origin } = alice.replica.facts.genesis.log;
  const first = entries.findIndex((entry) => isApprovalOf(entry, pending.release));
  const before = entries.slice(0, first + 1);
  const release = { kind: 'release', body: { proposal: pending.release } } as const;
  const hasty = forge(workspace.data, origin, [...before, { ...release, time: timeAfter(before) }], log);
  await recordFault(world, 'a release entry after one approval, in a log signed with the vault’s own key', {
    ...{ log: hasty, code: 'quorum_missing', entry: first + 1, fingerprint },
  });
  const proposal = entries.findIndex((entry) => isProposalFor(entry, 'OPS-7'));
  const edited = forge(
    workspace.data,
    origin,
    entries.map((entry, i) => (i === proposal ? withOtherReason(entry) : entry)),
    log,
  );
  await recordFault(world, 'a log with one reason edited, chained and signed anew', {
    ...{ log: edited, code: 'signature_invalid', entry: proposal, fingerprint },
  });
}

export async function record(
  world: World,
  what: string,
  code: TwinlockError['code'],
  attempt: () => unknown,
): Promise<void> {
  const refusal = await refused(what, code, attempt);
  world.refusals.push(refusal);
  world.narrator.refusal(refusal);
}

/** Records the fault that the auditor finds in a changed log, and its entry. */
async function recordFault(
  world: World,
  what: string,
  { log, code, entry, fingerprint }: { log: LogPage; code: TwinlockError['code']; entry: number; fingerprint: Hex },
): Promise<void> {
  const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
  const report = await audit(keptSource(log), { fingerprint, verify, now: Date.now, memory: null });
  const { fault } = report.integrity;
  await record(world, what, code, () => {
    if (fault === null) return;
    if (fault.entry !== entry) throw new Error(`${what}: expected the fault at entry ${entry}, got ${fault.entry}`);
    throw new TwinlockError(fault.code, fault.message);
  });
}

/** The path of a ciphertext in the version's folder; small files lie in one pack. */
async function ciphertextOf(folder: string): Promise<string> {
  const names = await readdir(folder);
  return join(folder, names.includes('pack') ? 'pack' : '1');
}

/** In the data folder, as its owner can. */
async function flipLastByte(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, size - 1);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, size - 1);
    await file.sync();
  } finally {
    await file.close();
  }
}

type Handover = Parameters<typeof openRelease>[0];

function withoutLastApproval(handover: Handover, releaseDigest: Hex): Handover {
  const authority = parseAs(authorityChain, handover.authority, 'authority');
  const last = authority.entries.findLastIndex(({ text }) => isApprovalOf(parseEntry(utf8(text)), releaseDigest));
  return { ...handover, authority: { ...authority, entries: authority.entries.toSpliced(last, 1) } };
}

function isApprovalOf(entry: Entry, releaseDigest: Hex): boolean {
  return entry.kind === 'approval' && entry.body.proposal === releaseDigest;
}

function isProposalFor(entry: Entry, ticket: string): boolean {
  return entry.kind === 'proposal' && String(entry.body.statement['reason']).includes(ticket);
}

function withOtherReason(entry: Entry): Entry {
  if (entry.kind !== 'proposal') throw new Error('only a proposal has a reason');
  const statement = { ...entry.body.statement, reason: 'routine' };
  return { ...entry, body: { ...entry.body, statement } };
}

function timeAfter(entries: readonly Entry[]): number {
  return (entries.at(-1)?.time ?? 0) + 1;
}
