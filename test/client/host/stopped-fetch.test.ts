import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { signStop } from '../../../client/custodian/stop.ts';
import { fetchRelease } from '../../../client/host/fetch.ts';
import { StopPlace } from '../../../client/host/stops.ts';
import { dropStopFile } from '../../../client/statements/stop-file.ts';
import { verify } from '../../world/client.ts';
import { approveBy, depositFolder, publish, requestAs } from '../../world/vault/acts.ts';
import { modelFolder, temporary } from '../../world/vault/model.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let vault: Vault;
beforeAll(async () => {
  vault = await openVault({ owner: 'cleo' });
  const files = { 'a.bin': new Uint8Array(10), 'b.bin': new Uint8Array(3_000_000) };
  await depositFolder(vault, { folder: modelFolder(files) });
  await publish(vault);
});
afterAll(() => vault.close());

test('a stop that is brought to a host ends its fetch, which leaves nothing of this run', async () => {
  const pending = await requestAs(vault);
  await approveBy(pending.release, vault.ana, vault.ben);
  const { ana, fingerprint } = vault;
  const [own] = ana.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  const stop = await signStop(ana.custodian, fingerprint, own, { what: 'all', reason: 'a drill' }, null);
  const place = temporary();
  // The last file is slow to come: the host looks for stops meanwhile.
  vault.meddle = async ({ url, headers }, next) => {
    const isLast = /\/v1\/weights\/[0-9a-f]{64}\/2$/.test(url) && headers.has('range');
    if (!isLast) return next();
    await dropStopFile(place, stop).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return next();
  };
  const { api } = vault.requester;
  const folder = temporary();
  const stops = new StopPlace(place, { ignored: () => undefined, gone: () => undefined });
  const fetched = fetchRelease({ api, pending, host: 0, folder, verify, stops });
  await expect(fetched).rejects.toThrow(expect.objectContaining({ code: 'vault_stopped' }));
  expect(readdirSync(folder)).toEqual([]);
});
