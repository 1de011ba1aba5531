import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Api, Handover } from '../../client/api/api.ts';
import { audit } from '../../client/auditor/audit.ts';
import { followLog } from '../../client/custodian/ceremony.ts';
import { logAheadMs } from '../../client/custodian/obstacles.ts';
import { propose } from '../../client/custodian/propose.ts';
import { review } from '../../client/custodian/review.ts';
import { stop } from '../../client/custodian/stop.ts';
import { fetchRelease } from '../../client/host/fetch.ts';
import { openRelease } from '../../client/host/open-release.ts';
import type { PendingRelease } from '../../client/host/pending-release.ts';
import { waitForRelease } from '../../client/host/wait.ts';
import { vaultSource } from '../../client/log/source.ts';
import { passOn, verify } from '../world/client.ts';
import { approveBy, depositFolder, publish, requestAs } from '../world/vault/acts.ts';
import { modelFolder, temporary } from '../world/vault/model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const LATER_MS = 400 * DAY_MS;
const refusal = (code: string) => expect.objectContaining({ code });

/** A vault whose clock stands still, and with it that of ana, who is dishonest. Ben, cleo and hosts have their own. */
describe('a vault with a frozen clock, and one dishonest approver', () => {
  let vault: Vault;
  let pending: PendingRelease;
  let handover: Handover;
  let asleep: number;
  const truly = () => Date.now() + asleep;
  const open = (nowMs: number) => openRelease(handover, pending, 0, verify, { now: () => nowMs });

  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    asleep = 0;
    vault = await openVault({ owner: 'cleo' });
    await depositFolder(vault, { folder: modelFolder({ 'a.bin': new Uint8Array(10) }) });
    await publish(vault);
    pending = await requestAs(vault);
    await approveBy(pending.release, vault.ben);
    asleep = LATER_MS;
    await approveBy(pending.release, vault.ana);
    const { api } = vault.requester;
    handover = await api.handover(pending.release, 0);
  });
  afterAll(async () => {
    await vault.close();
    vi.useRealTimers();
  });

  test('would open the release by the vault’s own word', async () => {
    expect(await open(Date.now())).toHaveProperty('releaseKey');
  });

  test('opens no share on a host, whose own clock says that the lease is over', async () => {
    await expect(open(truly())).rejects.toThrow(refusal('lease_over'));
  });

  test('fetches nothing', async () => {
    const { api } = vault.requester;
    const folder = temporary();
    const clock = { now: truly, monotonic: () => performance.now() };
    const fetched = fetchRelease({ api, pending, host: 0, folder, verify, clock });
    await expect(fetched).rejects.toThrow(refusal('lease_over'));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('releases nothing to a host that has waited past the end of its request', async () => {
    const asked = await requestAs(vault);
    const { api } = vault.requester;
    const open = await api.proposal(asked.release);
    const late = { proposal: async () => open, awaitProposal: async () => ({ ...open, phase: 'executed' }) };
    const expired = (nowMs: number) => waitForRelease(late as unknown as Api, asked, { now: () => nowMs });
    await expect(expired(asked.expires + 5 * MINUTE_MS)).resolves.toMatchObject({ phase: 'executed' });
    await expect(expired(asked.expires + 5 * MINUTE_MS + 1)).rejects.toThrow(refusal('statement_expired'));
  });

  test('is refused by an honest custodian, whose own clock differs', async () => {
    const ben = { ...vault.ben.custodian, now: truly };
    await expect(followLog(ben)).rejects.toThrow(refusal('clock_skew'));
  });

  test('is told by the audit, which reads its clock against its own', async () => {
    const { api } = vault.auditor;
    const { fingerprint } = vault;
    const audited = (now: () => number) => audit(vaultSource(api), { fingerprint, verify, now, memory: null });
    const items = async (now: () => number) =>
      (await audited(now)).completeness.open.filter(({ what }) => what === 'clock').map(({ message }) => message);
    expect(await items(truly)).toEqual([
      expect.stringMatching(/last entry is dated 400 days .* before this machine’s clock: .* its clock stands still$/),
    ]);
    expect(await items(() => Date.now())).toEqual([]);
  });

  test('a host refuses a log that is ahead of its clock by more than five minutes', async () => {
    const { executedMs } = await released();
    await expect(open(executedMs - 6 * MINUTE_MS)).rejects.toThrow(refusal('clock_skew'));
    expect(await open(executedMs - 4 * MINUTE_MS)).toHaveProperty('releaseKey');
  });

  test('a host refuses a release that is older than its own keys', async () => {
    const { created } = pending;
    const nowMs = Date.now();
    const keysMadeAt = (ms: number) =>
      openRelease(handover, { ...pending, created: ms }, 0, verify, { now: () => nowMs });
    await expect(keysMadeAt(created + 6 * MINUTE_MS)).rejects.toThrow(refusal('clock_skew'));
    expect(await keysMadeAt(created + 4 * MINUTE_MS)).toHaveProperty('releaseKey');
  });

  test('a fetch that is under way ends with the lease by the host’s own clock', async () => {
    const { api } = vault.requester;
    const folder = temporary();
    let monotonicMs = 0;
    const clock = { now: () => Date.now(), monotonic: () => monotonicMs };
    vault.meddle = async (request, next) => {
      // The host's token opens the door; the lease ends before the first bytes have come.
      if (new URL(request.url).pathname.startsWith('/v1/weights/')) monotonicMs += LATER_MS;
      return next();
    };
    const fetched = fetchRelease({ api, pending, host: 0, folder, verify, clock });
    await expect(fetched).rejects.toThrow(/the lease is over by this machine’s own clock/);
    vault.meddle = passOn;
    expect(readdirSync(folder).filter((name) => !name.endsWith('.twinlock-part'))).toEqual([]);
  });

  async function released(): Promise<{ executedMs: number }> {
    const { facts } = await followLog(vault.ben.custodian);
    return { executedMs: facts.proposals.get(pending.release)?.executed?.time ?? 0 };
  }
});

describe('custodians whose clocks were a month ahead, together with the vault’s,', () => {
  let vault: Vault;
  let pending: PendingRelease;
  let unwanted: PendingRelease;

  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    vault = await openVault({ owner: 'cleo' });
    await depositFolder(vault, { folder: modelFolder({ 'a.bin': new Uint8Array(10) }) });
    await publish(vault);
    pending = await requestAs(vault);
    unwanted = await requestAs(vault);
    const truth = Date.now();
    vi.setSystemTime(truth + 30 * DAY_MS);
    await vault.signInAgain();
    await requestAs(vault).then(({ release }) => approveBy(release, vault.ben));
    vi.setSystemTime(truth + MINUTE_MS);
    await vault.signInAgain();
  });
  afterAll(async () => {
    await vault.close();
    vi.useRealTimers();
  });

  test('can approve nothing but the correction of the log’s clock', async () => {
    const ana = vault.ana.custodian;
    const { obstacles } = await review(ana, await followLog(vault.ana.custodian), pending.release);
    expect(obstacles.map(({ code, message }) => [code, message])).toEqual([
      [
        'clock_skew',
        expect.stringMatching(/ is 29 days 23 hours ahead of this workstation’s: .* set the log’s clock back$/),
      ],
    ]);
    const policy = { ...(await followLog(vault.ana.custodian)).facts.policy.document, veto: true };
    const other = propose(ana, await followLog(vault.ana.custodian), { kind: 'policy', policy, reason: 'a test' });
    await expect(other).rejects.toThrow(refusal('clock_skew'));
  });

  test('can stop under every clock', async () => {
    const cleo = vault.cleo.custodian;
    await stop(cleo, await followLog(vault.cleo.custodian), {
      what: 'release',
      target: unwanted.release,
      reason: 'a test',
    });
    expect((await followLog(vault.ana.custodian)).facts.proposals.get(unwanted.release)?.phase).toBe('withdrawn');
  });

  test('do not wait for a month: a quorum sets the log’s clock back, and the release goes on', async () => {
    const ana = vault.ana.custodian;
    const replica = await followLog(vault.ana.custodian);
    expect(logAheadMs(replica.facts, Date.now())).toBeGreaterThan(29 * DAY_MS);
    const { digest } = await propose(ana, replica, { kind: 'clock', reason: 'the time server was a month ahead' });
    await approveBy(digest, vault.ana, vault.ben);
    expect(logAheadMs((await followLog(vault.ben.custodian)).facts, Date.now())).toBe(0);
    await approveBy(pending.release, vault.ana, vault.ben);
    const { api } = vault.requester;
    expect(await openRelease(await api.handover(pending.release, 0), pending, 0, verify)).toHaveProperty('releaseKey');
  });

  test('set no clock back that is right by their own', async () => {
    const ana = vault.ana.custodian;
    const correction = { kind: 'clock', reason: 'to make an old statement good again' } as const;
    const refused = propose(ana, await followLog(vault.ana.custodian), correction);
    await expect(refused).rejects.toThrow(refusal('clock_skew'));
    // Ana is dishonest, and with her the vault: both are ten minutes behind. Ben is not.
    const truth = Date.now();
    vi.setSystemTime(truth - 10 * MINUTE_MS);
    await vault.signInAgain();
    const { digest } = await propose(ana, await followLog(vault.ana.custodian), correction);
    vi.setSystemTime(truth);
    await vault.signInAgain();
    await expect(approveBy(digest, vault.ben)).rejects.toThrow(refusal('clock_skew'));
  });
});
