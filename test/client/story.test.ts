import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../client/auditor/audit.ts';
import { approve, deny } from '../../client/custodian/approve.ts';
import { confirmCustody } from '../../client/custodian/custody.ts';
import { propose } from '../../client/custodian/propose.ts';
import { review } from '../../client/custodian/review.ts';
import { stop } from '../../client/custodian/stop.ts';
import { fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import { waitForRelease } from '../../client/host/wait.ts';
import { vaultSource } from '../../client/log/source.ts';
import { approveBy, depositModel, MODEL, modelFolder, publishModel, requestModel, temporary } from './story.ts';
import { type Founded, found, IMPATIENT, replicaOf, sessionOf, verify } from './vault.ts';

describe('the whole story, through the library alone', () => {
  let founded: Founded;
  const to = temporary();

  beforeAll(async () => {
    founded = await found();
  });
  afterAll(async () => {
    await founded.vault.destroy();
    rmSync(to, { recursive: true });
  });

  test('deposit, publish, request, approve, fetch, receipt and audit', async () => {
    const deposited = await depositModel(founded, { folder: await modelFolder() });
    expect(deposited).toMatchObject({ files: 5, envelopes: 3 });
    await publishModel(founded);

    const pending = await requestModel(founded);
    const { api } = await sessionOf(founded, 'requester');
    const phases: string[] = [];
    const waiting = waitForRelease(api, pending, { onProgress: ({ phase }) => phases.push(phase) });
    await approveBy(founded, pending.release, 'ana', 'ben');
    await expect(waiting).resolves.toMatchObject({ phase: 'executed', wanting: 0 });
    expect([phases[0], phases.at(-1)]).toEqual(['open', 'executed']);

    const progress: number[] = [];
    const options = { api, pending, host: 0, folder: to, verify, retry: IMPATIENT };
    const fetched = await fetchRelease({ ...options, onProgress: ({ bytes }) => progress.push(bytes) });
    for (const [path, bytes] of Object.entries(MODEL)) expect(readFileSync(join(to, path)).equals(bytes)).toBe(true);
    expect(readdirSync(to, { recursive: true }).sort()).toEqual([...Object.keys(MODEL), 'onnx'].sort());
    expect(progress.at(-1)).toBe(fetched.bytes);
    await sendReceipt(api, pending, 0, fetched);

    const custodian = founded.custodians.cleo;
    await confirmCustody(custodian, await replicaOf(founded, 'cleo'), deposited.manifest);

    const auditor = await sessionOf(founded, 'auditor');
    const { fingerprint } = founded;
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
    const pending = await requestModel(founded, {}, 2);
    await approveBy(founded, pending.release, 'ben', 'ana');
    const { api } = await sessionOf(founded, 'requester');
    const fetched = await fetchRelease({ api, pending, host: 1, folder: to, verify, retry: IMPATIENT });
    expect(fetched.receivedBytes).toBeLessThan(2000);
    expect(fetched.files).toHaveLength(5);
  });

  test('a review tells what differs from the last release, and who has approved', async () => {
    const pending = await requestModel(founded, { leaseMs: 60_000, reason: 'OPS-2: a canary' });
    await approveBy(founded, pending.release, 'ana');
    const replica = await replicaOf(founded, 'ben');
    const seen = await review(founded.custodians.ben, replica, pending.release);
    expect(seen).toMatchObject({
      grade: 'simulation',
      asked: { name: 'cleo', key: 'fleet', reason: 'OPS-2: a canary' },
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
    await deny(founded.custodians.ben, replica, pending.release);
  });

  test('the requester’s owner cannot approve, and a custodian cannot twice', async () => {
    const pending = await requestModel(founded);
    const cleo = await review(founded.custodians.cleo, await replicaOf(founded, 'cleo'), pending.release);
    expect(cleo.obstacles.map(({ code }) => code)).toEqual(['proposer_cannot_approve']);
    await expect(approve(founded.custodians.cleo, await replicaOf(founded, 'cleo'), cleo)).rejects.toThrow(
      expect.objectContaining({ code: 'proposer_cannot_approve' }),
    );
    const replica = await replicaOf(founded, 'ana');
    const ana = await review(founded.custodians.ana, replica, pending.release);
    await approve(founded.custodians.ana, replica, ana);
    await replica.extend();
    await expect(approve(founded.custodians.ana, replica, ana)).rejects.toThrow(
      expect.objectContaining({ code: 'already_voted' }),
    );
  });

  test('a denied request ends the wait with what the custodian said who denied it', async () => {
    const pending = await requestModel(founded);
    const { api } = await sessionOf(founded, 'requester');
    await deny(founded.custodians.ana, await replicaOf(founded, 'ana'), pending.release, 'no ticket named');
    await deny(founded.custodians.ben, await replicaOf(founded, 'ben'), pending.release).catch(() => undefined);
    await expect(waitForRelease(api, pending)).rejects.toThrow(
      expect.objectContaining({
        code: 'request_denied',
        message: `the custodians denied the release: the vault says: “ana”, custodian, id ${founded.custodians.ana.person}: “no ticket named”`,
        detail: { phase: 'denied' },
      }),
    );
  });

  test('one stops everything, a quorum resumes, and the review says so meanwhile', async () => {
    const pending = await requestModel(founded);
    const { ana } = founded.custodians;
    await stop(ana, await replicaOf(founded, 'ana'), { what: 'all', reason: 'something smells' });
    const stopped = await review(ana, await replicaOf(founded, 'ana'), pending.release);
    expect(stopped.obstacles.map(({ code }) => code)).toEqual(['vault_stopped']);
    const { digest } = await propose(ana, await replicaOf(founded, 'ana'), { kind: 'resume', reason: 'it was lunch' });
    await approveBy(founded, digest, 'ana', 'ben');
    const resumed = await review(ana, await replicaOf(founded, 'ana'), pending.release);
    expect(resumed.obstacles).toEqual([]);
    await stop(ana, await replicaOf(founded, 'ana'), {
      what: 'release',
      target: pending.release,
      reason: 'not needed',
    });
    expect(existsSync(to)).toBe(true);
  });
});
