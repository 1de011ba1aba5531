import { expect, test } from 'vitest';
import { isNotResumed } from '../../../client/custodian/stop-result.ts';
import { toHex, ZERO_32 } from '../../../src/core/bytes.ts';
import { statementDigest } from '../../../src/core/statement/statement.ts';
import { founded } from '../../core/state/stages.ts';

const ZEROS = toHex(ZERO_32);

test('a stop of everything counts as in force until the log shows that a quorum has resumed the vault', async () => {
  const { world, ana, ben } = await founded();
  const stop = world.stop('all', ZEROS, ana);
  const digest = statementDigest(stop);
  // The vault may say what it likes: the log does not show the stop.
  expect(isNotResumed(world.facts, digest)).toBe(true);
  await world.append(await world.draftStop(stop));
  expect(isNotResumed(world.facts, digest)).toBe(true);
  const resumption = await world.propose(world.resumption(digest, ana));
  await world.approve(resumption, ana, ben);
  expect(isNotResumed(world.facts, digest)).toBe(false);
});
