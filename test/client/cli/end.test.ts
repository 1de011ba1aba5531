import { beforeAll, expect, test } from 'vitest';
import { runningRelease } from '../../../client/cli/end.ts';
import { waitingLine } from '../../../client/cli/fetch.ts';
import { stateOf } from '../../../client/cli/proposals.ts';
import { parseTarget } from '../../../client/cli/stop.ts';
import { viewProposal } from '../../../src/vault/views.ts';
import { releasedWorld, type World } from '../../world/world.ts';

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
  const ended = (['overtaken', 'expired', 'ended'] as const).map((standing) => ({ ...shown(), standing }));
  expect(runningRelease([...ended, shown()], 'acme/ocr@1')).toBe(release);
  expect(() => runningRelease(ended, 'acme/ocr@1')).toThrow(code('proposal_unknown'));
});

test('where several run, they are listed with their states and times, and with the command that ends one', () => {
  const [one, other] = [shown(), { ...shown(), standing: 'open' as const, leaseEnds: null }];
  expect(() => runningRelease([one, other], 'acme/ocr@1')).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: expect.stringMatching(
        new RegExp(
          `^this key has 2 releases of acme/ocr@1, and nothing was ended: ${release} \\(released, asked for at [^()]*, until [^()]*\\), ${release} \\(open, .*\\): end one with twinlock release end DIGEST$`,
        ),
      ),
    }),
  );
  expect(() => runningRelease(Array.from({ length: 20 }, shown), 'acme/ocr@1')).toThrow(
    /, 4 more, which twinlock proposals lists: end one/,
  );
});

test('while custodians decide, it is said how many are waited for; once they have, nothing is waited for', () => {
  const view = { ...shown(), standing: 'open' as const, wanting: 1, missingGroups: ['ops'] };
  expect(waitingLine(view)).toMatch(/^waiting {6}1 more to approve, from ops; .*, approves/);
  expect(waitingLine({ ...view, wanting: 0 })).toMatch(/^waiting {6}an approval from ops; /);
  expect(waitingLine({ ...view, standing: 'approved' })).toMatch(/^approved {5}.*; the vault has yet to release it$/);
  for (const [standing, word] of [
    ['executed', 'released'],
    ['denied', 'denied'],
    ['withdrawn', 'withdrawn'],
    ['ended', 'lease ended'],
  ] as const) {
    const line = waitingLine({ ...view, standing, wanting: 0 });
    expect(line).toMatch(new RegExp(`^${word} +.*, approves`));
    expect(line).not.toContain('more to approve');
  }
});

test('what has taken effect is called what people call it, in every list', () => {
  expect(stateOf({ ...shown(), standing: 'executed' })).toBe('released');
  expect(stateOf({ ...shown(), kind: 'policy', standing: 'executed' })).toBe('put in force');
  expect(stateOf({ ...shown(), kind: 'other', standing: 'executed' })).toBe('in effect');
  expect(stateOf({ ...shown(), standing: 'ended' })).toBe('lease ended');
});

test('a digest that is cut is refused with what was given, and where the whole one is', () => {
  expect(() => parseTarget('5F1C2A9B', 'DIGEST')).toThrow(
    expect.objectContaining({
      code: 'usage',
      message:
        'DIGEST: expected the whole digest, 64 hexadecimal digits, for it is signed as it stands, got “5F1C2A9B”: twinlock proposals --all and twinlock code print it whole',
    }),
  );
  expect(parseTarget('AB'.repeat(32), 'DIGEST')).toBe('ab'.repeat(32));
});

test('a vault that names another digest beside a release has nothing ended', () => {
  const forged = { ...shown(), digest: '00'.repeat(32) };
  expect(() => runningRelease([forged], 'acme/ocr@1')).toThrow(code('object_mismatch'));
});
