import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../../client/auditor/audit.ts';
import { approve } from '../../../client/custodian/approve.ts';
import { followLog } from '../../../client/custodian/ceremony.ts';
import { review } from '../../../client/custodian/review.ts';
import type { EvidenceCollector } from '../../../client/host/collector.ts';
import { Replica } from '../../../client/log/replica.ts';
import { keptSource } from '../../../client/log/source.ts';
import { endorsementsBytes, NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { hostReportData } from '../../../src/core/attest/evidence.ts';
import { type Hex, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { apply } from '../../../src/core/state/apply.ts';
import type { StatementOf } from '../../../src/core/statement/statement.ts';
import { MapMemory, type Meddling, passOn, verify } from '../../world/client.ts';
import { keptLog, sourceOf } from '../../world/source.ts';
import { approveAs, depositFiles, publish, requestFor } from '../../world/vault/acts.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';
import { publishedWorld } from '../../world/world.ts';
import { CHIP, HARDWARE_VALUES, snpAt, snpHost, tdxHost, utcTimeAt } from './hosts.ts';
import { custodianThrough } from './wire.ts';

let vault: Vault;
beforeAll(async () => {
  vault = await openVault({ policy: { referenceValues: HARDWARE_VALUES } });
  await depositFiles(vault, { 'weights.bin': utf8('the weights') });
  await publish(vault);
}, 60_000);
afterAll(() => vault?.close());

const refusal = (code: string) => expect.objectContaining({ code });
const SECOND_MS = 1000;

/** What ben's workstation has of a request, in a session that somebody meddles with. */
async function following(hosts: readonly EvidenceCollector[], meddle: Meddling = passOn) {
  const { release } = await requestFor(vault, hosts);
  const ben = await custodianThrough(vault, vault.ben, meddle);
  const replica = await followLog({ ...ben, api: vault.ben.api });
  const statement = replica.facts.proposals.get(release)?.statement as StatementOf<'release'>;
  return { release, ben, statement };
}

/** Replaces an object in every page of the log, under the digest of the true one. */
const replacing =
  (digest: () => Hex, bytes: Uint8Array | null): Meddling =>
  async ({ method, url }, next) => {
    const answer = await next();
    if (method !== 'GET' || new URL(url).pathname !== '/v1/log/entries') return answer;
    const page = (await answer.json()) as { objects: Record<Hex, string> };
    if (digest() in page.objects) {
      delete page.objects[digest()];
      if (bytes !== null) page.objects[digest()] = toBase64url(bytes);
    }
    return Response.json(page);
  };

describe('an approver', () => {
  test('is shown the chip’s own label, and what it proves at both instants', async () => {
    const { release, ben } = await following([snpHost()]);
    const { hosts, obstacles } = await review(ben, await followLog(ben), release);
    expect(obstacles).toEqual([]);
    expect(hosts[0]).toMatchObject({
      label: `snp-${toHex(CHIP).slice(0, 16)}`,
      atVault: { verdict: 'pass', claims: { 'snp.chip-id': toHex(CHIP) } },
      atOwnClock: { verdict: 'pass' },
    });
  });

  test.each(['appraisal', 'endorsements', 'evidence'] as const)(
    'follows no vault that hands out another %s than the statement names',
    async (what) => {
      let digest = '';
      const other = what === 'endorsements' ? endorsementsBytes(NO_ENDORSEMENTS) : utf8('{"v":1}');
      const { ben, statement } = await following(
        [snpHost()],
        replacing(() => digest, other),
      );
      digest = statement.hosts[0]?.[what] ?? '';
      await expect(followLog(ben)).rejects.toThrow(refusal('object_mismatch'));
    },
  );

  test('follows no vault that keeps an appraisal back', async () => {
    let digest = '';
    const { ben, statement } = await following(
      [snpHost()],
      replacing(() => digest, null),
    );
    digest = statement.hosts[0]?.endorsements ?? '';
    await expect(followLog(ben)).rejects.toThrow(refusal('object_missing'));
  });

  test('reviews with no endorsements that were exchanged since the replay', async () => {
    let digest = '';
    const { ben, statement, release } = await following(
      [snpHost()],
      replacing(() => digest, endorsementsBytes(NO_ENDORSEMENTS)),
    );
    const replica = await followLog(ben);
    digest = statement.hosts[0]?.endorsements ?? '';
    await expect(review(ben, replica, release)).rejects.toThrow(refusal('object_mismatch'));
  });

  const soon = () => ({
    thisUpdate: utcTimeAt(Date.now() - 60 * SECOND_MS),
    nextUpdate: utcTimeAt(Date.now() + 120 * SECOND_MS),
  });
  test.each([
    ['the list of what AMD revoked', () => snpHost({ crl: soon() }), 'snp.crl', 'endorsement_stale'],
    [
      'the chip’s certificate',
      () => snpHost({ vek: { notAfter: soon().nextUpdate } }),
      'snp.chain',
      'certificate_expired',
    ],
    ['the list of Intel’s authority', () => tdxHost({ pckCrl: soon() }), 'tdx.pck-crl', 'endorsement_stale'],
  ])('cannot approve once %s has run out by their own clock', async (_, host, rule, why) => {
    const { release, ben } = await following([host()]);
    let touches = 0;
    const counting = { ...ben.authenticator, touch: () => Promise.reject(new Error(`touch ${++touches}`)) };
    // Inside of the skew that is allowed, and still too late.
    const later = { ...ben, authenticator: counting, now: () => Date.now() + 200 * SECOND_MS };
    const replica = await followLog(later);
    const seen = await review(later, replica, release);
    expect(seen.hosts[0]).toMatchObject({ atVault: { verdict: 'pass' }, atOwnClock: { verdict: 'fail' } });
    expect(seen.obstacles).toEqual([
      { code: 'appraisal_failed', message: expect.stringContaining(`clock: ${rule}: `) },
    ]);
    expect(seen.obstacles[0]?.message).toContain(why);
    await expect(approve(later, replica, seen)).rejects.toThrow(refusal('appraisal_failed'));
    expect(touches).toBe(0);
    await expect(approveAs(vault.ben, release)).resolves.toMatchObject({ index: expect.any(Number) });
  });

  test('who reviewed in time cannot approve with that review later, and touches for nothing', async () => {
    const { release, ben } = await following([snpHost({ crl: soon() })]);
    let touches = 0;
    const authenticator = { ...ben.authenticator, touch: () => Promise.reject(new Error(`touch ${++touches}`)) };
    const replica = await followLog(ben);
    const seen = await review(ben, replica, release);
    expect(seen.obstacles).toEqual([]);
    const later = { ...ben, authenticator, now: () => Date.now() + 200 * SECOND_MS };
    await expect(approve(later, replica, seen)).rejects.toThrow(
      expect.objectContaining({ code: 'appraisal_failed', message: expect.stringContaining('clock: snp.crl: ') }),
    );
    expect(touches).toBe(0);
    await expect(approve(vault.ben.custodian, replica, seen)).resolves.toMatchObject({ index: expect.any(Number) });
  });
});

describe('a log whose vault let a false appraisal of a debug guest in', () => {
  async function lyingLog() {
    const { world, deposit } = await publishedWorld({ label: 'lying', policy: { referenceValues: HARDWARE_VALUES } });
    const day = { thisUpdate: utcTimeAt(world.now - 1000), nextUpdate: utcTimeAt(world.now + 86_400_000) };
    const asked = await world.ask(deposit, {
      collect: (binding) => snpAt(hostReportData(binding), { report: { policy: 0xb_001fn }, crl: day }),
      appraisal: { verdict: 'pass', rules: [{ rule: 'snp.debug', expected: '0', got: '0', pass: true }] },
    });
    // A vault that does as it likes appraises nothing.
    world.tryAppend = async (draft) =>
      apply(world.stateOrNull, draft instanceof Uint8Array ? draft : world.seal(draft), world.objects);
    await world.propose(asked.statement);
    return world;
  }

  test('is followed by no custodian', async () => {
    const world = await lyingLog();
    const source = sourceOf(
      () => keptLog(world),
      () => world.now,
      100,
    );
    const options = { fingerprint: world.vault, verify, memory: new MapMemory(), now: () => world.now };
    await expect(Replica.follow(source, options)).rejects.toThrow(refusal('appraisal_mismatch'));
  });

  test('fails its audit at that entry', async () => {
    const world = await lyingLog();
    const options = { fingerprint: world.vault, verify, now: () => world.now, memory: null };
    const { integrity } = await audit(keptSource(keptLog(world)), options);
    const entry = world.log.length - 1;
    expect(integrity).toMatchObject({ verdict: 'fail', fault: { entry, code: 'appraisal_mismatch' } });
  });
});
