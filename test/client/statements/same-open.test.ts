import { beforeAll, describe, expect, test } from 'vitest';
import { propose, WaitsError } from '../../../client/custodian/propose.ts';
import type { Replica } from '../../../client/log/replica.ts';
import { sameOpen } from '../../../client/statements/same-open.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import type { Proposable } from '../../../src/core/state/state.ts';
import { deposited } from '../../core/state/stages.ts';
import { makeMachine } from '../../world/people.ts';
import { asProposer, type World } from '../../world/world.ts';

/** Four custodians, two of whom must approve; dan owns the depositor's machine. */
describe('what waits and says the same', () => {
  let stage: Awaited<ReturnType<typeof deposited>>;
  beforeAll(async () => {
    stage = await deposited();
  });
  const same = (world: World, statement: Proposable) => {
    const { own, other } = sameOpen(world.facts, statement, world.now);
    return { own: own?.digest ?? null, other: other?.digest ?? null };
  };
  const none = { own: null, other: null };

  test('is one’s own where the same key has signed it, and another’s otherwise', async () => {
    const { ana, ben } = stage;
    const world = stage.world.fork();
    const first = await world.propose(world.policyChange({ veto: true }, ana));
    expect(same(world, world.policyChange({ veto: true }, ana, { reason: 'in other words' }))).toEqual({
      own: first,
      other: null,
    });
    expect(same(world, world.policyChange({ veto: true }, ben))).toEqual({ own: null, other: first });
  });

  test('and is a publication: a custodian’s keeps the depositor’s machine from nothing', async () => {
    const { deposit, ana } = stage;
    const world = stage.world.fork();
    const first = await world.propose(world.publication(deposit, { proposer: asProposer(ana) }));
    expect(same(world, world.publication(deposit))).toEqual({ own: null, other: first });
    const own = await world.propose(world.publication(deposit));
    expect(same(world, world.publication(deposit))).toEqual({ own, other: first });
  });

  test('is neither where who proposed it is its subject: a thief proposes that to withdraw it', async () => {
    const { ana, ben } = stage;
    const world = stage.world.fork();
    await world.propose(world.keyRetirement(ben, ben));
    expect(same(world, world.keyRetirement(ben, ana))).toEqual(none);
    const machine = makeMachine({ role: 'requester', name: 'new', owner: ben.person, ownerName: 'ben' }, world.random);
    await world.propose(world.principal(machine.record, ben));
    expect(same(world, world.principal(machine.record, ana))).toEqual(none);
  });

  test('is neither where no quorum can approve it any more', async () => {
    const { deposit, ben, cleo } = stage;
    const world = stage.world.fork();
    const first = await world.propose(world.publication(deposit));
    expect(same(world, world.publication(deposit))).toEqual({ own: first, other: null });
    for (const who of [ben, cleo]) {
      await world.append(
        await world.draftStop(world.stop('authenticator', digestOf(who.authenticators[0].credential), who)),
      );
    }
    expect(same(world, world.publication(deposit))).toEqual(none);
  });

  test('refuses what the same key asks for again, and of another’s says so and lets it be proposed all the same', async () => {
    const { ana, ben } = stage;
    const world = stage.world.fork();
    const touched = new Error('touched');
    const proposing = (by: typeof ana, besides = false) => {
      const custodian = {
        person: by.person,
        credential: toBase64url(by.authenticators[0].credential),
        now: () => world.now,
        random: world.random,
        authenticator: { touch: () => Promise.reject(touched) },
      } as unknown as Parameters<typeof propose>[0];
      const { cleo } = stage;
      const credential = toBase64url(cleo.authenticators[0].credential);
      const proposition = { kind: 'authenticator', credential, reason: 'stolen' } as const;
      return propose(custodian, { state: world.state, facts: world.facts } as unknown as Replica, proposition, {
        besides,
      }).catch((error: unknown) => error);
    };
    expect(await proposing(ana)).toBe(touched);
    const first = await world.propose(world.keyRetirement(stage.cleo, ben));
    const others = await proposing(ana);
    expect(others).toBeInstanceOf(WaitsError);
    expect(others).toMatchObject({ code: 'exists', proposal: first, isOthers: true });
    expect(await proposing(ana, true)).toBe(touched);
    expect(await proposing(ben, true)).toMatchObject({ code: 'exists', proposal: first, isOthers: false });
  });
});
