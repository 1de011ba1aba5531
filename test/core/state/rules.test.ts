import { describe, expect, test } from 'vitest';
import type { State } from '../../../src/core/state/state.ts';
import { APPROVAL } from './broken/approval.ts';
import { AUTHENTICATOR } from './broken/authenticator.ts';
import type { BrokenRule } from './broken/broken.ts';
import { DEPOSIT } from './broken/deposit.ts';
import { GENESIS } from './broken/genesis.ts';
import { LOG } from './broken/log.ts';
import { POLICY_CHANGE } from './broken/policy.ts';
import { PROPOSAL } from './broken/proposal.ts';
import { PUBLISH, RESUME } from './broken/publish.ts';
import { REFUSAL } from './broken/refusal.ts';
import { EXPIRY, RECEIPT, RELEASE } from './broken/release.ts';
import { RELEASE_PROPOSAL } from './broken/release-proposal.ts';
import { STOP } from './broken/stop.ts';
import { TIME } from './broken/time.ts';
import { failureOf, siteOf, sitesOfState } from './sites.ts';

/** Every rule of the fold, broken: the code and the file that refuse, and a state that stays as it was. */
const TABLE: Readonly<Record<string, readonly BrokenRule[]>> = {
  log: LOG,
  time: TIME,
  genesis: GENESIS,
  deposit: DEPOSIT,
  proposal: PROPOSAL,
  'proposal of a release': RELEASE_PROPOSAL,
  'change of policy': POLICY_CHANGE,
  publication: PUBLISH,
  resumption: RESUME,
  'retirement of a key by a quorum': AUTHENTICATOR,
  approval: APPROVAL,
  release: RELEASE,
  receipt: RECEIPT,
  expiry: EXPIRY,
  refusal: REFUSAL,
  stop: STOP,
};

/** Tested apart, with a guard of their own. */
const ELSEWHERE = /^state\/(authority|authority-chain|brought-stop|checks\/quorum|snapshot|window)\.ts:/;

const hit = new Set<string>();

function snapshot(state: State | null): string {
  return JSON.stringify(state, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
}

describe.each(Object.entries(TABLE))('the fold refuses, %s:', (_name, rules) => {
  test.each(rules)('$rule', async ({ code, at, attempt }) => {
    const [world, entry, place] = await attempt();
    const before = world.stateOrNull;
    const was = snapshot(before);
    const failure = await failureOf(() => world.tryAppend(entry, place));
    hit.add(siteOf(failure));
    expect({ code: failure.code, message: failure.message }).toMatchObject({ code });
    expect(siteOf(failure)).toMatch(new RegExp(`^${at}:`));
    expect(world.stateOrNull).toBe(before);
    expect(snapshot(before)).toBe(was);
  });
});

test('no rule of the fold is without a test that breaks it', () => {
  const untested = sitesOfState().filter((site) => !ELSEWHERE.test(site) && !hit.has(site));
  expect(untested).toEqual([]);
});
