import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openSession } from '../../client/custodian/session.ts';
import { signStop } from '../../client/custodian/stop.ts';
import { approveAs, proposeAs, stopAs } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { expectRefused } from './ask.ts';

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 });

let vault: Vault;
beforeAll(async () => {
  vault = await openVault();
});
afterAll(async () => {
  await vault.close();
  expect(vault.failures).toEqual([]);
});

test('a stolen key is retired by two others: it approves, signs in, stops and resumes no more', async () => {
  const { ana, ben, cleo } = vault;
  const { credential } = ana.custodian;
  const token = await vault.tokenOf(ana.api);
  const digest = await proposeAs(ben, { kind: 'authenticator', credential, reason: 'stolen' });
  await approveAs(ben, digest);
  await expect(approveAs(ana, digest)).rejects.toThrow(expect.objectContaining({ code: 'proposer_cannot_approve' }));
  await approveAs(cleo, digest);

  const refused = expect.objectContaining({ code: 'credential_retired' });
  await expectRefused(vault, { path: '/v1/log/entries', token }, 403, 'credential_retired', /use another/);
  await expect(
    openSession({ ...ana.custodian, api: vault.anonymous }, vault.fingerprint, ana.enrolled),
  ).rejects.toThrow(refused);
  const [own] = ana.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  const stop = await signStop(ana.custodian, vault.fingerprint, own, { what: 'all', reason: 'the thief' }, null);
  await expect(vault.anonymous.stop(stop)).rejects.toThrow(refused);

  // The vault goes on with the two who are left, and neither can end that alone.
  const { index } = await vault.anonymous.stop(
    await signStop(ben.custodian, vault.fingerprint, ben.enrolled[0] ?? own, { what: 'all', reason: 'a drill' }, null),
  );
  expect(index).not.toBeNull();
  const resumption = await proposeAs(cleo, { kind: 'resume', reason: 'it was a drill' });
  await approveAs(ben, resumption);
  await approveAs(cleo, resumption);
  expect((await vault.anonymous.vault()).phase).toBe('open');
  const last = { what: 'authenticator', credential: ben.custodian.credential, reason: 'lost' } as const;
  await expect(stopAs(ben, last)).rejects.toThrow(expect.objectContaining({ code: 'quorum_unreachable' }));
});
