import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Fetched, fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import type { PendingRelease } from '../../client/host/pending-release.ts';
import type { Hex } from '../../src/core/bytes.ts';
import { parseEntry } from '../../src/core/log/entry.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { depositFiles, followAs, publish, releaseAs, stopAs } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ask } from './ask.ts';

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 });

const FILES = { 'a.bin': new Uint8Array(3_000_000).fill(7), 'b/c.txt': new Uint8Array(0) };
const KINDS = ['genesis', 'deposit', 'proposal', 'receipt', 'approval', 'receipt', 'approval'];
const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
const refused = (code: string) => expect.objectContaining({ code });

let vault: Vault;
let manifest: Hex;
let pending: PendingRelease;
let fetched: Fetched;
let folder: string;

beforeAll(async () => {
  vault = await openVault();
  manifest = await depositFiles(vault, FILES);
  await publish(vault);
  pending = await releaseAs(vault);
  folder = mkdtempSync(join(tmpdir(), 'twinlock-host-'));
  fetched = await fetchRelease({ api: vault.requester.api, pending, host: 0, folder, verify });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await vault.close();
  expect(vault.failures).toEqual([]);
});

test('a model goes in, is published and released, and comes out as it was', () => {
  for (const [path, bytes] of Object.entries(FILES)) expect(readFileSync(join(folder, path)).equals(bytes)).toBe(true);
});

test('a host gives its receipt once', async () => {
  const { api } = vault.requester;
  const { index } = await sendReceipt(api, pending, 0, fetched);
  expect(index).toBe(vault.daemon.context.recorder.size - 1);
  expect((await api.proposal(pending.release)).receipts).toBe(1);
  await expect(sendReceipt(api, pending, 0, fetched)).rejects.toThrow(refused('statement_seen'));
  const other = await releaseAs(vault);
  const lie = sendReceipt(api, other, 0, { ...fetched, keyCheck: 'ab'.repeat(32) });
  await expect(lie).rejects.toThrow(refused('key_check_failed'));
  const unknown = sendReceipt(api, { ...pending, release: 'ab'.repeat(32) }, 0, fetched);
  await expect(unknown).rejects.toThrow(refused('proposal_unknown'));
});

test('everybody sees the vault at a glance', async () => {
  for (const { api } of [vault.ben, vault.depositor, vault.requester, vault.auditor]) {
    const status = await api.status();
    expect(status).toMatchObject({ fingerprint: vault.fingerprint, grade: 'simulation', stopped: null });
    expect(status.committee.members.map(({ name }) => name)).toEqual(['ana', 'ben', 'cleo']);
    expect(status.versions).toMatchObject([{ manifest, phase: 'releasable', durable: false }]);
    expect(status.versions[0]?.unconfirmed.map(({ name }) => name)).toEqual(['ana']);
  }
  const { principals } = await vault.auditor.api.status();
  expect(principals.map(({ role }) => role).sort()).toEqual(['auditor', 'depositor', 'requester']);
});

test('the log is read in pages, as it was hashed, and replays', async () => {
  const { api } = vault.auditor;
  const { size } = vault.daemon.context.recorder;
  const page = await api.entries(0, KINDS.length);
  expect(page.entries.map((text) => parseEntry(Buffer.from(text)).kind)).toEqual(KINDS);
  expect((await api.entries(size, 10)).entries).toEqual([]);
  expect((await api.entries(size - 1, 10)).entries).toHaveLength(1);
  expect((await api.checkpoint()).checkpoint).toEqual(page.checkpoint);
  expect((await followAs(vault.auditor, vault.fingerprint)).checkpoint.size).toBe(size);
});

test('a custodian gets the envelopes that are sealed to them, and no others', async () => {
  for (const { api, custodian } of [vault.ana, vault.ben, vault.cleo]) {
    const { envelopes } = await api.ownEnvelopes(manifest);
    expect(envelopes.map(({ credential }) => credential)).toEqual([custodian.credential]);
  }
  expect((await vault.ana.api.ownEnvelopes('ab'.repeat(32))).envelopes).toEqual([]);
});

test('proposals are listed newest first, all of them or those that are under way', async () => {
  const { api } = vault.auditor;
  const all = (await api.proposals('all')).proposals;
  expect(all.map(({ kind }) => kind)).toContain('publish');
  expect(all.map(({ index }) => index)).toEqual(all.map(({ index }) => index).sort((a, b) => b - a));
  expect((await api.proposals('open')).proposals).toEqual([]);
});

test('a daemon lives as long as it answers', async () => {
  const { status, body } = await ask(vault.baseUrl, { path: '/healthz' });
  expect({ status, text: body.toString() }).toEqual({ status: 200, text: 'ok\n' });
});

test('everything is there again after a restart; sessions are not', async () => {
  const before = vault.daemon.context.recorder;
  const token = await vault.tokenOf(vault.auditor.api);
  await vault.restart();
  const after = vault.daemon.context.recorder;
  expect(after.published).toEqual(before.published);
  expect((await ask(vault.baseUrl, { path: '/v1/status', token })).status).toBe(401);
  // Clients sign in again by themselves; hosts keep their tokens.
  expect((await vault.auditor.api.status()).entries).toBe(before.size);
  const again = mkdtempSync(join(tmpdir(), 'twinlock-host-'));
  await fetchRelease({ api: vault.requester.api, pending, host: 0, folder: again, verify });
  rmSync(again, { recursive: true });
  await expect(stopAs(vault.ben, { what: 'all', reason: 'x' })).rejects.toThrow(refused('unauthenticated'));
});
