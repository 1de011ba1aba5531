import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { depositFiles, openVault, publish, releaseAs } from '../vault-kit.ts';

test('a model goes in, is published, released to a host, and comes out as it was', async () => {
  const t0 = performance.now();
  const vault = await openVault();
  console.log('founded', performance.now() - t0);
  const files = { 'a.bin': new Uint8Array(3_000_000).fill(7), 'b/c.txt': new Uint8Array(0) };
  await depositFiles(vault, files);
  console.log('deposited', performance.now() - t0);
  await publish(vault);
  console.log('published', performance.now() - t0);
  const pending = await releaseAs(vault);
  console.log('released', performance.now() - t0);
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-host-'));
  const fetched = await fetchRelease({
    api: vault.requester.api,
    pending,
    host: 0,
    folder,
    verify: async (c) => verifyNode(c),
  });
  console.log('fetched', performance.now() - t0);
  await sendReceipt(vault.requester.api, pending, 0, fetched);
  expect(readFileSync(join(folder, 'a.bin')).equals(files['a.bin'])).toBe(true);
  rmSync(folder, { recursive: true });
  expect(vault.failures).toEqual([]);
  await vault.close();
  console.log('closed', performance.now() - t0);
});
