import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TouchRequest } from '../../client/custodian/authenticator.ts';
import { followLog } from '../../client/custodian/ceremony.ts';
import { type Proposition, propose } from '../../client/custodian/propose.ts';
import { review } from '../../client/custodian/review.ts';
import { stop } from '../../client/custodian/stop.ts';
import { proposePublication } from '../../client/depositor/publish.ts';
import { waitForRelease } from '../../client/host/wait.ts';
import type { Code } from '../../src/core/errors.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { POLICY } from '../world/founding.ts';
import { approveBy, depositFolder, requestAs } from '../world/vault/acts.ts';
import { modelFolder } from '../world/vault/model.ts';
import type { FounderName } from '../world/vault/prepared.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

const refusal = (code: Code, ...said: readonly string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(said.join('.*')) });

/** Three custodians, of whom cleo owns the depositor’s and the requester’s machine. */
describe('what is asked for', () => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await openVault({ owner: 'cleo' });
    const folder = modelFolder({ 'config.json': new Uint8Array(16) });
    for (const version of ['1', '2']) await depositFolder(vault, { folder, version });
  });
  afterAll(() => vault.close());

  const publish = async (version: string) => {
    const session = vault.depositor;
    const replica = await followLog(vault.ana.custodian);
    const clock = { now: Date.now, random: platformRandom };
    return proposePublication(session, replica, { model: 'acme/ocr', version, evaluation: null }, clock);
  };
  const proposeBy = async (name: FounderName, proposition: Proposition) =>
    (await propose(vault[name].custodian, await followLog(vault[name].custodian), proposition)).digest;
  const reviewBy = async (name: FounderName, digest: string) =>
    review(vault[name].custodian, await followLog(vault[name].custodian), digest);
  const change = (proposalMs: number): Proposition => {
    return { kind: 'policy', policy: { ...POLICY, limits: { ...POLICY.limits, proposalMs } }, reason: 'limits' };
  };

  test('is not asked for twice with one key: a publication that waits is the one, and a custodian is told of it', async () => {
    const first = await publish('1');
    const again = await publish('1');
    expect([first.already, again]).toEqual([
      false,
      { digest: first.digest, index: first.index, already: true, other: null },
    ]);
    const other = await proposeBy('ana', change(7_200_000));
    const inOtherWords = { ...change(7_200_000), reason: 'in other words' } as Proposition;
    await expect(proposeBy('ana', inOtherWords)).rejects.toThrow(refusal('exists', 'you have proposed this', other));
    await expect(proposeBy('ben', inOtherWords)).rejects.toThrow(
      refusal('exists', '“ana”, custodian, id ', other, 'propose it all the same'),
    );
  });

  test('says before the touch that no quorum could approve it, who cannot and why', async () => {
    const [ana, cleo] = [vault.ana.custodian, vault.cleo.custodian];
    const touches: TouchRequest[] = [];
    const authenticator = { ...ana.authenticator, touch: async (of: TouchRequest) => touches.push(of) as never };
    const publication = { kind: 'publish', model: 'acme/ocr', version: '2', evaluation: null } as const;
    const proposing = propose({ ...ana, authenticator }, await followLog(vault.ana.custodian), publication);
    await expect(proposing).rejects.toThrow(
      refusal(
        'quorum_unreachable',
        '2 of 3 custodians must approve, and 1 can: ',
        `“ana”, custodian, id ${ana.person}, asks for it`,
        `“cleo”, custodian, id ${cleo.person}, owns the machine that deposited the version`,
        ': let a machine ask for it whose owner is no custodian or cannot approve it anyway',
      ),
    );
    expect(touches).toEqual([]);
  });

  test('and was overtaken by another policy is asked for again with one act, on the ground of today', async () => {
    const { digest } = await publish('2');
    const enacted = await proposeBy('ana', change(3_600_000));
    expect((await reviewBy('ana', digest)).again).toBeNull();
    await approveBy(enacted, vault.ana, vault.ben);
    const overtaken = await reviewBy('cleo', digest);
    expect(overtaken).toMatchObject({ standing: 'overtaken', overtaken: 'policy', isPending: false });
    expect(overtaken.again).toEqual({ kind: 'publish', model: 'acme/ocr', version: '2', evaluation: null });
    const anew = await proposeBy('cleo', overtaken.again as Proposition);
    await approveBy(anew, vault.ana, vault.ben);
    expect((await reviewBy('cleo', anew)).proposal.phase).toBe('executed');
    // What has been published is asked for no more.
    expect(await reviewBy('cleo', digest)).toMatchObject({ overtaken: 'version_published', again: null });
    // The same command that asked for the first.
    expect(await publish('1')).toMatchObject({ already: false });
  });

  test('and waits says so once keys were retired, and nothing like it is asked for any more', async () => {
    const pending = await requestAs(vault, { version: '2' });
    const ben = vault.ben.custodian;
    const replica = await followLog(vault.ben.custodian);
    const own = [...replica.facts.authenticators.values()].filter(({ person }) => person === ben.person);
    expect(own.map(({ credential }) => credential)).toEqual([ben.credential]);
    await stop(ben, replica, { what: 'authenticator', credential: ben.credential, reason: 'lost' });
    const { api } = vault.requester;
    await expect(waitForRelease(api, pending)).rejects.toThrow(
      refusal('quorum_unreachable', 'the vault says: 2 of 3 custodians must approve', 'let a machine ask'),
    );
    const status = await api.proposal(pending.release);
    expect(status.reach).toMatchObject({ reachable: false, threshold: 2, able: [{ name: 'ana' }] });
    expect(status.reach?.barred.map(({ name, why }) => `${name} ${why}`)).toEqual(['ben no_key', 'cleo asked']);
    expect(await reviewBy('ana', pending.release)).toMatchObject({ reach: { reachable: false } });
    const fields = { model: 'acme/ocr', version: '2', purpose: 'serving', hosts: 1 } as const;
    // Before evidence is collected.
    await expect(api.openRequest({ ...fields, nonce: '00'.repeat(32), created: Date.now() })).rejects.toThrow(
      refusal('quorum_unreachable', `.ben., custodian, id ${ben.person}, has no security key in use`),
    );
  });
});
