import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../client/auditor/audit.ts';
import { approve, deny } from '../../client/custodian/approve.ts';
import { followLog } from '../../client/custodian/ceremony.ts';
import { confirmCustody } from '../../client/custodian/custody.ts';
import { propose } from '../../client/custodian/propose.ts';
import { review } from '../../client/custodian/review.ts';
import { stop } from '../../client/custodian/stop.ts';
import { fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import { waitForRelease } from '../../client/host/wait.ts';
import { vaultSource } from '../../client/log/source.ts';
import { IMPATIENT, verify } from '../world/client.ts';
import { approveBy, depositFolder, publish, requestAs } from '../world/vault/acts.ts';
import { MODEL, modelFolder, temporary } from '../world/vault/model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

describe('the whole story, through the library alone', () => {
  let vault: Vault;
  const to = temporary();

  beforeAll(async () => {
    vault = await openVault({ owner: 'cleo' });
  });
  afterAll(async () => {
    await vault.close();
    rmSync(to, { recursive: true });
  });

  test('deposit, publish, request, approve, fetch, receipt and audit', async () => {
    const deposited = await depositFolder(vault, { folder: modelFolder() });
    expect(deposited).toMatchObject({ files: 5, envelopes: 3 });
    await publish(vault);

    const pending = await requestAs(vault);
    const { api } = vault.requester;
    const phases: string[] = [];
    const waiting = waitForRelease(api, pending, { onProgress: ({ phase }) => phases.push(phase) });
    await approveBy(pending.release, vault.ana, vault.ben);
    await expect(waiting).resolves.toMatchObject({ phase: 'executed', wanting: 0 });
    expect([phases[0], phases.at(-1)]).toEqual(['open', 'executed']);

    const progress: number[] = [];
    const options = { api, pending, host: 0, folder: to, verify, retry: IMPATIENT };
    const fetched = await fetchRelease({ ...options, onProgress: ({ bytes }) => progress.push(bytes) });
    for (const [path, bytes] of Object.entries(MODEL)) expect(readFileSync(join(to, path)).equals(bytes)).toBe(true);
    expect(readdirSync(to, { recursive: true }).sort()).toEqual([...Object.keys(MODEL), 'onnx'].sort());
    expect(progress.at(-1)).toBe(fetched.bytes);
    await sendReceipt(api, pending, 0, fetched);

    const custodian = vault.cleo.custodian;
    await confirmCustody(custodian, await followLog(vault.cleo.custodian), deposited.manifest);

    const auditor = vault.auditor;
    const { fingerprint } = vault;
    const report = await audit(vaultSource(auditor.api), { fingerprint, verify, now: Date.now, memory: null });
    expect(report).toMatchObject({
      grade: 'simulation',
      integrity: { verdict: 'pass', fault: null, appraisals: 1 },
      completeness: {
        verdict: 'pass',
        open: [],
        releases: { granted: 1, withReceipts: 1, withoutReceipts: 0, awaited: 0, hosts: 1, receipts: 1 },
        versions: { releasable: 1, notDurable: [] },
      },
    });
    expect(report.integrity.checkpoint?.size).toBe(report.entries);
  });

  test('what is in place is not fetched again', async () => {
    const pending = await requestAs(vault, {}, 2);
    await approveBy(pending.release, vault.ben, vault.ana);
    const { api } = vault.requester;
    const fetched = await fetchRelease({ api, pending, host: 1, folder: to, verify, retry: IMPATIENT });
    expect(fetched.receivedBytes).toBeLessThan(2000);
    expect(fetched.files).toHaveLength(5);
  });

  test('a review tells what differs from the last release, and who has approved', async () => {
    const pending = await requestAs(vault, { leaseMs: 60_000, reason: 'OPS-2: a canary' });
    await approveBy(pending.release, vault.ana);
    const replica = await followLog(vault.ben.custodian);
    const seen = await review(vault.ben.custodian, replica, pending.release);
    expect(seen).toMatchObject({
      grade: 'simulation',
      asked: { name: 'cleo', key: 'requester-key', reason: 'OPS-2: a canary' },
      version: { model: 'acme/ocr', version: '1' },
      policy: { threshold: 2, wanting: 1, votes: [{ name: 'ana', decision: 'approve' }] },
      hosts: [{ position: 0, atVault: { verdict: 'pass' }, atOwnClock: { verdict: 'pass' } }],
      obstacles: [],
      denialObstacles: [],
    });
    expect(seen.code.split(' ')).toHaveLength(4);
    const fields = seen.changes?.map(({ field }) => field);
    expect(fields).toContain('lease');
    expect(fields).not.toContain('claim measurement');
    await deny(vault.ben.custodian, replica, pending.release);
  });

  test('the requester’s owner cannot approve, and a custodian cannot twice', async () => {
    const pending = await requestAs(vault);
    const cleo = await review(vault.cleo.custodian, await followLog(vault.cleo.custodian), pending.release);
    expect(cleo.obstacles.map(({ code }) => code)).toEqual(['proposer_cannot_approve']);
    await expect(approve(vault.cleo.custodian, await followLog(vault.cleo.custodian), cleo)).rejects.toThrow(
      expect.objectContaining({ code: 'proposer_cannot_approve' }),
    );
    const replica = await followLog(vault.ana.custodian);
    const ana = await review(vault.ana.custodian, replica, pending.release);
    await approve(vault.ana.custodian, replica, ana);
    await replica.extend();
    await expect(approve(vault.ana.custodian, replica, ana)).rejects.toThrow(
      expect.objectContaining({ code: 'already_voted' }),
    );
  });

  test('a denied request ends the wait with what the custodian said who denied it', async () => {
    const pending = await requestAs(vault);
    const { api } = vault.requester;
    await deny(vault.ana.custodian, await followLog(vault.ana.custodian), pending.release, 'no ticket named');
    await deny(vault.ben.custodian, await followLog(vault.ben.custodian), pending.release).catch(() => undefined);
    await expect(waitForRelease(api, pending)).rejects.toThrow(
      expect.objectContaining({
        code: 'request_denied',
        message: `the custodians denied the release: the vault says: “ana”, custodian, id ${vault.ana.custodian.person}: “no ticket named”`,
        detail: { phase: 'denied' },
      }),
    );
  });

  test('one stops everything, a quorum resumes, and the review says so meanwhile', async () => {
    const pending = await requestAs(vault);
    const ana = vault.ana.custodian;
    await stop(ana, await followLog(vault.ana.custodian), { what: 'all', reason: 'something smells' });
    const stopped = await review(ana, await followLog(vault.ana.custodian), pending.release);
    expect(stopped.obstacles.map(({ code }) => code)).toEqual(['vault_stopped']);
    const { digest } = await propose(ana, await followLog(vault.ana.custodian), {
      kind: 'resume',
      reason: 'it was lunch',
    });
    await approveBy(digest, vault.ana, vault.ben);
    const resumed = await review(ana, await followLog(vault.ana.custodian), pending.release);
    expect(resumed.obstacles).toEqual([]);
    await stop(ana, await followLog(vault.ana.custodian), {
      what: 'release',
      target: pending.release,
      reason: 'not needed',
    });
    expect(existsSync(to)).toBe(true);
  });
});
