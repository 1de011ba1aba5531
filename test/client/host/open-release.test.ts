import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Handover } from '../../../client/api/api.ts';
import { openRelease } from '../../../client/host/open-release.ts';
import { kemOf, type PendingRelease } from '../../../client/host/pending-release.ts';
import { fromBase64url, toBase64url } from '../../../src/core/bytes.ts';
import { deriveCustodianKeys } from '../../../src/core/envelope/custodian-keys.ts';
import { sealHostShare } from '../../../src/core/envelope/host-share.ts';
import { signSealed } from '../../../src/core/envelope/sealed-signature.ts';
import { encodeScalar, uniformScalar } from '../../../src/core/share/group.ts';
import type { AuthorityChain } from '../../../src/core/state/authority-chain.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { verify } from '../../world/client.ts';
import { approveBy, depositFolder, publish, requestAs } from '../../world/vault/acts.ts';
import { modelFolder } from '../../world/vault/model.ts';
import type { FounderName } from '../../world/vault/prepared.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

const refusal = (code: string) => expect.objectContaining({ code });

describe('what a host is handed', () => {
  let vault: Vault;
  let pending: PendingRelease;
  let handover: Handover;

  beforeAll(async () => {
    vault = await openVault({ owner: 'cleo' });
    await depositFolder(vault, { folder: modelFolder({ 'a.bin': new Uint8Array(10) }) });
    await publish(vault);
    pending = await requestAs(vault);
    await approveBy(pending.release, vault.ana, vault.ben);
    const { api } = vault.requester;
    handover = await api.handover(pending.release, 0);
  });
  afterAll(() => vault.close());

  const authority = () => structuredClone(handover.authority) as AuthorityChain;
  const shareOf = (name: FounderName) => {
    const { person } = vault[name].custodian;
    const share = handover.shares.find((candidate) => candidate.person === person);
    if (share === undefined) throw new Error(`no share of ${name}`);
    return share;
  };
  const withShare = (name: FounderName, changes: Partial<Handover['shares'][number]>): Handover => ({
    ...handover,
    shares: handover.shares.map((share) => (share === shareOf(name) ? { ...share, ...changes } : share)),
  });
  const open = (changed: Handover, keys = pending) => openRelease(changed, keys, 0, verify);

  /** What ben's authenticator yields to a holder of it. */
  async function signingSeedOf(name: FounderName): Promise<Uint8Array> {
    const { device, enrolled } = vault[name];
    const credentials = enrolled.map(({ credential, keyEpoch }) => ({ id: fromBase64url(credential), keyEpoch }));
    const nonce = '0'.repeat(64);
    const touch = await device.touch({ label: 'session', vault: vault.fingerprint, nonce, credentials, prf: true });
    const prfFirst = touch.prf ?? new Uint8Array(0);
    return deriveCustodianKeys({ prfFirst, rpId: device.rpId, credentialId: touch.credential, keyEpoch: 1 }).signing
      .seed;
  }

  async function sealed(name: FounderName, share: { index: number; s: Uint8Array; r: Uint8Array }) {
    const [keys] = pending.hosts;
    if (keys === undefined) throw new Error('no host');
    const to = { vault: vault.fingerprint, statement: pending.release, evidence: keys.evidence, epoch: 1 };
    const envelope = await sealHostShare(to, kemOf(keys).publicKey, share, platformRandom);
    const signed = { vault: vault.fingerprint, subject: pending.release, recipient: 0, envelope };
    const signature = signSealed(signed, await signingSeedOf(name));
    return { envelope, signature };
  }
  const randomScalar = () => encodeScalar(uniformScalar(platformRandom));

  test('opens to the release key and a token', async () => {
    const opened = await open(handover);
    expect(opened.releaseKey).toHaveLength(64);
    expect(fromBase64url(opened.token)).toHaveLength(32);
  });

  test('a bad share names the custodian who signed it', async () => {
    const { index, person } = shareOf('ben');
    const bad = await sealed('ben', { index, s: randomScalar(), r: randomScalar() });
    await expect(open(withShare('ben', bad))).rejects.toThrow(
      expect.objectContaining({ code: 'share_invalid', detail: { person, name: 'ben', index } }),
    );
  });

  test('a share with the index of another names who signed it', async () => {
    const bad = await sealed('ben', { index: shareOf('ana').index, s: randomScalar(), r: randomScalar() });
    await expect(open(withShare('ben', bad))).rejects.toThrow(
      expect.objectContaining({ code: 'share_invalid', detail: expect.objectContaining({ name: 'ben' }) }),
    );
  });

  test('no custodian is blamed for an envelope that they did not sign', async () => {
    const { index } = shareOf('ben');
    const { envelope } = await sealed('ben', { index, s: randomScalar(), r: randomScalar() });
    await expect(open(withShare('ben', { envelope }))).rejects.toThrow(refusal('signature_invalid'));
    const { signature } = shareOf('ana');
    await expect(open(withShare('ben', { signature }))).rejects.toThrow(refusal('signature_invalid'));
  });

  test('refuses a share of somebody who has not approved', async () => {
    const { person } = vault.cleo.custodian;
    const credential = vault.cleo.enrolled[0]?.credential ?? '';
    const stranger = { ...shareOf('ben'), person, credential, index: 3 };
    await expect(open({ ...handover, shares: [shareOf('ana'), stranger] })).rejects.toThrow(refusal('share_invalid'));
  });

  test('refuses two shares of one custodian, and one share alone', async () => {
    const ana = shareOf('ana');
    await expect(open({ ...handover, shares: [ana, ana] })).rejects.toThrow(refusal('share_invalid'));
    await expect(open({ ...handover, shares: [ana] })).rejects.toThrow(refusal('quorum_missing'));
  });

  test('refuses a release whose chain lacks an approval', async () => {
    const chain = authority();
    const approvals = chain.entries.filter(({ text }) => text.includes('"kind":"approval"'));
    const last = approvals.at(-1);
    const entries = chain.entries.filter((entry) => entry !== last);
    await expect(open({ ...handover, authority: { ...chain, entries } })).rejects.toThrow(refusal('quorum_missing'));
  });

  test('refuses a chain without the release entry', async () => {
    const chain = authority();
    const entries = chain.entries.slice(0, -1);
    await expect(open({ ...handover, authority: { ...chain, entries } })).rejects.toThrow(refusal('proposal_unknown'));
  });

  test('refuses an approval that was altered: it is not in the log', async () => {
    const chain = authority();
    const entries = chain.entries.map((entry) => ({
      ...entry,
      text: entry.text.replace('"decision":"approve"', '"decision":"deny"'),
    }));
    await expect(open({ ...handover, authority: { ...chain, entries } })).rejects.toThrow(refusal('proof_invalid'));
  });

  test('refuses a chain of another vault than the fingerprint’s', async () => {
    const other = { ...pending, vault: 'ab'.repeat(32) };
    await expect(open(handover, other)).rejects.toThrow(refusal('wrong_genesis'));
  });

  test('refuses a release to other keys than were made here', async () => {
    const hosts = pending.hosts.map((keys) => ({ ...keys, kemSeed: platformRandom(32) }));
    await expect(open(handover, { ...pending, hosts })).rejects.toThrow(refusal('binding_mismatch'));
    const receipts = pending.hosts.map((keys) => ({ ...keys, receiptSeed: ed25519.utils.randomSecretKey() }));
    await expect(open(handover, { ...pending, hosts: receipts })).rejects.toThrow(refusal('binding_mismatch'));
  });

  test('refuses a manifest that is not the one of the statement', async () => {
    const chain = authority();
    const proposal = chain.entries.find(({ text }) => text.includes('"kind":"proposal"'))?.text ?? '';
    const [, manifest = ''] = /"manifest":"([0-9a-f]{64})"/.exec(proposal) ?? [];
    const objects = { ...chain.objects, [manifest]: toBase64url(new TextEncoder().encode('{}')) };
    await expect(open({ ...handover, authority: { ...chain, objects } })).rejects.toThrow(refusal('object_mismatch'));
  });
});
