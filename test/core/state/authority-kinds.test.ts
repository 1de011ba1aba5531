import { expect, test } from 'vitest';
import { toHex, ZERO_32 } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import type { Code } from '../../../src/core/errors.ts';
import { type Entry, parseEntry } from '../../../src/core/log/entry.ts';
import type { Proposable } from '../../../src/core/state/state.ts';
import type { Stop } from '../../../src/core/statement/statement.ts';
import { chainInputOf, makeChain, shownBy } from '../../world/authority.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { dischargeClaim } from '../../world/log.ts';
import { type Founder, makeMachine, OUTSIDER } from '../../world/people.ts';
import { asProposer, World } from '../../world/world.ts';
import { failureOf } from './sites.ts';

const ZEROS = toHex(ZERO_32);
const REPORT = '77'.repeat(32);

/** A log with every kind of entry, of stop and of statement, and the entries of each of its steps. */
async function everyKind() {
  const policy = { publication: { evaluation: true, modelSignature: false } };
  const world = await World.found({ label: 'every-kind', policy });
  const [ana, ben, cleo, dan] = world.founding.founders as readonly [Founder, Founder, Founder, Founder];
  const steps = new Map<string, readonly number[]>([['genesis', [0]]]);
  const step = async <T>(label: string, act: () => Promise<T>): Promise<T> => {
    const from = world.log.length;
    const result = await act();
    steps.set(
      label,
      Array.from({ length: world.log.length - from }, (_, i) => from + i),
    );
    return result;
  };
  const enrol = async (role: 'depositor' | 'requester' | 'auditor', name: string) => {
    const machine = makeMachine({ role, name, ...OUTSIDER }, world.random);
    world.machines.push(machine);
    const statement = world.principal(machine.record, ana);
    await step(`enrolment of the ${name}`, async () => world.approve(await world.propose(statement), ben, cleo));
    return machine;
  };
  const stop = async (label: string, ...stopped: Parameters<World['stop']>) =>
    step(label, async () => world.append(await world.draftStop(world.stop(...stopped))));

  const depositor = await enrol('depositor', 'second depositor');
  const requester = await enrol('requester', 'second requester');
  const stolen = await enrol('auditor', 'stolen auditor');
  const deposit = await world.makeDeposit({}, depositor);
  await step('deposit', () => world.append(world.draftDeposit(deposit, depositor)));
  const other = await step('another deposit', () => world.deposit({ version: '2' }));
  await step('custody', () => world.confirm(deposit, ana, ben));
  await step('custody of a custodian who did not approve', () => world.confirm(deposit, cleo));
  const trial = await world.ask(deposit, { by: requester, purpose: 'evaluation' });
  const evaluation = await step('evaluation', () => world.release(trial, ben, cleo));
  await step('evaluation receipt', () => world.append(world.draftHostReceipt(trial, { evaluation: REPORT })));
  const publication = world.publication(deposit, { evaluation, proposer: asProposer(cleo) });
  await step('publication', async () => world.approve(await world.propose(publication), ana, ben));
  await step('policy', () => world.changePolicy({ veto: true }, ana, ana, ben));
  await step('retirement of the stolen auditor', () => world.retire(stolen, ana));
  const retirement = world.keyRetirement(dan, ana);
  await step('retirement of a security key by a quorum', async () =>
    world.approve(await world.propose(retirement), ben, cleo),
  );
  const spare = digestOf(ana.authenticators[1]?.credential ?? new Uint8Array());
  await stop('retirement of an own security key', 'authenticator', spare, ana);
  await stop('stop of everything', 'all', ZEROS, cleo);
  const resumption = world.resumption(world.facts.stopped?.at(-1)?.digest ?? '', ana);
  await step('resumption', async () => world.approve(await world.propose(resumption), ben, cleo));
  const truth = world.now;
  world.now += 30 * 24 * HOUR_MS;
  await step('a proposal by a wrong clock', () => world.propose(world.policyChange({ veto: false }, ana)));
  world.now = truth;
  const correction = world.clockCorrection(ana);
  await step('clock correction', async () => world.approve(await world.propose(correction), ana, ben));
  await stop('stop of a version', 'version', other.manifest, cleo);
  const withdrawn = await step('a proposal', () => world.propose(world.policyChange({ veto: false }, ana)));
  await stop('its withdrawal', 'proposal', withdrawn, ana);
  const denied = await step('a proposal that is denied', () => world.propose(world.policyChange({ veto: false }, ana)));
  await step('its denials', () => world.deny(denied, ana, ben));
  const late = await step('a proposal that expires', () => world.propose(world.policyChange({ veto: false }, ana)));
  world.now += 2 * HOUR_MS;
  await step('its expiry', () => world.append({ kind: 'expiry', body: { proposal: late } }));
  const earlier = await world.ask(deposit, { by: requester });
  const revoked = await step('an earlier release', () => world.release(earlier, ben, cleo));
  await stop('its revocation', 'release', revoked, cleo);
  await step('heartbeat', () => world.append({ kind: 'heartbeat', body: {} }));
  const refusal = { code: 'limit_exceeded', act: 'propose', who: null, count: 1, since: world.now } as const;
  await step('refusal', () => world.append({ kind: 'refusal', body: refusal }));
  const asked = await world.ask(deposit, { by: requester });
  const release = await step('release', () => world.release(asked, ben, cleo));
  await step('host receipt', () => world.append(world.draftHostReceipt(asked)));
  return { world, steps, release };
}

/** What a host says to the chain without one of the release's own entries, by step and in the order of the log. */
const WITHOUT: Readonly<Record<string, readonly Code[]>> = {
  genesis: ['wrong_genesis'],
  release: ['proposal_unknown', 'quorum_missing', 'quorum_missing', 'proposal_unknown'],
};

const { world, steps, release } = await everyKind();
const INPUT = chainInputOf(world, release);
const inChain = (index: number) => INPUT.indices.includes(index);

async function verify(indices: readonly number[]): Promise<void> {
  const { claims } = shownBy(makeChain({ ...INPUT, indices }), world.vault, release);
  for (const claim of claims) await dischargeClaim(claim);
}

type EntryKind = Exclude<Entry['kind'], 'proposal' | 'stop'>;
const EVERY_KIND: Record<EntryKind | `${Proposable['kind']} statement` | `stop of ${Stop['what']}`, true> = {
  ...{ genesis: true, deposit: true, approval: true, release: true, receipt: true },
  ...{ expiry: true, refusal: true, heartbeat: true },
  ...{ 'release statement': true, 'publish statement': true, 'principal statement': true, 'policy statement': true },
  ...{ 'resume statement': true, 'authenticator statement': true, 'clock statement': true },
  ...{ 'stop of all': true, 'stop of release': true, 'stop of version': true, 'stop of proposal': true },
  ...{ 'stop of principal': true, 'stop of authenticator': true },
};

test('every kind of entry, of statement and of stop stands in the log that is tried', () => {
  const kinds = world.log.map(parseEntry).map(({ kind, body }) => {
    if (kind === 'proposal') return `${body.statement['kind']} statement`;
    return kind === 'stop' ? `stop of ${body.statement['what']}` : kind;
  });
  expect([...new Set(kinds)].toSorted()).toEqual(Object.keys(EVERY_KIND).toSorted());
});

test('of a log with every kind of entry, a chain holds genesis and its release’s own, and the host rests on nothing else', async () => {
  const held = Object.fromEntries([...steps].map(([step, indices]) => [step, indices.filter(inChain)]));
  const expected = [...steps].map(([step, indices]) => [step, step in WITHOUT ? indices : []]);
  expect(held).toEqual(Object.fromEntries(expected));
  await verify(INPUT.indices);
});

const LEFT_OUT = Object.entries(WITHOUT).flatMap(([step, codes]) =>
  codes.map((code, i) => [step, i + 1, code] as const),
);

test.each(LEFT_OUT)('refuses a chain without an entry that it needs: %s, entry %i', async (step, position, code) => {
  const left = steps.get(step)?.[position - 1];
  expect(inChain(left ?? -1)).toBe(true);
  const failure = await failureOf(() => verify(INPUT.indices.filter((index) => index !== left)));
  expect(failure.code).toBe(code);
});

test('refuses a chain with any entry of any other kind', async () => {
  for (const index of world.log.keys()) {
    if (inChain(index)) continue;
    const indices = [...INPUT.indices, index].sort((a, b) => a - b);
    const { code } = await failureOf(() => verify(indices));
    expect(['proposal_unknown', 'proposal_unknown', 'unknown_kind']).toContain(code);
  }
});
