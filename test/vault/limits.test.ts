import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openPrincipalSession, principalKey, principalRecord } from '../../client/principal.ts';
import { platformRandom } from '../../client/random.ts';
import { Challenges } from '../../src/vault/challenges.ts';
import { Ephemeral } from '../../src/vault/ephemeral.ts';
import { OPEN_PROPOSALS_A_KEY, SESSIONS_A_CALLER } from '../../src/vault/limits.ts';
import { approveAs, depositFiles, openVault, proposeAs, publish, requestAs, type Vault } from '../vault-kit.ts';

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

test('a requester sees neither the proposals nor the keys of others, nor versions out of scope', async () => {
  const other = principalKey('requester', 'other', platformRandom(32));
  const record = principalRecord(other, { owner: vault.ana.custodian.person, ownerName: 'ana', models: ['else/*'] });
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

test('whoever signs in without end ends their own sessions, and nobody else’s', () => {
  const kept = new Ephemeral<number>({ now: () => 0 }, 1000, { maxCount: 100, maxPerOwner: SESSIONS_A_CALLER });
  kept.put('ana', 0, 'ana');
  for (let i = 0; i < 50; i++) kept.put(`mallory ${i}`, i, 'mallory');
  expect(kept.get('ana')).not.toBeNull();
  expect(kept.get('mallory 0')).toBeNull();
  expect(kept.get('mallory 49')).not.toBeNull();
  expect(kept.size).toBe(1 + SESSIONS_A_CALLER);
});

test('a challenge of another process, a forged one and one whose time was moved are none', () => {
  const clock = { now: () => 1_000_000 };
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
