import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { approve, deny } from '../../client/custodian/approve.ts';
import { followLog } from '../../client/custodian/ceremony.ts';
import { confirmCustody } from '../../client/custodian/custody.ts';
import { propose } from '../../client/custodian/propose.ts';
import { review } from '../../client/custodian/review.ts';
import { stop as makeStop } from '../../client/custodian/stop.ts';
import { principalKey, principalRecordOf } from '../../client/principal/principal.ts';
import { type Hex, toBase64url } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { WAITS_AT_ONCE_A_KEY } from '../../src/vault/limits.ts';
import { HOUR_MS } from '../world/founding.ts';
import {
  approveAs,
  denyAs,
  depositFiles,
  phaseOf,
  proposeAs,
  publish,
  releaseAs,
  requestAs,
  stopAs,
} from '../world/vault/acts.ts';
import type { Person } from '../world/vault/members.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ask, expectRefused } from './ask.ts';
import { DIGEST } from './routes.ts';

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 });

type Body = Record<string, unknown>;

let vault: Vault;
const tokens = new Map<Person, string>();

beforeAll(async () => {
  vault = await openVault();
  await depositFiles(vault, { 'a.bin': new Uint8Array(100) });
  await publish(vault);
  for (const person of [vault.ana, vault.ben, vault.cleo]) tokens.set(person, await vault.tokenOf(person.api));
});
afterAll(async () => {
  await vault.close();
  expect(vault.failures).toEqual([]);
});

/** What a ceremony would send, for a test to change before it goes: nothing of it reaches the vault. */
async function captured(
  person: Person,
  ceremony: (custodian: Person['custodian']) => Promise<unknown>,
  now: () => number = () => Date.now(),
): Promise<Body> {
  let body: Body | null = null;
  const keep = async (...said: unknown[]) => {
    body = said.at(-1) as Body;
    throw new Error('kept');
  };
  const { api } = person;
  const stub = {
    ownEnvelopes: (manifest: Hex) => api.ownEnvelopes(manifest),
    ...{ propose: keep, decide: keep, stop: keep, confirmCustody: keep },
  };
  await ceremony({ ...person.custodian, api: stub as never, now }).catch((error: Error) => {
    if (error.message !== 'kept') throw error;
  });
  if (body === null) throw new Error('the ceremony has sent nothing');
  return body;
}

const post = (person: Person, path: string, body: unknown) => ({
  method: 'POST',
  path,
  token: tokens.get(person) ?? null,
  body,
});

describe('a proposal', () => {
  const propositionOf = (now?: () => number) =>
    captured(
      vault.ana,
      async (custodian) =>
        propose(custodian, await followLog(vault.ana.custodian), {
          kind: 'principal',
          principal: principalRecordOf(KEY, { owner: vault.ana.custodian.person, ownerName: 'ana', models: ['*'] }),
        }),
      now,
    );
  const KEY = principalKey('auditor', 'another', platformRandom(32));

  test.each([
    ['another version', { v: 2 }, 400, 'malformed', /principal.v/],
    ['an unknown kind', { kind: 'destroy' }, 400, 'unknown_kind', /expected a statement of kind/],
    ['a member that is not known', { surprise: 1 }, 400, 'malformed', /surprise/],
    ['another vault', { vault: DIGEST }, 400, 'wrong_vault', /expected vault/],
    ['another committee', { committee: 'ab'.repeat(16) }, 400, 'wrong_committee', /expected committee/],
    ['another epoch', { epoch: 2 }, 409, 'wrong_epoch', /expected epoch 1, got 2/],
    ['another policy', { policy: DIGEST }, 409, 'wrong_policy', /expected the policy in force/],
  ] as const)('of %s is refused', async (_, changes, status, code, says) => {
    const body = await propositionOf();
    const statement = { ...(body['statement'] as Body), ...changes };
    await expectRefused(vault, post(vault.ana, '/v1/proposals', { ...body, statement }), status, code, says);
  });

  test('of a stop is refused', async () => {
    const [body, replica] = [await propositionOf(), await followLog(vault.ana.custodian)];
    const all = { what: 'all', reason: 'x' } as const;
    const { statement } = await captured(vault.ana, (custodian) => makeStop(custodian, replica, all));
    const said = { ...body, statement };
    await expectRefused(vault, post(vault.ana, '/v1/proposals', said), 403, 'not_permitted', /proposed/);
  });

  test('whose signature is over another statement is refused', async () => {
    const [body, other] = [await propositionOf(), await propositionOf()];
    const mixed = { ...body, signature: other['signature'] };
    await expectRefused(vault, post(vault.ana, '/v1/proposals', mixed), 403, 'wrong_challenge');
  });

  test('in another’s name is refused', async () => {
    const body = await propositionOf();
    await expectRefused(vault, post(vault.ben, '/v1/proposals', body), 403, 'not_permitted', /proposer is the caller/);
  });

  test.each([
    ['behind', -6 * 60_000],
    ['ahead', 6 * 60_000],
  ])('by a clock that is %s is refused, and told which way and how far', async (way, skewMs) => {
    const body = await propositionOf(() => Date.now() + skewMs);
    const says = new RegExp(`got (6 minutes|5 minutes \\d+ seconds) ${way}( of)? it: set the one that is wrong$`);
    await expectRefused(vault, post(vault.ana, '/v1/proposals', body), 409, 'clock_skew', says);
  });

  test('is made once', async () => {
    const replica = await followLog(vault.ana.custodian);
    const proposition = { kind: 'publish', model: 'acme/ocr', version: '2', evaluation: null } as const;
    await depositFiles(vault, { 'a.bin': new Uint8Array(1) }, { version: '2' });
    await replica.extend();
    const body = await captured(vault.ana, (custodian) => propose(custodian, replica, proposition));
    expect((await ask(vault.baseUrl, post(vault.ana, '/v1/proposals', body))).status).toBe(200);
    await expectRefused(vault, post(vault.ana, '/v1/proposals', body), 409, 'statement_seen', /proposed before/);
  });

  test('keeps no object that it does not name', async () => {
    const bytes = canonicalBytes({ stowaway: true });
    const body = await propositionOf();
    const said = { ...body, objects: { [digestOf(bytes)]: toBase64url(bytes) } };
    await ask(vault.baseUrl, post(vault.ana, '/v1/proposals', said));
    expect((await vault.daemon.context.log.objects([digestOf(bytes)])).size).toBe(0);
  });
});

describe('a decision', () => {
  const approvalOf = async (person: Person, release: Hex, now?: () => number) => {
    const replica = await followLog(person.custodian);
    const reviewed = await review(person.custodian, replica, release);
    return captured(person, (custodian) => approve(custodian, replica, reviewed), now);
  };
  const approvals = (release: Hex) => `/v1/proposals/${release}/approvals`;

  test('needs one envelope for each host, no more and no less', async () => {
    const { release } = await requestAs(vault, {}, 2);
    const body = await approvalOf(vault.ben, release);
    const [first, second] = body['envelopes'] as Body[];
    for (const envelopes of [[], [first], [first, first], [first, second, second], [first, { ...second, host: 2 }]]) {
      const said = { ...body, envelopes };
      await expectRefused(vault, post(vault.ben, approvals(release), said), 400, 'envelopes_mismatch', /expected 2/);
    }
    const swapped = [
      { ...first, host: 1 },
      { ...second, host: 0 },
    ];
    const said = { ...body, envelopes: swapped };
    await expectRefused(vault, post(vault.ben, approvals(release), said), 403, 'signature_invalid');
    expect(await vault.daemon.context.log.hostShares(release, 0)).toEqual([]);
    expect((await ask(vault.baseUrl, post(vault.ben, approvals(release), body))).status).toBe(200);
  });

  test('cannot be another’s, and counts once', async () => {
    const { release } = await requestAs(vault);
    const body = await approvalOf(vault.ben, release);
    await expectRefused(vault, post(vault.cleo, approvals(release), body), 403, 'credential_unknown');
    const denial = { ...body, decision: 'deny', envelopes: [] };
    await expectRefused(vault, post(vault.ben, approvals(release), denial), 403, 'wrong_challenge');
    const { release: other } = await requestAs(vault);
    await expectRefused(vault, post(vault.ben, approvals(other), body), 403, 'signature_invalid');
    await expectRefused(vault, post(vault.ben, approvals(DIGEST), body), 404, 'proposal_unknown');
    expect((await ask(vault.baseUrl, post(vault.ben, approvals(release), body))).status).toBe(200);
    await expectRefused(vault, post(vault.ben, approvals(release), body), 409, 'already_voted', /decided already/);
  });

  test('that denies says why, as signed, to the requester too', async () => {
    const { release } = await requestAs(vault);
    const replica = await followLog(vault.ben.custodian);
    const body = await captured(vault.ben, (custodian) => deny(custodian, replica, release, 'the ticket is closed'));
    expect(body).toMatchObject({ decision: 'deny', reason: 'the ticket is closed' });
    for (const reason of ['the ticket is open', null]) {
      await expectRefused(vault, post(vault.ben, approvals(release), { ...body, reason }), 403, 'wrong_challenge');
    }
    for (const reason of ['', ' ', 'x'.repeat(501), 'two\nlines']) {
      await expectRefused(vault, post(vault.ben, approvals(release), { ...body, reason }), 400, 'malformed');
      await expect(deny(vault.ben.custodian, replica, release, reason)).rejects.toThrow(
        expect.objectContaining({ code: 'malformed' }),
      );
    }
    expect((await ask(vault.baseUrl, post(vault.ben, approvals(release), body))).status).toBe(200);
    const [vote] = (await vault.requester.api.proposal(release)).votes;
    expect(vote).toMatchObject({ name: 'ben', decision: 'deny', reason: 'the ticket is closed' });
  });

  test('by a clock that is ahead is refused', async () => {
    const { release } = await requestAs(vault);
    const body = await approvalOf(vault.ben, release, () => Date.now() + 6 * 60_000);
    await expectRefused(vault, post(vault.ben, approvals(release), body), 409, 'clock_skew', /approver’s clock/);
  });

  test('over another log, or one that ends before the proposal, is refused', async () => {
    const { release } = await requestAs(vault);
    const body = await approvalOf(vault.ben, release);
    const checkpoint = body['checkpoint'] as Body;
    for (const [changes, code] of [
      [{ root: DIGEST }, 'foreign_checkpoint'],
      [{ origin: 'tl-0000000000000000.localhost/log' }, 'foreign_checkpoint'],
      [{ size: 1_000_000 }, 'foreign_checkpoint'],
      [{ size: 1 }, 'stale_checkpoint'],
    ] as const) {
      const said = { ...body, checkpoint: { ...checkpoint, ...changes } };
      await expectRefused(vault, post(vault.ben, approvals(release), said), 409, code, /checkpoint|root/);
    }
  });

  test('of the requester’s owner is refused', async () => {
    const { release } = await requestAs(vault);
    const body = await approvalOf(vault.ben, release);
    const said = { ...body, credential: vault.ana.custodian.credential };
    const reply = await ask(vault.baseUrl, post(vault.ana, approvals(release), said));
    expect(reply.status).toBe(403);
    await expect(approveAs(vault.ana, release)).rejects.toThrow(
      expect.objectContaining({ code: 'proposer_cannot_approve' }),
    );
  });
});

test('a stop is recorded at once, and not twice', async () => {
  const { release } = await releaseAs(vault);
  const replica = await followLog(vault.ben.custodian);
  const stopping = { what: 'release', target: release, reason: 'a test' } as const;
  const body = await captured(vault.ben, (custodian) => makeStop(custodian, replica, stopping));
  const stops = (said: Body) => ({
    method: 'POST',
    path: '/v1/stops',
    body: { v: 1, kind: 'twinlock-stop', ...said },
  });
  const broader = { ...body, statement: { ...(body['statement'] as Body), what: 'version' } };
  await expectRefused(vault, stops(broader), 403, 'wrong_challenge');
  expect((await ask(vault.baseUrl, stops(body))).status).toBe(200);
  expect(await phaseOf(vault, release)).toBe('revoked');
  const { size } = vault.daemon.context.recorder;
  const again = await ask(vault.baseUrl, stops(body));
  expect([again.status, JSON.parse(again.body.toString())['already']]).toEqual([200, true]);
  expect(vault.daemon.context.recorder.size).toBe(size);
});

test('a custodian confirms an envelope without deciding, once', async () => {
  const manifest = await depositFiles(vault, { 'a.bin': new Uint8Array(1) }, { version: '3' });
  const replica = await followLog(vault.ben.custodian);
  const body = await captured(vault.ben, (custodian) => confirmCustody(custodian, replica, manifest));
  const custody = (said: Body) => post(vault.ben, '/v1/custody', said);
  await expectRefused(vault, custody({ ...body, envelope: DIGEST }), 400, 'envelopes_mismatch');
  await expectRefused(vault, custody({ ...body, manifest: DIGEST }), 404, 'version_unknown');
  await expectRefused(
    vault,
    custody({ ...body, signature: toBase64url(new Uint8Array(64)) }),
    403,
    'signature_invalid',
  );
  expect((await ask(vault.baseUrl, custody(body))).status).toBe(200);
  await expectRefused(vault, custody(body), 409, 'custody_known');
});

describe('a request', () => {
  const body = { model: 'acme/ocr', version: '1', purpose: 'serving', hosts: 1, nonce: DIGEST };
  const requests = async (said: Body) => ({
    method: 'POST',
    path: '/v1/requests',
    token: await vault.tokenOf(vault.requester.api),
    body: { ...body, created: Date.now(), ...said },
  });

  test('by a clock that is off is refused', async () => {
    const question = await requests({ created: Date.now() - HOUR_MS });
    await expectRefused(vault, question, 409, 'clock_skew', /request.created/);
  });

  test('for a version that is not there is refused', async () => {
    await expectRefused(vault, await requests({ version: 'none' }), 404, 'version_unknown', /not been deposited/);
  });

  test('is opened once, and asks for 1 to 64 hosts', async () => {
    const question = await requests({});
    expect((await ask(vault.baseUrl, question)).status).toBe(200);
    await expectRefused(vault, question, 409, 'exists', /new nonce/);
    for (const hosts of [0, 65, 1.5, '1']) await expectRefused(vault, await requests({ hosts }), 400, 'malformed');
  });

  test('that was not opened takes no evidence', async () => {
    const token = await vault.tokenOf(vault.requester.api);
    const path = `/v1/requests/${DIGEST}/appraisals`;
    const question = { method: 'POST', path, token, body: { evidence: 'e30', endorsements: null } };
    await expectRefused(vault, question, 401, 'challenge_unknown', /open a new one/);
  });
});

describe('the wait for a phase', () => {
  const { promise: never } = Promise.withResolvers<void>();
  const waiting = (release: Hex) => vault.requester.api.awaitProposal(release, 'open', 30);
  // The daemon itself listens too: it keeps snapshots.
  let atRest = 0;
  beforeAll(() => {
    atRest = vault.daemon.context.recorder.listeners;
  });
  const listeners = () => vault.daemon.context.recorder.listeners - atRest;

  test('ends as soon as the phase is another', async () => {
    const { release } = await requestAs(vault);
    const polls = Promise.all([waiting(release), waiting(release)]);
    await expect.poll(listeners).toBe(2);
    await approveAs(vault.ben, release);
    expect(listeners()).toBe(2);
    await denyAs(vault.cleo, release);
    expect((await polls).map(({ phase }) => phase)).toEqual(['denied', 'denied']);
    expect(listeners()).toBe(0);
  });

  test('does not begin where it is another already', async () => {
    const { release } = await requestAs(vault);
    expect((await vault.requester.api.awaitProposal(release, 'approved', 30)).phase).toBe('open');
  });

  test('ends after the time that was asked for', async () => {
    const { release } = await requestAs(vault);
    expect((await vault.requester.api.awaitProposal(release, 'open', 1)).phase).toBe('open');
    expect(listeners()).toBe(0);
  });

  test('ends with its client', async () => {
    const { release } = await requestAs(vault);
    const token = await vault.tokenOf(vault.requester.api);
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${token}` };
    const path = `${vault.baseUrl}/v1/proposals/${release}?wait=60&phase=open`;
    const asked = fetch(path, { headers, signal: gone.signal }).catch(() => never);
    void asked;
    await expect.poll(listeners).toBe(1);
    gone.abort();
    await expect.poll(listeners).toBe(0);
  });

  test('is refused to one too many of one key, with when to try again, and to no other key', async () => {
    const { release } = await requestAs(vault);
    const polls = Array.from({ length: WAITS_AT_ONCE_A_KEY }, () => waiting(release));
    await expect.poll(listeners, { timeout: 15_000 }).toBe(WAITS_AT_ONCE_A_KEY);
    const path = `/v1/proposals/${release}?wait=60&phase=open`;
    const reply = await ask(vault.baseUrl, { path, token: await vault.tokenOf(vault.requester.api) });
    expect(reply.status).toBe(429);
    expect(reply.headers['retry-after']).toBe('1');
    const other = vault.ben.api.awaitProposal(release, 'open', 30);
    await expect.poll(listeners, { timeout: 15_000 }).toBe(WAITS_AT_ONCE_A_KEY + 1);
    // A caller who waits can still act.
    await vault.requester.api.status();
    await denyAs(vault.ben, release);
    for (const { phase } of await Promise.all([...polls, other])) expect(phase).toBe('denied');
  });

  test('of a proposal that was not made is refused at once', async () => {
    const token = await vault.tokenOf(vault.requester.api);
    const path = `/v1/proposals/${DIGEST}?wait=60`;
    await expectRefused(vault, { path, token }, 404, 'proposal_unknown');
  });
});

test('a custodian who retires their authenticator is signed out', async () => {
  const { credential } = vault.cleo.custodian;
  const token = tokens.get(vault.cleo) ?? null;
  await stopAs(vault.cleo, { what: 'authenticator', credential, reason: 'lost' });
  await expectRefused(vault, { path: '/v1/log/entries', token }, 403, 'credential_retired', /use another/);
  await expect(proposeAs(vault.cleo, { kind: 'resume', reason: 'x' })).rejects.toThrow();
});
