import { beforeAll, describe, expect, test } from 'vitest';
import { fromUtf8, utf8 } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import type { Verify } from '../../../src/core/signature/claim.ts';
import { replay } from '../../../src/core/state/replay.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { World } from '../../world/world.ts';

describe('a replay', () => {
  let world: World;
  /** Entry 0 is genesis, 70 a stop: in the second step of 64 entries. */
  beforeAll(async () => {
    world = await World.found({ label: 'replay' });
    for (let i = 1; i < 70; i++) await world.append({ kind: 'heartbeat', body: {} });
    await world.append(await world.draftStop(world.stop('all', '0'.repeat(64), world.founder('ana'))));
    for (let i = 71; i < 80; i++) await world.append({ kind: 'heartbeat', body: {} });
  });
  const run = (entries: readonly Uint8Array[], verify: Verify = verifyNode) =>
    replay(null, entries, world.objects, verify);
  const isOfStop = ({ what }: { readonly what: string }) => what.includes('stop');
  const untrue = new TwinlockError('signature_invalid', 'a test');

  test('gives each entry that is right, with the state after it', async () => {
    const { sound, fault } = await run(world.log);
    expect(fault).toBeNull();
    expect(sound.map(({ entry }) => entry.index)).toEqual(world.log.map((_, i) => i));
    expect(sound.map(({ state }) => state.chain.frontier.size)).toEqual(world.log.map((_, i) => i + 1));
    expect(sound.at(-1)?.state.chain.last).toBe(world.state.chain.last);
  });

  test('goes on from a state', async () => {
    const first = await run(world.log.slice(0, 30));
    const state = first.sound.at(-1)?.state ?? null;
    const { sound, fault } = await replay(state, world.log.slice(30), world.objects, verifyNode);
    expect([sound.length, fault]).toEqual([50, null]);
  });

  test('names the entry whose claim is not true, and gives what is right before it', async () => {
    const { sound, fault } = await run(world.log, (claim) => {
      if (isOfStop(claim)) throw untrue;
    });
    expect([sound.length, fault]).toEqual([70, expect.objectContaining({ code: 'signature_invalid' })]);
    expect(fault?.detail).toEqual({ entry: 70 });
  });

  test.each([10, 64, 79])('names the entry %i that breaks a rule, and gives what is right before it', async (index) => {
    const broken = world.log.with(index, utf8(fromUtf8(world.log[index] as Uint8Array).replace('"v":1', '"v":2')));
    const { sound, fault } = await run(broken);
    expect([sound.length, fault?.detail]).toEqual([index, { entry: index }]);
  });

  test('names the first fault in the order of the log: an untrue claim before a rule that is broken after it', async () => {
    const broken = world.log.with(72, utf8('{}'));
    const { sound, fault } = await run(broken, async (claim) => {
      await new Promise(setImmediate);
      if (isOfStop(claim)) throw untrue;
    });
    expect([sound.length, fault?.detail]).toEqual([70, { entry: 70 }]);
  });

  test('names a broken rule before an untrue claim that comes after it', async () => {
    const { sound, fault } = await run(world.log.with(65, utf8('{}')), (claim) => {
      if (isOfStop(claim)) throw untrue;
    });
    expect([sound.length, fault?.detail]).toMatchObject([65, { entry: 65 }]);
  });

  test('passes on an error of the engine as it came', async () => {
    const exhausted = new RangeError('Maximum call stack size exceeded');
    const verify = () => {
      throw exhausted;
    };
    await expect(run(world.log, verify)).rejects.toBe(exhausted);
  });
});
