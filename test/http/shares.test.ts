import { connect } from 'node:tls';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { principalLogin } from '../../client/principal/principal.ts';
import { fromBase64url, toBase64url } from '../../src/core/bytes.ts';
import { digestOf } from '../../src/core/canonical.ts';
import { signableMessage } from '../../src/core/webauthn/challenge.ts';
import { platformRandom } from '../../src/platform/random.ts';
import {
  ENTRIES_AN_HOUR_A_KEY,
  FAILED_SIGN_INS_A_MINUTE,
  READS_AT_ONCE_A_HOST,
  STRANGERS_BODY_BYTES,
} from '../../src/vault/limits.ts';
import { signIn } from '../../src/vault/sign-in.ts';
import { depositFiles, openAs, publish, releaseAs, requestAs } from '../world/vault/acts.ts';
import { sealModel } from '../world/vault/sealed-model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ask } from './ask.ts';
import { type Asker, DIGEST, ROUTES } from './routes.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const code = (name: string) => expect.objectContaining({ code: name });

let vault: Vault;
const tokens = new Map<Asker, string>();
beforeAll(async () => {
  vault = await openVault();
  const { ben, depositor, requester, auditor } = vault;
  tokens.set('custodian', await vault.tokenOf(ben.api));
  tokens.set('depositor', await vault.tokenOf(depositor.api));
  tokens.set('requester', await vault.tokenOf(requester.api));
  tokens.set('auditor', await vault.tokenOf(auditor.api));
  tokens.set('invited', vault.prepared.invitations.ana);
  await depositFiles(vault, { 'a.bin': new Uint8Array(3_000_000) });
  await publish(vault);
});
afterAll(async () => {
  await vault.close();
  expect(vault.failures).toEqual([]);
});

/** Sends the head of a request that says a body follows, and none of the body. */
function onlyHead(method: string, path: string, token: string | undefined, bytes: number): Promise<string> {
  const { hostname, port } = new URL(vault.baseUrl);
  const type = method === 'PUT' ? 'application/octet-stream' : 'application/json';
  const auth = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () =>
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: x\r\n${auth}Content-Type: ${type}\r\nContent-Length: ${bytes}\r\n\r\n`,
      ),
    );
    socket.once('data', (piece: Buffer) => {
      resolve(`${piece.toString().split(' ')[1]} ${/"code":"(\w+)"/.exec(piece.toString())?.[1]}`);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('before any of a body is read', () => {
  const taking = ROUTES.filter(({ body }) => body !== undefined).map(
    (route) => [`${route.method} ${route.path}`, route] as const,
  );

  test.each(taking)('%s asks who may', async (_, { method, example, askers }) => {
    if (askers.includes('anonymous')) return;
    const isFounding = askers.includes('invited');
    expect(await onlyHead(method, example, undefined, 1000)).toMatch(/^401 /);
    for (const asker of ['custodian', 'depositor', 'requester', 'auditor'] as const) {
      if (askers.includes(asker)) continue;
      const expected = isFounding ? '401 invitation_unknown' : '403 not_permitted';
      expect(await onlyHead(method, example, tokens.get(asker), 1000)).toBe(expected);
    }
  });

  test.each(taking)('%s asks how long it is, by role', async (_, { method, example, askers }) => {
    for (const asker of askers) {
      expect(await onlyHead(method, example, tokens.get(asker), 25 << 20)).toBe('413 too_large');
    }
  });

  test('a proposal of a principal is small, for all evidence that it rests on', async () => {
    for (const asker of ['requester', 'depositor', 'auditor'] as const) {
      expect(await onlyHead('POST', '/v1/proposals', tokens.get(asker), 256 * 1024 + 1)).toBe('413 too_large');
    }
  });

  test('what a stranger sends is smaller still', async () => {
    for (const path of ['/v1/sessions', '/v1/challenges']) {
      expect(await onlyHead('POST', path, undefined, STRANGERS_BODY_BYTES + 1)).toBe('413 too_large');
    }
  });

  test('a key that has sent its share of bytes waits, and no other', async () => {
    const { bodyBytes } = vault.daemon.context.shares;
    const key = vault.auditor.principal.key;
    const require = vi.spyOn(bodyBytes, 'require');
    require.mockImplementation((owner) => {
      if (owner === key) throw Object.assign(new Error('spent'));
    });
    expect(await onlyHead('POST', '/v1/proposals', tokens.get('auditor'), 1000)).toMatch(/^500/);
    require.mockRestore();
    vault.failures.length = 0;
  });
});

test('objects that a statement does not name are not even decoded', async () => {
  const { ben } = vault;
  const signature = { kind: 'ed25519' as const, signature: toBase64url(new Uint8Array(64)) };
  const { api, custodian } = ben;
  const { facts } = vault.daemon.context.recorder;
  const statement = {
    v: 1,
    kind: 'resume',
    vault: facts.vault,
    committee: facts.committee.id,
    epoch: 1,
    policy: facts.policy.digest,
    base: DIGEST,
    proposer: { kind: 'custodian', person: custodian.person, credential: custodian.credential },
    nonce: DIGEST,
    created: 0,
    expires: 1,
  };
  // Its bytes would be malformed: no base64 has this length.
  const objects = { [DIGEST]: 'A' };
  const refusal = await api.propose({ statement, signature, objects }).catch((error: Error) => error);
  expect((refusal as Error).message).not.toMatch(/base64/);
});

describe('signing in', () => {
  const key = () => vault.prepared.machines.auditor.key;
  const junk = (address: string, named = key()) => {
    const { context } = vault.daemon;
    const { nonce } = context.challenges.issue();
    const signature = toBase64url(platformRandom(64));
    return signIn(context, { kind: 'principal', nonce, key: named, signature }, address);
  };

  test('10,050 logins that are junk keep no person out', async () => {
    for (let i = 0; i < 10_050; i++) {
      const outcome = await junk(`192.0.2.${i % 256}`).catch((error: { code: string }) => error.code);
      expect(['signature_invalid', 'rate_limited']).toContain(outcome);
    }
    const login = principalLogin(vault.prepared.machines.auditor, vault.fingerprint);
    expect((await login(vault.anonymous)).role).toBe('auditor');
  });

  test('an address that fails with a key waits with that key, and there alone', async () => {
    const requester = vault.prepared.machines.requester.key;
    for (let i = 0; i < FAILED_SIGN_INS_A_MINUTE; i++) {
      await expect(junk('198.51.100.1', requester)).rejects.toThrow(code('signature_invalid'));
    }
    await expect(junk('198.51.100.1', requester)).rejects.toThrow(code('rate_limited'));
    await expect(junk('198.51.100.2', requester)).rejects.toThrow(code('signature_invalid'));
    await expect(junk('198.51.100.1', vault.prepared.machines.depositor.key)).rejects.toThrow(
      code('signature_invalid'),
    );
  });

  test('one challenge opens one session, however often it is presented at once', async () => {
    const { nonce } = await vault.anonymous.challenge();
    const { key: named, seed } = vault.prepared.machines.auditor;
    const message = signableMessage({ label: 'session', vault: vault.fingerprint, nonce });
    const body = { kind: 'principal', nonce, key: named, signature: toBase64url(ed25519.sign(message, seed)) };
    const login = () => ask(vault.baseUrl, { method: 'POST', path: '/v1/sessions', body });
    const outcomes = (await Promise.all(Array.from({ length: 8 }, login))).map(({ status, body: said }) =>
      status === 200 ? 'opened' : (JSON.parse(said.toString()) as { code: string }).code,
    );
    expect(outcomes.filter((outcome) => outcome === 'opened')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(['opened', 'challenge_unknown']));
  });
});

describe('entries for ever', () => {
  test('a key that has had its share deposits and proposes no more, is told when it may, and is alone in that', async () => {
    const { shares, recorder } = vault.daemon.context;
    const { depositor, requester } = vault;
    const sealed = await sealModel(vault, { version: '2' });
    const { upload } = await depositor.api.openUpload(sealed.opening);
    for (const [file, part] of sealed.parts.entries()) await depositor.api.putPart(upload, file, 0, [part]);
    shares.entriesAnHour.spend(depositor.principal.key, ENTRIES_AN_HOUR_A_KEY);
    const { size } = recorder;
    const token = tokens.get('depositor') ?? null;
    const question = { method: 'POST', path: '/v1/deposits', token, body: sealed.depositOf(upload) };
    const reply = await ask(vault.baseUrl, question);
    expect(reply.status).toBe(429);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(3000);
    expect(recorder.size).toBe(size);
    await requestAs(vault);
    shares.entriesAnHour.spend(requester.principal.key, ENTRIES_AN_HOUR_A_KEY);
    await expect(requestAs(vault)).rejects.toThrow(code('rate_limited'));
  });
});

describe('a host', () => {
  test('has so many reads at once; leaves are of its release’s budget', async () => {
    // The requester has had its share of the hour above: another clock is another hour.
    const { context } = vault.daemon;
    vi.spyOn(context.shares.entriesAnHour, 'require').mockImplementation(() => undefined);
    const pending = await releaseAs(vault);
    vi.restoreAllMocks();
    const { token, core } = await openAs(vault, pending);
    const manifest = context.recorder.facts.proposals.get(pending.release)?.statement as { manifest: string };
    const path = `/v1/weights/${manifest.manifest}/1/leaves`;
    const reserve = vi.spyOn(context.log, 'reserve');
    const reply = await ask(vault.baseUrl, { path, token });
    expect(reply.status).toBe(200);
    expect(reply.headers['content-length']).toBe(String(reply.body.length));
    expect(reply.body.length % 32).toBe(0);
    expect(core.files).toHaveLength(2);
    expect(reserve).toHaveBeenCalledWith(pending.release, BigInt(reply.body.length), expect.anything());
    reserve.mockRestore();
    const row = await context.log.token(digestOf(fromBase64url(token)));
    const places: (() => void)[] = [];
    // A place is free once the answer has been taken, which the vault hears of a little later.
    while (places.length < READS_AT_ONCE_A_HOST) {
      await vi.waitFor(() => places.push(context.shares.reads.enter(row?.hash ?? '')));
    }
    for (const busy of [path, path.replace('/leaves', '')]) {
      const refused = await ask(vault.baseUrl, { path: busy, token });
      expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    }
    for (const leave of places) leave();
    expect((await ask(vault.baseUrl, { path, token })).status).toBe(200);
    vi.spyOn(context.log, 'reserve').mockResolvedValue(false);
    expect((await ask(vault.baseUrl, { path, token })).status).toBe(403);
    vi.restoreAllMocks();
  });
});
