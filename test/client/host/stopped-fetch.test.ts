import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { signStop } from '../../../client/custodian/stop.ts';
import { fetchRelease } from '../../../client/host/fetch.ts';
import { StopPlace } from '../../../client/host/stops.ts';
import { dropStopFile } from '../../../client/stop-file.ts';
import { approveBy, depositModel, modelFolder, publishModel, requestModel, temporary } from '../story.ts';
import { type Founded, found, sessionOf, verify } from '../vault.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let founded: Founded;
beforeAll(async () => {
  founded = await found();
  const files = { 'a.bin': new Uint8Array(10), 'b.bin': new Uint8Array(3_000_000) };
  await depositModel(founded, { folder: await modelFolder(files) });
  await publishModel(founded);
});
afterAll(() => founded.vault.destroy());

test('a stop that is brought to a host ends its fetch, which leaves nothing of this run', async () => {
  const pending = await requestModel(founded);
  for (const name of ['ana', 'ben'] as const) await approveBy(founded, pending.release, name);
  const { custodians, founders, fingerprint, vault } = founded;
  const [own] = founders.ana.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  const stop = await signStop(custodians.ana, fingerprint, own, { what: 'all', reason: 'a drill' }, null);
  const place = temporary();
  // The last file is slow to come: the host looks for stops meanwhile.
  vault.meddle = async ({ url, headers }, next) => {
    const isLast = /\/v1\/weights\/[0-9a-f]{64}\/2$/.test(url) && headers.has('range');
    if (!isLast) return next();
    await dropStopFile(place, stop).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return next();
  };
  const { api } = await sessionOf(founded, 'requester');
  const folder = temporary();
  const stops = new StopPlace(place, { ignored: () => undefined, gone: () => undefined });
  const fetched = fetchRelease({ api, pending, host: 0, folder, verify, stops });
  await expect(fetched).rejects.toThrow(expect.objectContaining({ code: 'vault_stopped' }));
  expect(readdirSync(folder)).toEqual([]);
});
