import { beforeAll, expect, test } from 'vitest';
import { openRelease } from '../../../client/host/open-release.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import type { AuthorityChain } from '../../../src/core/state/authority.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { released } from '../../core/state/stages.ts';
import { chainInputOf, makeChain } from '../../world/authority.ts';
import { POLICY } from '../../world/founding.ts';
import { publishedWorld } from '../../world.ts';

const CHANGES = 30;
const code = (name: string) => expect.objectContaining({ code: name });

let chain: AuthorityChain;
let pending: Parameters<typeof openRelease>[1];
beforeAll(async () => {
  const { world, deposit } = await publishedWorld();
  const [ana, ben, cleo] = world.founding.founders;
  if (ana === undefined || ben === undefined || cleo === undefined) throw new Error('founders');
  for (let i = 1; i <= CHANGES; i++) {
    await world.changePolicy({ limits: { ...POLICY.limits, hosts: i } }, ana, ben, cleo);
  }
  const asked = await world.ask(deposit);
  const release = await world.release(asked, ben, cleo);
  chain = makeChain(chainInputOf(world, release));
  const { model, version } = asked.statement;
  pending = { vault: world.vault, release, model, version, created: 0, expires: 0, hosts: [] };
}, 30_000);

const open = (authority: AuthorityChain, verify: Parameters<typeof openRelease>[3]) =>
  openRelease({ shares: [], token: new Uint8Array(), authority }, pending, 0, verify);

test('a chain of many changes is followed to its end, and the process answers others meanwhile', async () => {
  let turns = 0;
  let discharged = 0;
  const turn = () => {
    turns++;
    if (discharged < 2 * CHANGES) setImmediate(turn);
  };
  setImmediate(turn);
  const verify = async (claim: Parameters<typeof verifyNode>[0]) => {
    verifyNode(claim);
    discharged++;
  };
  // Past the chain: this host has no keys.
  await expect(open(chain, verify)).rejects.toThrow(code('release_unknown'));
  expect(discharged).toBeGreaterThan(2 * CHANGES);
  expect(turns).toBeGreaterThan(0);
});

test('what no person has signed ends a chain before the vault’s later entries are looked at', async () => {
  const entries = chain.entries.map((entry, i) => (i < 64 ? entry : { ...entry, text: 'not looked at' }));
  const verify = () => Promise.reject(new TwinlockError('signature_invalid', 'forged'));
  await expect(open({ ...chain, entries }, verify)).rejects.toThrow(code('signature_invalid'));
  await expect(open({ ...chain, entries }, async () => undefined)).rejects.toThrow(code('malformed'));
});

test.each(['heartbeat', 'refusal'] as const)(
  'a chain that is filled with what the vault writes by itself: %s',
  async (kind) => {
    const { world, release } = await released();
    const body = { code: 'malformed', act: 'propose', who: null, count: 1, since: world.now } as const;
    await world.append(kind === 'heartbeat' ? { kind, body: {} } : { kind, body });
    const input = chainInputOf(world, release);
    const filled = makeChain({ ...input, indices: [...input.indices, world.log.length - 1] });
    const opened = openRelease(
      { shares: [], token: new Uint8Array(), authority: filled },
      { ...pending, vault: world.vault, release },
      0,
      async (claim) => verifyNode(claim),
    );
    await expect(opened).rejects.toThrow(code('unknown_kind'));
  },
);
