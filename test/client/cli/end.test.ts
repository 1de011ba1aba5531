import { beforeAll, expect, test } from 'vitest';
import { runningRelease } from '../../../client/cli/end.ts';
import { viewProposal } from '../../../src/vault/views.ts';
import { releasedWorld, type World } from '../../world.ts';

let world: World;
let release: string;
beforeAll(async () => {
  ({ world, release } = await releasedWorld());
});

const code = (name: string) => expect.objectContaining({ code: name });
const shown = () => {
  const proposal = world.facts.proposals.get(release);
  if (proposal === undefined) throw new Error('expected the release');
  return viewProposal(world.facts, proposal, world.now);
};

test('of a version’s releases, what has been overtaken, has expired or is over runs no longer', () => {
  const ended = (['overtaken', 'expired', 'over'] as const).map((standing) => ({ ...shown(), standing }));
  expect(runningRelease([...ended, shown()], 'acme/ocr@1')).toBe(release);
  expect(() => runningRelease(ended, 'acme/ocr@1')).toThrow(code('release_unknown'));
});

test('a vault that names another digest beside a release has nothing ended', () => {
  const forged = { ...shown(), digest: '00'.repeat(32) };
  expect(() => runningRelease([forged], 'acme/ocr@1')).toThrow(code('object_mismatch'));
});
