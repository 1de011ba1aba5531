import { expect, test } from 'vitest';
import { toHex, ZERO_32 } from '../../../src/core/bytes.ts';
import { digestOf } from '../../../src/core/canonical.ts';
import type { Code } from '../../../src/core/errors.ts';
import { type Entry, parseEntry } from '../../../src/core/log/entry.ts';
import { authorityOf } from '../../../src/core/state/authority.ts';
import type { Proposable } from '../../../src/core/state/state.ts';
import type { Stop } from '../../../src/core/statement/statement.ts';
import { chainInputOf, makeChain, stepThrough } from '../../world/authority.ts';
import { HOUR_MS } from '../../world/founding.ts';
import { dischargeClaim } from '../../world/log.ts';
import { type Founder, makeMachine, OUTSIDER } from '../../world/people.ts';
import { asProposer, World } from '../../world.ts';
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
  return { world, steps, release, revoked };
}

/** What a host says to the chain without one entry, or why it does not need that entry. */
type Without = Code | { readonly unneeded: string };
const NOTHING = { unneeded: 'nothing in the chain rests on it' };
const UNPROVABLE = {
  unneeded: 'a chain cannot show that the retirement of a machine was left out: the approvers have replayed the log',
};
const ENROLMENT = ['proposal_unknown', 'principal_unknown', 'principal_unknown'] as const;
const RELEASE = ['proposal_unknown', 'quorum_missing', 'quorum_missing', 'release_unknown'] as const;

/** By step, one for each of its entries. What is about something else is in no chain of the release. */
const STEPS: Readonly<Record<string, readonly Without[] | 'about something else'>> = {
  genesis: ['wrong_genesis'],
  'enrolment of the second depositor': ENROLMENT,
  'enrolment of the second requester': ENROLMENT,
  'enrolment of the stolen auditor': ENROLMENT,
  deposit: ['version_unknown'],
  'another deposit': 'about something else',
  custody: ['custody_missing', 'custody_missing'],
  'custody of a custodian who did not approve': [NOTHING],
  evaluation: RELEASE,
  'evaluation receipt': ['evaluation_missing'],
  publication: ['proposal_unknown', 'version_quarantined', 'version_quarantined'],
  policy: ['proposal_unknown', 'wrong_policy', 'wrong_policy'],
  'retirement of the stolen auditor': [UNPROVABLE],
  'retirement of a security key by a quorum': ['proposal_unknown', 'stale_checkpoint', 'stale_checkpoint'],
  'retirement of an own security key': ['stale_checkpoint'],
  'stop of everything': ['vault_not_stopped'],
  resumption: ['proposal_unknown', 'stale_checkpoint', 'stale_checkpoint'],
  'a proposal by a wrong clock': 'about something else',
  'clock correction': ['proposal_unknown', 'time_backwards', 'time_backwards'],
  'stop of a version': 'about something else',
  'a proposal': 'about something else',
  'its withdrawal': 'about something else',
  'a proposal that is denied': 'about something else',
  'its denials': 'about something else',
  'a proposal that expires': 'about something else',
  'its expiry': 'about something else',
  'an earlier release': 'about something else',
  'its revocation': 'about something else',
  heartbeat: 'about something else',
  refusal: 'about something else',
  release: RELEASE,
  'host receipt': [NOTHING],
};

const { world, steps, release, revoked } = await everyKind();
const INPUT = chainInputOf(world, release);
const inChain = (index: number) => INPUT.indices.includes(index);

async function verify(indices: readonly number[], of = release): Promise<void> {
  const { claims } = stepThrough(makeChain({ ...INPUT, indices }), world.vault, of);
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

test('a chain has what its release rests on, and nothing that is about something else', async () => {
  const held = Object.fromEntries([...steps].map(([step, indices]) => [step, indices.map(inChain)]));
  const expected = Object.entries(STEPS).map(([step, what]) => [
    step,
    (steps.get(step) ?? []).map(() => what !== 'about something else'),
  ]);
  expect(held).toEqual(Object.fromEntries(expected));
  await verify(INPUT.indices);
});

test('the chain of a release that was revoked holds the revocation', async () => {
  const indices = authorityOf(world.facts, revoked);
  expect(indices).toEqual(expect.arrayContaining([...(steps.get('its revocation') ?? [])]));
  expect((await failureOf(() => verify(indices, revoked))).code).toBe('release_unknown');
});

const LEFT_OUT = Object.entries(STEPS).flatMap(([step, what]) =>
  what === 'about something else' ? [] : what.map((without, i) => [step, i + 1, without] as const),
);

test.each(LEFT_OUT)('refuses a chain without an entry that it needs: %s, entry %i', async (step, position, without) => {
  const left = steps.get(step)?.[position - 1];
  const leftOut = () => verify(INPUT.indices.filter((index) => index !== left));
  expect(inChain(left ?? -1)).toBe(true);
  if (typeof without === 'string') expect((await failureOf(leftOut)).code).toBe(without);
  else await leftOut();
});
