import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openPrincipalSession } from '../../client/principal/principal.ts';
import { depositFiles, openAs, publish, releaseAs, stopAs } from '../world/vault/acts.ts';
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

test('a retired key signs in no more, its sessions end, and its releases are served no further', async () => {
  const manifest = await depositFiles(vault, { 'a.bin': new Uint8Array(100) });
  await publish(vault);
  const pending = await releaseAs(vault);
  const { token: bearer } = await openAs(vault, pending);
  const { key } = vault.requester.principal;
  const token = await vault.tokenOf(vault.requester.api);

  await stopAs(vault.cleo, { what: 'principal', key, reason: 'stolen' });

  const refused = [403, 'principal_retired', /has been retired/] as const;
  await expectRefused(vault, { path: '/v1/status', token }, ...refused);
  await expectRefused(vault, { path: `/v1/releases/${pending.release}/hosts/0`, token }, ...refused);
  await expectRefused(vault, { path: `/v1/weights/${manifest}/1`, token: bearer }, ...refused);
  const retired = expect.objectContaining({ code: 'principal_retired' });
  const signIn = openPrincipalSession(vault.anonymous, vault.requester.principal, vault.fingerprint);
  await expect(signIn).rejects.toThrow(retired);
  const { principals } = await vault.ana.api.status();
  expect(principals.filter((principal) => principal.retired).map((principal) => principal.key)).toEqual([key]);
});
