import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { followLog } from '../../client/custodian/ceremony.ts';
import { lastResumption, signStop } from '../../client/custodian/stop.ts';
import { signStopAsPrincipal } from '../../client/principal/principal.ts';
import type { Stopping } from '../../client/statements/stop.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { MAX_STOP_BYTES, type SignedStop, signedStopBytes } from '../../src/core/log/signed-stop.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { SIGN_INS_A_KEY, STOPS_A_MINUTE_A_KEY } from '../../src/vault/limits.ts';
import { stop } from '../../src/vault/stop.ts';
import { approveAs, depositFiles, proposeAs, publish, releaseAs, requestAs } from '../world/vault/acts.ts';
import type { Person } from '../world/vault/members.ts';
import { sealModel } from '../world/vault/sealed-model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ask, expectRefused } from './ask.ts';

const disk = vi.hoisted(() => ({ isFull: false }));
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  const statfs = async (path: string) => (disk.isFull ? { bavail: 1, bsize: 4096 } : actual.statfs(path));
  return { ...actual, statfs };
});

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const ALL: Stopping = { what: 'all', reason: 'a drill' };
let vault: Vault;

beforeEach(async () => {
  vault = await openVault();
});
afterEach(async () => {
  vi.useRealTimers();
  disk.isFull = false;
  await vault.close();
  expect(vault.failures).toEqual([]);
});

/** Signed with nothing of the vault's but its fingerprint; `resumption` is what the signer knows of. */
function signed(person: Person, stopping: Stopping = ALL, resumption: string | null = null, now = Date.now) {
  const [own] = person.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  return signStop(
    { authenticator: person.device, random: platformRandom, now },
    vault.fingerprint,
    own,
    stopping,
    resumption,
  );
}

const question = (stop: SignedStop) => ({
  method: 'POST',
  path: '/v1/stops',
  body: new TextDecoder().decode(signedStopBytes(stop)),
});
const send = async (stop: SignedStop) => {
  const reply = await ask(vault.baseUrl, question(stop));
  return { status: reply.status, ...(JSON.parse(reply.body.toString()) as { already: boolean }) };
};
const stopped = () => vault.daemon.context.recorder.facts.stopped;
const size = () => vault.daemon.context.recorder.size;

describe('a stop is taken', () => {
  test('from a custodian who has no session, with who, when and why in the answer', async () => {
    const answer = await send(await signed(vault.ana));
    expect(answer).toMatchObject({
      status: 200,
      index: 1,
      already: false,
      stopped: [{ name: 'ana', reason: 'a drill' }],
      names: { by: { name: null, owner: 'ana' }, target: null },
    });
    expect(stopped()).toMatchObject([{ name: 'ana', reason: 'a drill', index: 1 }]);
    expect((await vault.anonymous.vault()).phase).toBe('stopped');
  });

  test('from a machine about itself, and about the release that it asked for', async () => {
    await depositFiles(vault, { 'a.bin': new Uint8Array(10) });
    await publish(vault);
    const { release } = await releaseAs(vault);
    const key = vault.requester.principal;
    const clock = { nowMs: 0, random: platformRandom };
    const revocation = { what: 'release', target: release, reason: 'gone' } as const;
    expect(await vault.anonymous.stop(signStopAsPrincipal(key, vault.fingerprint, revocation, clock))).toMatchObject({
      already: false,
    });
    const retirement = { what: 'principal', key: key.key, reason: 'stolen' } as const;
    const stop = signStopAsPrincipal(key, vault.fingerprint, retirement, clock);
    const requesterKey = { name: 'requester-key', owner: 'ana', person: vault.ana.custodian.person };
    const names = { by: requesterKey, target: requesterKey };
    expect(await vault.anonymous.stop(stop)).toMatchObject({ already: false, names });
    // Anybody may have brought what the log shows: its sender is not told what the log calls the key.
    expect(await vault.anonymous.stop(stop)).toMatchObject({ already: true, names: null });
    expect(vault.daemon.context.recorder.facts.principals.get(key.key)?.retiredAt).not.toBeNull();
    expect(vault.daemon.context.recorder.facts.proposals.get(release)?.phase).toBe('revoked');
  });

  test('again by another route: it is so already, and nothing is recorded', async () => {
    const stop = await signed(vault.ana);
    await send(stop);
    expect(await send(stop)).toMatchObject({ status: 200, already: true });
    expect(size()).toBe(2);
  });

  test('that a stranger has read in the log and sends again: they are not told who stopped, nor why', async () => {
    const nothing = { status: 200, already: true, stopped: null, names: null };
    const first = await signed(vault.ana);
    await send(first);
    await send(await signed(vault.ben));
    expect(await send(first)).toMatchObject({ ...nothing, index: null });
    await resume();
    const facts = (await followLog(vault.ana.custodian)).facts;
    await send(await signed(vault.ana, ALL, lastResumption(facts)));
    const before = size();
    // Not in force any more; its signature is true all the same, and its person has stopped again since.
    expect(await send(first)).toMatchObject(nothing);
    expect(size()).toBe(before);
  });

  test('by two routes at once', async () => {
    const stop = await signed(vault.ana);
    const answers = await Promise.all([send(stop), send(stop)]);
    expect(answers.map(({ status, already }) => [status, already]).sort()).toEqual([
      [200, false],
      [200, true],
    ]);
    expect(size()).toBe(2);
  });

  test('while the vault is stopped: another person’s is recorded too, one’s own second is so already', async () => {
    await send(await signed(vault.ana));
    expect(await send(await signed(vault.ana))).toMatchObject({ status: 200, already: true, index: 1 });
    expect(await send(await signed(vault.ben))).toMatchObject({
      status: 200,
      already: false,
      stopped: [{ name: 'ana' }, { name: 'ben' }],
    });
    expect(size()).toBe(3);
  });

  test('that was signed without knowing of a resumption, by somebody who was not heard before it', async () => {
    const heldBack = await signed(vault.cleo);
    await send(await signed(vault.ana));
    await resume();
    expect(await send(heldBack)).toMatchObject({ status: 200, already: false });
    expect(stopped()).toMatchObject([{ name: 'cleo' }]);
  });

  test('by clocks that are all wrong: the signer’s, and the vault’s, behind its own log', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 24 * 3_600_000 });
    const stop = await signed(vault.ana, ALL, null, () => 0);
    expect(await send(stop)).toMatchObject({ status: 200, already: false });
    expect(stopped()).toMatchObject([{ name: 'ana', created: 0 }]);
  });

  test('while everything else is used up: sign-ins, requests, what a disk has besides the log', async () => {
    await depositFiles(vault, { 'a.bin': new Uint8Array(10) });
    await publish(vault);
    const pending = await requestAs(vault);
    const { challenges, shares } = vault.daemon.context;
    const { credential } = vault.ana.custodian;
    // Ana has signed in once.
    for (let i = 1; i < SIGN_INS_A_KEY; i++) challenges.consume(challenges.issue().nonce, credential);
    for (const places of [...Object.values(shares.requests), shares.appraisals]) {
      for (let i = 0; i < 64; i++) {
        try {
          places.enter(credential);
        } catch {
          break;
        }
      }
    }
    for (const spent of [shares.bodyBytes, shares.entriesAnHour, shares.entriesADay, shares.failedSignIns]) {
      spent.spend(credential, 1 << 30);
      spent.spend(`127.0.0.1 ${credential}`, 1 << 30);
    }
    const model = await sealModel(vault, { version: '2' });
    const { upload } = await vault.depositor.api.openUpload(model.opening);
    disk.isFull = true;
    const full = expect.objectContaining({ code: 'storage_full' });
    await expect(vault.depositor.api.putPart(upload, 0, 0, model.parts.slice(0, 1))).rejects.toThrow(full);
    await expect(vault.depositor.api.openUpload({ ...model.opening, version: '3' })).rejects.toThrow(full);
    // The operator is told.
    expect(vault.failures.splice(0)).toEqual([full, full]);
    expect(await send(await signed(vault.ana))).toMatchObject({ status: 200, already: false });
    expect(
      await send(await signed(vault.ben, { what: 'release', target: pending.release, reason: 'x' })),
    ).toMatchObject({
      status: 200,
      already: false,
    });
  });
});

describe('a stop is refused', () => {
  test('that stops nothing again: recorded once, and resumed since', async () => {
    const [used, heldBack] = [await signed(vault.ana), await signed(vault.ana)];
    await send(used);
    await resume();
    const said =
      /^this stop was recorded as entry 1, and a quorum has resumed the vault since: the vault is NOT stopped: sign a new stop$/;
    await expectRefused(vault, question(used), 409, 'statement_seen', said);
    await expectRefused(vault, question(heldBack), 409, 'wrong_base', /resumption.*: the vault is NOT stopped: sign a/);
    const facts = (await followLog(vault.ana.custodian)).facts;
    // Somebody else's stop: whose, and why, a sender whom nobody knows is not told.
    await send(await signed(vault.cleo, ALL, lastResumption(facts)));
    const other =
      /^this stop was recorded as entry 1, .* since; another stop holds it now: to add yours, sign a new stop$/;
    await expectRefused(vault, question(used), 409, 'statement_seen', other);
    expect(await send(await signed(vault.ana, ALL, lastResumption(facts)))).toMatchObject({
      status: 200,
      already: false,
    });
  });

  test('of another vault, of a key that is not enrolled, of a signature that is not true', async () => {
    const { statement, signature } = await signed(vault.ana);
    const other = { statement: { ...statement, vault: 'ab'.repeat(32) }, signature };
    await expectRefused(vault, question(other), 400, 'wrong_vault');
    const by = { kind: 'custodian', credential: toBase64url(platformRandom(16)) } as const;
    await expectRefused(vault, question({ statement: { ...statement, by }, signature }), 403, 'credential_unknown');
    const forged = { ...(await signed(vault.ben)).signature };
    await expectRefused(vault, question({ statement, signature: forged }), 403, 'wrong_challenge');
    if (signature.kind !== 'assertion') throw new Error('a custodian signs with an assertion');
    const authenticatorData = signature.authenticatorData.replace(/.{4}$/, 'AAAA');
    const altered = { statement, signature: { ...signature, authenticatorData } };
    await expectRefused(vault, question(altered), 403, 'signature_invalid', /the security key that the stop names/);
  });

  test('of a machine, where it was changed after it was signed: that is said, and what to do', async () => {
    const { principal } = vault.requester;
    const retirement = { what: 'principal', key: principal.key, reason: 'stolen' } as const;
    const clock = { nowMs: 0, random: platformRandom };
    const { statement, signature } = signStopAsPrincipal(principal, vault.fingerprint, retirement, clock);
    const altered = { statement: { ...statement, reason: 'lost' }, signature };
    const said = /^the machine’s key .* it was changed after it was signed.*cannot be told.*sign another, or let/;
    await expectRefused(vault, question(altered), 403, 'signature_invalid', said);
    expect(size()).toBe(1);
  });

  test('that is too long, in pieces, no stop or no JSON', async () => {
    const path = '/v1/stops';
    const post = { method: 'POST', path };
    await expectRefused(vault, { ...post, body: ' '.repeat(MAX_STOP_BYTES + 1) }, 413, 'too_large');
    await expectRefused(vault, { ...post, body: '{}', headers: { 'transfer-encoding': 'chunked' } }, 400, 'malformed');
    await expectRefused(vault, { ...post, body: '{"a":' }, 400, 'malformed');
    await expectRefused(vault, { ...post, body: {} }, 400, 'malformed');
  });

  test('of a key that stops more in a minute than anybody means, and of no other', async () => {
    const stop = await signed(vault.ana);
    const { credential } = vault.ana.custodian;
    vault.daemon.context.stops.spend(credential, STOPS_A_MINUTE_A_KEY);
    await expectRefused(
      vault,
      question(stop),
      429,
      'rate_limited',
      / in 1 minute: try again in (1 minute|\d+ seconds?)$/,
    );
    expect(await send(await signed(vault.ben))).toMatchObject({ status: 200, already: false });
  });
});

test('junk from a custodian’s own address, in a custodian’s own name, keeps none of their stops out', async () => {
  const { statement } = await signed(vault.ana);
  const { signature } = await signed(vault.ben);
  const junk = [question({ statement, signature }), { method: 'POST', path: '/v1/stops', body: '{}' }];
  for (let i = 0; i < 100; i++) for (const sent of junk) await ask(vault.baseUrl, sent);
  expect(await send(await signed(vault.ana))).toMatchObject({ status: 200, already: false });
});

test('an old stop that anybody has read in the log, sent again and again, costs its signer nothing', async () => {
  const [used, heldBack] = [await signed(vault.ana), await signed(vault.ana)];
  await send(used);
  await resume();
  const { stops, refusals, recorder } = vault.daemon.context;
  const [take, note, record] = [vi.spyOn(stops, 'take'), vi.spyOn(refusals, 'note'), vi.spyOn(recorder, 'record')];
  for (let i = 0; i <= STOPS_A_MINUTE_A_KEY; i++) {
    await expectRefused(vault, question(used), 409, 'statement_seen');
    await expectRefused(vault, question(heldBack), 409, 'wrong_base');
  }
  expect([take, note, record].map(({ mock }) => mock.calls)).toEqual([[], [], []]);
  const facts = (await followLog(vault.ana.custodian)).facts;
  const fresh = await signed(vault.ana, ALL, lastResumption(facts));
  expect(await send(fresh)).toMatchObject({ status: 200, already: false });
  // Recorded, and counted, once.
  for (let i = 0; i <= STOPS_A_MINUTE_A_KEY; i++) expect(await send(fresh)).toMatchObject({ status: 200 });
  expect(take).toHaveBeenCalledOnce();
});

test('one stop that is brought many times at once is counted once', async () => {
  const brought = await signed(vault.ana);
  const { context } = vault.daemon;
  const take = vi.spyOn(context.stops, 'take');
  const answers = await Promise.all(Array.from({ length: STOPS_A_MINUTE_A_KEY + 1 }, () => stop(context, brought)));
  expect(answers.filter(({ already }) => !already)).toHaveLength(1);
  expect(take).toHaveBeenCalledOnce();
});

/** By ben and cleo; ana and dan are not asked. */
async function resume(): Promise<void> {
  const digest = await proposeAs(vault.ben, { kind: 'resume', reason: 'a test' });
  await approveAs(vault.ben, digest);
  await approveAs(vault.ana, digest);
}
