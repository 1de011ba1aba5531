import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { completenessOf, EMPTY_TALLY } from '../../../client/auditor/completeness.ts';
import { approve } from '../../../client/custodian/approve.ts';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
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
import { POLICY } from '../../world/founding.ts';
import { approveBy, depositModel, modelFolder, publishModel, requestModel } from '../story.ts';
import { type Founded, found, type Name, replicaOf, sessionOf, verify } from '../vault.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const STOLEN = '77'.repeat(32);
/** A day's budget that one release nearly uses up. */
const FOUNDING: Policy = { ...POLICY, limits: { ...POLICY.limits, bytesPerDay: '30000000' } };
const FOUNDING_DIGEST = digestOf(canonicalBytes(FOUNDING));
const revoking = { ...POLICY.referenceValues, revoked: [{ claim: 'simulated.chip', value: STOLEN }] };
const PLACE = `referenceValues.revoked[simulated.chip ${STOLEN}]`;

describe('a change of policy', () => {
  let founded: Founded;
  /** The change of the first test, and releases that were open and approved when it came. */
  let change: string;
  let open: string;
  let approved: string;
  beforeAll(async () => {
    founded = await found(FOUNDING);
    await depositModel(founded, { folder: await modelFolder({ 'a.bin': new Uint8Array(10) }) });
    await publishModel(founded);
    open = (await requestModel(founded)).release;
    for (let i = 0; i < 2; i++) {
      approved = (await requestModel(founded, { bytes: 20_000_000n })).release;
      await approveBy(founded, approved, 'ana', 'ben');
    }
  });
  afterEach(() => {
    founded.vault.meddle = (_, next) => next();
  });
  afterAll(() => founded.vault.destroy());

  const proposeBy = async (name: Name, policyOf: (policy: Policy) => Policy, reason = 'a test') => {
    const replica = await replicaOf(founded, name);
    const policy = policyOf(replica.facts.policy.document);
    return propose(founded.custodians[name], replica, { kind: 'policy', policy, reason });
  };
  const reviewBy = async (name: Name, digest: string) =>
    review(founded.custodians[name], await replicaOf(founded, name), digest);
  const status = async () => (await sessionOf(founded, 'auditor')).api.status();

  test('is shown to approvers field by field, its proposer among them', async () => {
    const replica = await replicaOf(founded, 'ana');
    const policy = withReferenceValues(replica.facts, revoking);
    const proposition = { kind: 'policy', policy, reason: 'a chip was stolen' } as const;
    const { digest } = await propose(founded.custodians.ana, replica, proposition);
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
    const replica = await replicaOf(founded, 'ben');
    const document = statement.kind === 'policy' ? statement.document : '';
    founded.vault.meddle = async (request, next) => {
      const answer = await next();
      if (!request.url.includes('/v1/log/entries')) return answer;
      const page = (await answer.json()) as { objects: Record<string, string> };
      page.objects[document] = toBase64url(canonicalBytes({ ...POLICY, limits: { ...POLICY.limits, hosts: 64 } }));
      return new Response(JSON.stringify(page));
    };
    await expect(review(founded.custodians.ben, replica, change)).rejects.toThrow(refusal('object_mismatch'));
  });

  test('takes effect with its quorum, and shows in the status', async () => {
    const before = await status();
    await approveBy(founded, change, 'ana');
    expect((await status()).policy).toBe(before.policy);
    await approveBy(founded, change, 'cleo');
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
    const replica = await replicaOf(founded, 'ana');
    const touched = approve(founded.custodians.ana, replica, { ...reviewed, obstacles: [] });
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
    const { api } = await sessionOf(founded, 'requester');
    await expect(waitForRelease(api, { release: open, expires: Date.now() })).rejects.toThrow(refusal('wrong_policy'));
    await expect(api.handover(approved, 0)).rejects.toThrow(refusal('wrong_policy'));
    expect(await api.proposal(approved)).toMatchObject({
      phase: 'approved',
      standing: 'overtaken',
      overtaken: 'policy',
    });
  });

  test('is named by what the approvers of a release signed, and its host is shown none of its entries', async () => {
    const pending = await requestModel(founded);
    await approveBy(founded, pending.release, 'ana', 'ben');
    const { api } = await sessionOf(founded, 'requester');
    const handover = await api.handover(pending.release, 0);
    expect(JSON.stringify((handover.authority as AuthorityChain).entries)).not.toContain(change);
    const { authority } = await openRelease(handover, pending, 0, verify);
    const { facts } = await replicaOf(founded, 'ana');
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
    const replica = await replicaOf(founded, 'ana');
    const policy = { ...replica.facts.policy.document, ...changes };
    const proposition = { kind: 'policy', policy, reason: 'a test' } as const;
    const custodian = { ...founded.custodians.ana, authenticator };
    await expect(propose(custodian, replica, proposition)).rejects.toThrow(refusal(code));
  });

  test('to the policy that is in force is refused', async () => {
    await expect(proposeBy('ben', (policy) => policy)).rejects.toThrow(refusal('exists'));
  });

  test('that no policy can be is refused before anybody touches a key', async () => {
    let touches = 0;
    const { authenticator } = founded.custodians.ben;
    const touch = () => {
      touches++;
      return Promise.reject(new Error('not asked'));
    };
    const counting = { ...founded.custodians.ben, authenticator: { ...authenticator, touch } };
    const replica = await replicaOf(founded, 'ben');
    const policy = { ...POLICY, veto: 'yes' } as unknown as Policy;
    await expect(propose(counting, replica, { kind: 'policy', policy, reason: 'a test' })).rejects.toThrow(
      refusal('malformed'),
    );
    expect(touches).toBe(0);
  });

  test('whose document does not come with it is refused', async () => {
    const { custodians } = founded;
    const api = Object.assign(Object.create(custodians.ben.api), {
      propose: (body: Parameters<typeof custodians.ben.api.propose>[0]) =>
        custodians.ben.api.propose({ ...body, objects: {} }),
    }) as typeof custodians.ben.api;
    const replica = await replicaOf(founded, 'ben');
    const proposition = { kind: 'policy', policy: { ...POLICY, veto: true }, reason: 'a test' } as const;
    await expect(propose({ ...custodians.ben, api }, replica, proposition)).rejects.toThrow(refusal('object_missing'));
  });
});

describe('a release that was right', () => {
  let founded: Founded;
  /** Under the policy of genesis, and under one that came after it. */
  let first: string;
  let second: string;
  let since: number;
  beforeAll(async () => {
    founded = await found();
    await depositModel(founded, { folder: await modelFolder({ 'a.bin': new Uint8Array(10) }) });
    await publishModel(founded);
    first = await release();
    since = await change({ veto: true });
    second = await release();
    const strict = { platform: 'simulated' as const, measurements: [] };
    await change({ referenceValues: { ...POLICY.referenceValues, simulated: strict } });
  });
  afterAll(() => founded.vault.destroy());

  const reviewBy = async (name: Name, digest: string, nowMs = Date.now()) =>
    review({ ...founded.custodians[name], now: () => nowMs }, await replicaOf(founded, name), digest);
  const release = async () => {
    const { release } = await requestModel(founded);
    await approveBy(founded, release, 'ana', 'ben');
    const { api } = await sessionOf(founded, 'requester');
    await api.handover(release, 0);
    return release;
  };
  /** Returns the entry that put it in force. */
  const change = async (changes: Partial<Policy>): Promise<number> => {
    const replica = await replicaOf(founded, 'ana');
    const policy = { ...replica.facts.policy.document, ...changes };
    const { digest } = await propose(founded.custodians.ana, replica, { kind: 'policy', policy, reason: 'a test' });
    await approveBy(founded, digest, 'ana', 'cleo');
    return (await replicaOf(founded, 'ana')).checkpoint.size - 1;
  };

  test('stays so under a policy that would refuse its hosts: it is judged by the policy of its time', async () => {
    const { facts } = await replicaOf(founded, 'ana');
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
    const { ana } = founded.custodians;
    const target = { what: 'authenticator', credential: ana.credential, reason: 'lost' } as const;
    await stop(ana, await replicaOf(founded, 'ana'), target);
    expect((await reviewBy('ben', first)).policy).toMatchObject({ wanting: 0, missingGroups: [] });
    const { api } = await sessionOf(founded, 'auditor');
    expect(await api.proposal(first)).toMatchObject({ phase: 'executed', wanting: 0, missingGroups: [] });
  });
});

describe('a version', () => {
  let founded: Founded;
  beforeAll(async () => {
    founded = await found();
    await depositModel(founded, { folder: await modelFolder({ 'a.bin': new Uint8Array(10) }) });
  });
  afterAll(() => founded.vault.destroy());

  test('that is confirmed with another key than the one that is wanted says which one is', async () => {
    const { ana } = founded.custodians;
    const replica = await replicaOf(founded, 'ana');
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
    const { ana, ben, cleo } = founded.custodians;
    for (const custodian of [ana, ben]) {
      const replica = await replicaOf(founded, 'ana');
      const [manifest = ''] = replica.facts.versions.keys();
      await confirmCustody(custodian, replica, manifest);
    }
    const { api } = await sessionOf(founded, 'auditor');
    const notDurable = async () => {
      const { facts } = await replicaOf(founded, 'ana');
      return completenessOf(facts, EMPTY_TALLY, Date.now(), true).versions.notDurable;
    };
    const [before] = (await api.status()).versions;
    expect(before?.unconfirmed.map(({ name }) => name)).toEqual(['cleo']);
    expect(await notDurable()).toEqual(['acme/ocr@1']);
    const target = { what: 'authenticator', credential: cleo.credential, reason: 'lost' } as const;
    await stop(cleo, await replicaOf(founded, 'cleo'), target);
    expect((await api.status()).versions).toMatchObject([{ durable: true, unconfirmed: [] }]);
    expect(await notDurable()).toEqual([]);
  });
});
