import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { completenessOf, EMPTY_TALLY } from '../../../client/auditor/completeness.ts';
import { approve } from '../../../client/custodian/approve.ts';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
import { followLog } from '../../../client/custodian/ceremony.ts';
import { confirmCustody } from '../../../client/custodian/custody.ts';
import { propose, withReferenceValues } from '../../../client/custodian/propose.ts';
import { review } from '../../../client/custodian/review.ts';
import { stop } from '../../../client/custodian/stop.ts';
import { openRelease } from '../../../client/host/open-release.ts';
import { waitForRelease } from '../../../client/host/wait.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import type { AuthorityChain } from '../../../src/core/state/authority-chain.ts';
import type { Policy } from '../../../src/core/statement/policy.ts';
import { passOn, verify } from '../../world/client.ts';
import { POLICY } from '../../world/founding.ts';
import { approveBy, depositFolder, publish, requestAs } from '../../world/vault/acts.ts';
import { modelFolder } from '../../world/vault/model.ts';
import type { FounderName } from '../../world/vault/prepared.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const STOLEN = '77'.repeat(32);
/** A day's budget that one release nearly uses up. */
const FOUNDING: Policy = { ...POLICY, limits: { ...POLICY.limits, bytesPerDay: '30000000' } };
const FOUNDING_DIGEST = digestOf(canonicalBytes(FOUNDING));
const revoking = { ...POLICY.referenceValues, revoked: [{ claim: 'simulated.chip', value: STOLEN }] };
const PLACE = `referenceValues.revoked[simulated.chip ${STOLEN}]`;

describe('a change of policy', () => {
  let vault: Vault;
  /** The change of the first test, and releases that were open and approved when it came. */
  let change: string;
  let open: string;
  let approved: string;
  beforeAll(async () => {
    vault = await openVault({ owner: 'cleo', policy: FOUNDING });
    await depositFolder(vault, { folder: modelFolder({ 'a.bin': new Uint8Array(10) }) });
    await publish(vault);
    open = (await requestAs(vault)).release;
    for (let i = 0; i < 2; i++) {
      approved = (await requestAs(vault, { bytes: 20_000_000n })).release;
      await approveBy(approved, vault.ana, vault.ben);
    }
  });
  afterEach(() => {
    vault.meddle = passOn;
  });
  afterAll(() => vault.close());

  const proposeBy = async (name: FounderName, policyOf: (policy: Policy) => Policy, reason = 'a test') => {
    const replica = await followLog(vault[name].custodian);
    const policy = policyOf(replica.facts.policy.document);
    return propose(vault[name].custodian, replica, { kind: 'policy', policy, reason });
  };
  const reviewBy = async (name: FounderName, digest: string) =>
    review(vault[name].custodian, await followLog(vault[name].custodian), digest);
  const status = async () => vault.auditor.api.status();

  test('is shown to approvers field by field, its proposer among them', async () => {
    const replica = await followLog(vault.ana.custodian);
    const policy = withReferenceValues(replica.facts, revoking);
    const proposition = { kind: 'policy', policy, reason: 'a chip was stolen' } as const;
    const { digest } = await propose(vault.ana.custodian, replica, proposition);
    change = digest;
    for (const name of ['ana', 'ben'] as const) {
      const reviewed = await reviewBy(name, change);
      expect(reviewed.obstacles).toEqual([]);
      expect(reviewed.asked.reason).toBe('a chip was stolen');
      expect(reviewed.policyChange).toEqual({
        policy,
        differences: [
          { path: `${PLACE}.claim`, before: null, after: '"simulated.chip"' },
          { path: `${PLACE}.value`, before: null, after: `"${STOLEN}"` },
        ],
      });
    }
    expect((await status()).policyChanges).toBe(0);
  });

  test('is not shown where the vault serves another document in its place', async () => {
    const { statement } = await reviewBy('ben', change);
    const replica = await followLog(vault.ben.custodian);
    const document = statement.kind === 'policy' ? statement.document : '';
    vault.meddle = async (request, next) => {
      const answer = await next();
      if (!request.url.includes('/v1/log/entries')) return answer;
      const page = (await answer.json()) as { objects: Record<string, string> };
      page.objects[document] = toBase64url(canonicalBytes({ ...POLICY, limits: { ...POLICY.limits, hosts: 64 } }));
      return new Response(JSON.stringify(page));
    };
    await expect(review(vault.ben.custodian, replica, change)).rejects.toThrow(refusal('object_mismatch'));
  });

  test('takes effect with its quorum, and shows in the status', async () => {
    const before = await status();
    await approveBy(change, vault.ana);
    expect((await status()).policy).toBe(before.policy);
    await approveBy(change, vault.cleo);
    const after = await status();
    expect(after.policyChanges).toBe(1);
    expect(after.policy).toBe(digestOf(canonicalBytes({ ...FOUNDING, referenceValues: revoking })));
  });

  test('shows the same differences once it is in force', async () => {
    const { policyChange, obstacles } = await reviewBy('ben', change);
    expect(policyChange?.differences.map(({ path }) => path)).toEqual([`${PLACE}.claim`, `${PLACE}.value`]);
    expect(obstacles.map(({ code }) => code)).toContain('proposal_closed');
  });

  test('leaves what was open under the policy before it without a vote', async () => {
    const reviewed = await reviewBy('ana', open);
    expect(reviewed.obstacles.map(({ code }) => code)).toContain('wrong_policy');
    const replica = await followLog(vault.ana.custodian);
    const touched = approve(vault.ana.custodian, replica, { ...reviewed, obstacles: [] });
    await expect(touched).rejects.toThrow(refusal('wrong_policy'));
  });

  test('leaves what was open under the policy before it appraised and counted by that policy', async () => {
    const { hosts, policy, isPending, standing, overtaken } = await reviewBy('ana', open);
    expect(hosts.map(({ obstacles }) => obstacles)).toEqual([[]]);
    expect({ isPending, standing, overtaken }).toEqual({
      isPending: false,
      standing: 'overtaken',
      overtaken: 'policy',
    });
    expect(policy).toMatchObject({ digest: FOUNDING_DIGEST, since: 0, isInForce: false, wanting: 2 });
  });

  test('is told to a host that waits for a release that was asked for before it', async () => {
    const { api } = vault.requester;
    await expect(waitForRelease(api, { release: open, expires: Date.now() })).rejects.toThrow(refusal('wrong_policy'));
    await expect(api.handover(approved, 0)).rejects.toThrow(refusal('wrong_policy'));
    expect(await api.proposal(approved)).toMatchObject({
      phase: 'approved',
      standing: 'overtaken',
      overtaken: 'policy',
    });
  });

  test('is named by what the approvers of a release signed, and its host is shown none of its entries', async () => {
    const pending = await requestAs(vault);
    await approveBy(pending.release, vault.ana, vault.ben);
    const { api } = vault.requester;
    const handover = await api.handover(pending.release, 0);
    expect(JSON.stringify((handover.authority as AuthorityChain).entries)).not.toContain(change);
    const { authority } = await openRelease(handover, pending, 0, verify);
    const { facts } = await followLog(vault.ana.custodian);
    expect(authority.rosters.map(({ policy }) => policy)).toEqual([facts.policy.digest]);
  });

  test.each([
    ['that no other could follow', 'quorum_unreachable', { groups: ['board'] }],
    ['under which there is no time to approve', 'limit_exceeded', { limits: { ...POLICY.limits, proposalMs: 1000 } }],
  ])('is refused before a key is touched for a policy %s', async (_, code, changes) => {
    const authenticator = {
      touch: async () => {
        throw new Error('a key was touched');
      },
    } as unknown as Custodian['authenticator'];
    const replica = await followLog(vault.ana.custodian);
    const policy = { ...replica.facts.policy.document, ...changes };
    const proposition = { kind: 'policy', policy, reason: 'a test' } as const;
    const custodian = { ...vault.ana.custodian, authenticator };
    await expect(propose(custodian, replica, proposition)).rejects.toThrow(refusal(code));
  });

  test('to the policy that is in force is refused', async () => {
    await expect(proposeBy('ben', (policy) => policy)).rejects.toThrow(refusal('exists'));
  });

  test('that no policy can be is refused before anybody touches a key', async () => {
    let touches = 0;
    const { authenticator } = vault.ben.custodian;
    const touch = () => {
      touches++;
      return Promise.reject(new Error('not asked'));
    };
    const counting = { ...vault.ben.custodian, authenticator: { ...authenticator, touch } };
    const replica = await followLog(vault.ben.custodian);
    const policy = { ...POLICY, veto: 'yes' } as unknown as Policy;
    await expect(propose(counting, replica, { kind: 'policy', policy, reason: 'a test' })).rejects.toThrow(
      refusal('malformed'),
    );
    expect(touches).toBe(0);
  });

  test('whose document does not come with it is refused', async () => {
    const { ben } = vault;
    const api = Object.assign(Object.create(ben.api), {
      propose: (body: Parameters<typeof ben.api.propose>[0]) => ben.api.propose({ ...body, objects: {} }),
    }) as typeof ben.api;
    const replica = await followLog(vault.ben.custodian);
    const proposition = { kind: 'policy', policy: { ...POLICY, veto: true }, reason: 'a test' } as const;
    await expect(propose({ ...ben.custodian, api }, replica, proposition)).rejects.toThrow(refusal('object_missing'));
  });
});

describe('a release that was right', () => {
  let vault: Vault;
  /** Under the policy of genesis, and under one that came after it. */
  let first: string;
  let second: string;
  let since: number;
  beforeAll(async () => {
    vault = await openVault({ owner: 'cleo' });
    await depositFolder(vault, { folder: modelFolder({ 'a.bin': new Uint8Array(10) }) });
    await publish(vault);
    first = await release();
    since = await change({ veto: true });
    second = await release();
    const strict = { platform: 'simulated' as const, measurements: [] };
    await change({ referenceValues: { ...POLICY.referenceValues, simulated: strict } });
  });
  afterAll(() => vault.close());

  const reviewBy = async (name: FounderName, digest: string, nowMs = Date.now()) =>
    review({ ...vault[name].custodian, now: () => nowMs }, await followLog(vault[name].custodian), digest);
  const release = async () => {
    const { release } = await requestAs(vault);
    await approveBy(release, vault.ana, vault.ben);
    const { api } = vault.requester;
    await api.handover(release, 0);
    return release;
  };
  /** Returns the entry that put it in force. */
  const change = async (changes: Partial<Policy>): Promise<number> => {
    const replica = await followLog(vault.ana.custodian);
    const policy = { ...replica.facts.policy.document, ...changes };
    const { digest } = await propose(vault.ana.custodian, replica, { kind: 'policy', policy, reason: 'a test' });
    await approveBy(digest, vault.ana, vault.cleo);
    return (await followLog(vault.ana.custodian)).checkpoint.size - 1;
  };

  test('stays so under a policy that would refuse its hosts: it is judged by the policy of its time', async () => {
    const { facts } = await followLog(vault.ana.custodian);
    for (const [digest, policySince] of [
      [first, 0],
      [second, since],
    ] as const) {
      const { hosts, policy, isPending } = await reviewBy('ana', digest);
      expect(hosts.map(({ obstacles, atVault }) => [obstacles, atVault.verdict])).toEqual([[[], 'pass']]);
      expect(isPending).toBe(false);
      expect(policy).toMatchObject({ since: policySince, isInForce: false, wanting: 0, missingGroups: [] });
      expect(policy.digest).toBe(facts.proposals.get(digest)?.statement.policy);
      expect(policy.digest).not.toBe(facts.policy.digest);
    }
  });

  test('stays so when time has passed: what has run out since says nothing of what was right then', async () => {
    const { hosts } = await reviewBy('ana', first, Date.now() + 10 * 365 * 86_400_000);
    expect(hosts.map(({ atOwnClock, obstacles }) => [atOwnClock, obstacles])).toEqual([[null, []]]);
  });

  test('stays so when an approver has retired the key that they used', async () => {
    const ana = vault.ana.custodian;
    const target = { what: 'authenticator', credential: ana.credential, reason: 'lost' } as const;
    await stop(ana, await followLog(vault.ana.custodian), target);
    expect((await reviewBy('ben', first)).policy).toMatchObject({ wanting: 0, missingGroups: [] });
    const { api } = vault.auditor;
    expect(await api.proposal(first)).toMatchObject({ phase: 'executed', wanting: 0, missingGroups: [] });
  });
});

describe('a version', () => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await openVault({ owner: 'cleo' });
    await depositFolder(vault, { folder: modelFolder({ 'a.bin': new Uint8Array(10) }) });
  });
  afterAll(() => vault.close());

  test('that is confirmed with another key than the one that is wanted says which one is', async () => {
    const ana = vault.ana.custodian;
    const replica = await followLog(vault.ana.custodian);
    const [manifest = ''] = replica.facts.versions.keys();
    const name = replica.facts.authenticators.get(ana.credential)?.name;
    const touch = () => Promise.reject(new TwinlockError('cancelled', 'declined'));
    const other = { ...ana, authenticator: { ...ana.authenticator, rpId: ana.authenticator.rpId, touch } };
    await expect(confirmCustody(other as typeof ana, replica, manifest)).rejects.toThrow(
      expect.objectContaining({
        code: 'cancelled',
        message: `expected the security key “${name}” (id ${ana.credential}), which has not confirmed its share: declined`,
      }),
    );
  });

  test('does not wait for ever for the share of a key that has been retired', async () => {
    const [ana, ben, cleo] = [vault.ana.custodian, vault.ben.custodian, vault.cleo.custodian];
    for (const custodian of [ana, ben]) {
      const replica = await followLog(vault.ana.custodian);
      const [manifest = ''] = replica.facts.versions.keys();
      await confirmCustody(custodian, replica, manifest);
    }
    const { api } = vault.auditor;
    const notDurable = async () => {
      const { facts } = await followLog(vault.ana.custodian);
      return completenessOf(facts, EMPTY_TALLY, Date.now(), true).versions.notDurable;
    };
    const [before] = (await api.status()).versions;
    expect(before?.unconfirmed.map(({ name }) => name)).toEqual(['cleo']);
    expect(await notDurable()).toEqual(['acme/ocr@1']);
    const target = { what: 'authenticator', credential: cleo.credential, reason: 'lost' } as const;
    await stop(cleo, await followLog(vault.cleo.custodian), target);
    expect((await api.status()).versions).toMatchObject([{ durable: true, unconfirmed: [] }]);
    expect(await notDurable()).toEqual([]);
  });
});
