import { describe, expect, test } from 'vitest';
import { type StopKit, stopKitOf } from '../../../client/custodian/stop-kit.ts';
import { stopStatement } from '../../../client/statements/stop.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import { World } from '../../world/world.ts';

const ZEROS = '00'.repeat(32);
const kitOf = (world: World) => stopKitOf(world.facts, world.checkpoint().size, 7);
const keysOf = (kit: StopKit, who: { person: string }) =>
  kit.custodians.find(({ person }) => person === who.person)?.keys.map(({ credential }) => credential);

describe('what a stop needs', () => {
  test('is every custodian with the keys that are in use, and no retired one', async () => {
    const world = await World.found({ label: 'kit' });
    const [ana, ben] = [world.founder('ana'), world.founder('ben')];
    const [first, second] = ana.authenticators.map(({ credential }) => toBase64url(credential));
    expect(keysOf(kitOf(world), ana)).toEqual(expect.arrayContaining([first, second]));
    const target = digestOf(ana.authenticators[0].credential);
    await world.append(await world.draftStop(world.stop('authenticator', target, ana)));
    const kit = kitOf(world);
    expect(keysOf(kit, ana)).toEqual([second]);
    expect(keysOf(kit, ben)).toEqual([toBase64url(ben.authenticators[0].credential)]);
    expect(kit.custodians.map(({ name }) => name)).toEqual(['ana', 'ben', 'cleo', 'dan']);
    expect(kit).toMatchObject({ vault: world.vault, rpId: world.facts.genesis.rpId, size: 2, verified: 7 });
  });

  test('has the last resumption, and the log takes a stop that rests on it from somebody who was heard before', async () => {
    const world = await World.found({ label: 'kit again' });
    const [ana, ben, cleo] = [world.founder('ana'), world.founder('ben'), world.founder('cleo')];
    expect(kitOf(world).resumption).toBeNull();
    await world.append(await world.draftStop(world.stop('all', ZEROS, ana)));
    const resumption = world.resumption(world.facts.stopped?.at(-1)?.digest ?? '', ana);
    await world.approve(await world.propose(resumption), ben, cleo);
    expect(world.facts.stopped).toBeNull();

    const kit = kitOf(world);
    const by = { kind: 'custodian', credential: keysOf(kit, ana)?.[0] ?? '' } as const;
    const surroundings = { resumption: kit.resumption, nowMs: world.now, random: world.random };
    const stop = stopStatement(kit.vault, by, { what: 'all', reason: 'again' }, surroundings);
    await world.append(await world.draftStop(stop));
    expect(world.facts.stopped?.map(({ person }) => person)).toEqual([ana.person]);
  });
});
