import { Map as PersistentMap } from 'immutable';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openPrincipalSession, principalKey, principalRecordOf } from '../../client/principal/principal.ts';
import { CODES } from '../../src/core/errors.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { Challenges } from '../../src/vault/challenges.ts';
import { Ephemeral } from '../../src/vault/ephemeral.ts';
import {
  ENTRIES_A_DAY_A_KEY,
  ENTRIES_A_READ,
  ENTRIES_AN_HOUR_A_KEY,
  MAX_PROPOSALS,
  MAX_REFUSALS,
  OPEN_PROPOSALS_A_KEY,
  PAGE_BYTES,
  PROPOSALS_BYTES,
  REFUSALS_A_CALLER,
  REFUSALS_MS,
  SESSIONS_A_CALLER,
} from '../../src/vault/limits.ts';
import { requireAffordable } from '../../src/vault/propose.ts';
import { readLog } from '../../src/vault/read-log.ts';
import { Refusals } from '../../src/vault/refusals.ts';
import type { Caller } from '../../src/vault/sessions.ts';
import { viewProposals } from '../../src/vault/views.ts';
import { approveAs, depositFiles, proposeAs, publish, requestAs, stopAs } from '../world/vault/acts.ts';
import type { Person } from '../world/vault/members.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const code = (name: string) => expect.objectContaining({ code: name });

let vault: Vault;
beforeAll(async () => {
  vault = await openVault();
  await depositFiles(vault, { 'a.bin': platformRandom(100) });
  await publish(vault);
});
afterAll(() => vault.close());

test('one key cannot fill the log with proposals', async () => {
  for (let i = 0; i < OPEN_PROPOSALS_A_KEY; i++) await requestAs(vault);
  const { size } = vault.daemon.context.recorder;
  await expect(requestAs(vault)).rejects.toThrow(code('rate_limited'));
  expect(vault.daemon.context.recorder.size).toBe(size);
});

describe('what one caller has proposed', () => {
  const [key, person, nowMs, HOUR_MS] = ['ed25519:x', 'aa'.repeat(16), 1_767_225_600_000, 3_600_000];
  const machine = { role: 'depositor', key, name: 'x' } as unknown as Caller;
  const custodian = { role: 'custodian', person, credential: 'one of two' } as unknown as Caller;
  const byMachine = { kind: 'principal', key };
  const byCustodian = { kind: 'custodian', person, credential: 'the other' };
  /** As many proposals of the caller, each as the changes say. */
  const proposed = (
    count: number,
    {
      proposer = byMachine as object,
      time = nowMs,
      expires = nowMs + HOUR_MS,
      phase = 'open',
      policy = 'in force',
    } = {},
  ) => {
    const statement = { kind: 'policy', proposer, expires, policy, epoch: 1 };
    const some = Array.from({ length: count }, (_, i) => [String(i), { statement, phase, time }] as const);
    const ground = { committee: { epoch: 1 }, policy: { digest: 'in force' }, proposedPolicies: PersistentMap() };
    const by = proposer === byMachine ? key : person;
    const statements = PersistentMap(some.map(([digest]) => [digest, { index: 1, time, by }] as const));
    return { ...ground, proposals: PersistentMap(some), statements } as unknown as Facts;
  };
  const affordable = (facts: Facts, caller = machine, overMs = nowMs) => {
    return () => requireAffordable(facts, caller, { nowMs, overMs });
  };

  test('takes a place of a machine while it is open, and none once it is over or overtaken, though no entry has told its end', () => {
    expect(affordable(proposed(OPEN_PROPOSALS_A_KEY))).toThrow(code('rate_limited'));
    const ended = proposed(OPEN_PROPOSALS_A_KEY, { expires: nowMs - 1 });
    expect(affordable(ended)).not.toThrow();
    // The wall clock has jumped past its end, and the vault ends nothing by that clock.
    expect(affordable(ended, machine, nowMs - HOUR_MS)).toThrow(code('rate_limited'));
    expect(affordable(proposed(OPEN_PROPOSALS_A_KEY, { policy: 'of yesterday' }))).not.toThrow();
    expect(affordable(proposed(OPEN_PROPOSALS_A_KEY, { proposer: byCustodian }), custodian)).not.toThrow();
  });

  test.each([
    ['a machine', machine, byMachine],
    ['a custodian, with all their security keys,', custodian, byCustodian],
  ])(
    'counts for %s for an hour and a day, and no longer where it was dated by a clock that was ahead',
    (_, caller, proposer) => {
      const denied = { phase: 'denied', proposer };
      const [recent, early] = [
        { ...denied, time: nowMs - 1000 },
        { ...denied, time: nowMs - HOUR_MS },
      ];
      const wait = (retryAfterMs: number) =>
        expect.objectContaining({ code: 'rate_limited', detail: { retryAfterMs } });
      expect(affordable(proposed(ENTRIES_AN_HOUR_A_KEY - 1, denied), caller)).not.toThrow();
      expect(affordable(proposed(ENTRIES_AN_HOUR_A_KEY, recent), caller)).toThrow(wait(HOUR_MS - 1000));
      expect(affordable(proposed(ENTRIES_AN_HOUR_A_KEY, early), caller)).not.toThrow();
      expect(affordable(proposed(ENTRIES_A_DAY_A_KEY, early), caller)).toThrow(wait(23 * HOUR_MS));
      expect(
        affordable(proposed(ENTRIES_A_DAY_A_KEY, { ...denied, time: nowMs + 30 * HOUR_MS }), caller),
      ).not.toThrow();
    },
  );
});

test('a custodian who has proposed their share proposes no more after a restart, is alone in that, and can still stop', async () => {
  const own = await openVault();
  onTestFinished(() => own.close());
  const propose = (person: Person, i: number) => {
    const machine = principalKey('auditor', `machine-${i}`, platformRandom(32));
    const owner = { owner: own.ana.custodian.person, ownerName: 'ana', models: ['*'] };
    return proposeAs(person, { kind: 'principal', principal: principalRecordOf(machine, owner) });
  };
  for (let i = 0; i < ENTRIES_AN_HOUR_A_KEY; i++) await propose(own.ana, i);
  await own.restart();
  await own.signInAgain();
  const { size } = own.daemon.context.recorder;
  await expect(propose(own.ana, 100)).rejects.toThrow(code('rate_limited'));
  expect(own.daemon.context.recorder.size).toBe(size);
  await propose(own.ben, 101);
  await stopAs(own.ana, { what: 'all', reason: 'a drill' });
  expect(own.daemon.context.recorder.facts.stopped).toMatchObject([{ name: 'ana' }]);
});

test('a requester sees neither the proposals nor the keys of others, nor versions out of scope', async () => {
  const other = principalKey('requester', 'other', platformRandom(32));
  const record = principalRecordOf(other, { owner: vault.ana.custodian.person, ownerName: 'ana', models: ['else/*'] });
  const enrolled = await proposeAs(vault.ben, { kind: 'principal', principal: record });
  await approveAs(vault.ben, enrolled);
  await approveAs(vault.cleo, enrolled);
  const { api } = await openPrincipalSession(vault.anonymous, other, vault.fingerprint);
  expect((await api.proposals('all')).proposals).toEqual([]);
  await expect(api.proposal(enrolled)).rejects.toThrow(code('proposal_unknown'));
  const { versions, principals } = await api.status();
  expect(versions).toEqual([]);
  expect(principals.map(({ key }) => key)).toEqual([other.key]);
});

test('a caller who signs in without end ends their own sessions, and no other caller’s', () => {
  const kept = new Ephemeral<number>({ now: () => 0 }, 1000, { maxCount: 100, maxPerOwner: SESSIONS_A_CALLER });
  kept.put('ana', 0, 'ana');
  for (let i = 0; i < 50; i++) kept.put(`mallory ${i}`, i, 'mallory');
  expect(kept.get('ana')).not.toBeNull();
  expect(kept.get('mallory 0')).toBeNull();
  expect(kept.get('mallory 49')).not.toBeNull();
  expect(kept.size).toBe(1 + SESSIONS_A_CALLER);
});

test('a challenge of another process, a forged one and one whose time was moved are none', () => {
  const clock = { now: () => 1_000_000, monotonic: () => 1_000 };
  const [ours, theirs] = [new Challenges(clock, platformRandom), new Challenges(clock, platformRandom)];
  const { nonce } = ours.issue();
  expect(() => theirs.consume(nonce, 'ana')).toThrow(code('challenge_unknown'));
  for (let i = 0; i < nonce.length; i++) {
    const digit = nonce[i] === '0' ? '1' : '0';
    const forged = nonce.slice(0, i) + digit + nonce.slice(i + 1);
    expect(() => ours.consume(forged, 'ana')).toThrow(code('challenge_unknown'));
  }
  ours.consume(nonce, 'ana');
  expect(() => ours.consume(nonce, 'ana')).toThrow(code('challenge_unknown'));
});

test('a page of the log ends where it is full, and little more is read for it', async () => {
  const { context } = vault.daemon;
  const { recorder } = context;
  const [{ bytes } = { bytes: new Uint8Array(0) }] = await context.log.entries(recorder.size - 1, 1);
  const entries = vi.fn(async (from: number, limit: number) =>
    Array.from({ length: limit }, (_, i) => ({ index: from + i, bytes })),
  );
  const objects = async () => new Map([['ab', new Uint8Array(PAGE_BYTES / 8)]]);
  const page = await readLog({ ...context, log: { ...context.log, entries, objects } }, 0, 1000);
  expect(page.entries.length).toBeLessThanOrEqual(8);
  expect(page.entries.length).toBeGreaterThan(0);
  expect(entries.mock.calls).toEqual([[0, ENTRIES_A_READ]]);
});

test('a list of proposals has so many, and so many bytes', async () => {
  const { facts } = vault.daemon.context.recorder;
  const [proposal] = facts.proposals.values();
  if (proposal === undefined) throw new Error('there is one');
  const caller = { role: 'auditor', person: '', name: '', key: '' } as const;
  const listed = (reason: string) => {
    const padded = { ...proposal, statement: { ...proposal.statement, reason } } as typeof proposal;
    const proposals = facts.proposals.clear().withMutations((many) => {
      for (let i = 0; i < 600; i++) many.set(String(i), padded);
    });
    return viewProposals({ ...facts, proposals }, caller, 'all', Date.now()).length;
  };
  expect(listed('')).toBe(MAX_PROPOSALS);
  expect(listed('x'.repeat(60_000))).toBeLessThanOrEqual(PROPOSALS_BYTES / 60_000);
  expect(listed('x'.repeat(60_000))).toBeGreaterThan(100);
});

test('refusals are told apart up to a bound of each caller and of all, and counted past it', () => {
  const { facts } = vault.daemon.context.recorder;
  const [principal] = facts.principals.values();
  if (principal === undefined) throw new Error('there is one');
  const callers = Array.from({ length: 2 * MAX_REFUSALS }, (_, i) => `key ${i}`);
  const known = { ...facts, principals: facts.principals.merge(callers.map((key) => [key, principal])) };
  const told = (note: (refusals: Refusals) => void) => {
    const refusals = new Refusals({ now: () => 0, monotonic: () => 0 });
    note(refusals);
    return refusals.tellable(known, 0, 1000).map(({ body }) => body);
  };
  const ofMany = told((refusals) => {
    for (const key of callers) refusals.note('malformed', 'propose', key);
  });
  expect(ofMany.filter(({ who }) => who !== null)).toHaveLength(MAX_REFUSALS);
  expect(ofMany.reduce((sum, { count }) => sum + count, 0)).toBe(callers.length);
  const ofOne = told((refusals) => {
    for (const code of CODES.mend.slice(0, 2 * REFUSALS_A_CALLER)) refusals.note(code, 'propose', 'key 0');
  });
  expect(ofOne.filter(({ who }) => who !== null)).toHaveLength(REFUSALS_A_CALLER);
});

test.each([
  ['back by an hour', -60 * 60_000],
  ['back by a minute, so that it reads as before', -REFUSALS_MS],
  ['ahead by a month', 30 * 24 * 60 * 60_000],
])('refusals are looked at once a minute, also where the wall clock is set %s', (_, jumpMs) => {
  const { facts } = vault.daemon.context.recorder;
  const clocks = { wallMs: Date.now(), monotonicMs: 0 };
  const refusals = new Refusals({ now: () => clocks.wallMs, monotonic: () => clocks.monotonicMs });
  refusals.note('malformed', 'propose', null);
  expect(refusals.isDue).toBe(true);
  refusals.tellable(facts, clocks.wallMs, 0);
  clocks.wallMs += jumpMs;
  expect(refusals.isDue).toBe(false);
  clocks.monotonicMs += REFUSALS_MS;
  clocks.wallMs += REFUSALS_MS;
  expect(refusals.isDue).toBe(true);
});
