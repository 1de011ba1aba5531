import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Enrolled, enrol } from '../../client/custodian/enrol.ts';
import { type GenesisReview, signGenesis } from '../../client/custodian/genesis.ts';
import { SoftwareAuthenticator } from '../../client/custodian/software-authenticator.ts';
import { principalRecordOf } from '../../client/principal/principal.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import type { Daemon } from '../../src/daemon.ts';
import { initialise } from '../../src/founding/initialise.ts';
import { foundingPolicy } from '../../src/founding/policy.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { HOUR_MS, POLICY } from '../world/founding.ts';
import { foundVault, reviewAt, type Seat, seatsOf } from '../world/vault/members.ts';
import { type Prepared, prepareVault } from '../world/vault/prepared.ts';
import { startInProcess } from '../world/vault/vault.ts';
import { expectRefused } from './ask.ts';
import { DIGEST } from './routes.ts';

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

let prepared: Prepared;
let daemon: Daemon;
let failures: unknown[];
let seats: readonly Seat[];
let vault: { readonly daemon: Daemon; readonly baseUrl: string };

beforeEach(async () => {
  prepared = await prepareVault();
  failures = [];
  daemon = await startInProcess(prepared.dataDir, failures);
  vault = { daemon, baseUrl: daemon.url };
  seats = await seatsOf(daemon.url, prepared);
});
afterEach(async () => {
  vi.useRealTimers();
  await daemon.close();
  rmSync(prepared.dataDir, { recursive: true, force: true });
  expect(failures).toEqual([]);
});

const code = (name: string) => expect.objectContaining({ code: name });
const seat = (i: number) => seats[i] as Seat;
const enrolAt = ({ ceremony, invitation }: Seat, already: readonly Enrolled[] = []) =>
  enrol(ceremony, invitation, `key ${already.length + 1}`, already);

async function enrolAll(): Promise<readonly (readonly Enrolled[])[]> {
  const all: Enrolled[][] = [];
  for (const each of seats) all.push([await enrolAt(each)]);
  return all;
}

describe('an invitation', () => {
  test('says whom it is for, and opens nothing else', async () => {
    const { ceremony, invitation, name } = seat(0);
    expect(await ceremony.api.withBearer(invitation).invitation()).toMatchObject({ name, grade: 'simulation' });
    await expectRefused(vault, { path: '/v1/status', token: invitation }, 401, 'unauthenticated');
  });

  test('that is not of this vault is refused', async () => {
    for (const token of [toBase64url(platformRandom(32)), seat(0).invitation.slice(1), `${seat(0).invitation}A`]) {
      await expectRefused(vault, { path: '/v1/invitation', token }, 401, 'invitation_unknown', /paste it whole/);
      await expectRefused(vault, { path: '/v1/genesis', token }, 401, 'invitation_unknown');
    }
  });

  test('is stale after its days', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * HOUR_MS + 1000 });
    const token = seat(0).invitation;
    await expectRefused(vault, { path: '/v1/invitation', token }, 410, 'invitation_stale', /begin again/);
    await expectRefused(vault, { path: '/v1/genesis', token }, 410, 'invitation_stale');
    await expect(enrolAt(seat(0))).rejects.toThrow(code('invitation_stale'));
  });

  test('enrols only the founder whom it is for', async () => {
    const { ceremony, invitation } = seat(0);
    let document = '';
    const api = {
      invitation: () => ceremony.api.withBearer(invitation).invitation(),
      enrol: async (body: { document: string }) => {
        document = body.document;
        throw new Error('kept');
      },
    };
    const kept = enrol({ ...ceremony, api: { withBearer: () => api } as never }, invitation, 'key');
    await expect(kept).rejects.toThrow('kept');
    const question = { method: 'POST', path: '/v1/enrolments', body: { document } };
    const others = { ...question, token: seat(1).invitation };
    await expectRefused(vault, others, 400, 'binding_mismatch', /not of the person who was invited/);
    const altered = Buffer.from(document, 'base64url').toString().replace('"keyEpoch":1', '"keyEpoch":2');
    const body = { document: toBase64url(Buffer.from(altered)) };
    await expectRefused(vault, { ...question, token: invitation, body }, 403, 'wrong_challenge');
  });

  test('enrols an authenticator once, and no more than four', async () => {
    const { ceremony, invitation } = seat(0);
    const enrolled: Enrolled[] = [];
    for (let i = 0; i < 4; i++) {
      const device = new SoftwareAuthenticator({ rpId: ceremony.authenticator.rpId, random: platformRandom });
      enrolled.push(
        await enrol({ ...ceremony, authenticator: device }, invitation, `key ${enrolled.length + 1}`, enrolled),
      );
    }
    await expect(enrolAt(seat(0), enrolled)).rejects.toThrow(code('limit_exceeded'));
  });

  test('takes a name for each authenticator, which looks like no other of the same founder', async () => {
    const { ceremony, invitation } = seat(0);
    const first = await enrol(ceremony, invitation, 'YubiKey blue');
    expect(first.keyName).toBe('YubiKey blue');
    const device = new SoftwareAuthenticator({ rpId: ceremony.authenticator.rpId, random: platformRandom });
    const another = { ...ceremony, authenticator: device };
    await expect(enrol(another, invitation, 'YUBIKEY bIue', [first])).rejects.toThrow(code('credential_exists'));
    // The vault refuses it as well, where the workstation has forgotten the first.
    await expect(enrol(another, invitation, 'YUBIKEY bIue')).rejects.toThrow(code('credential_exists'));
    await expect(enrol(another, invitation, 'two\nlines', [first])).rejects.toThrow(code('malformed'));
    const { ceremony: bens, invitation: his } = seat(1);
    expect((await enrol(bens, his, 'YubiKey blue')).keyName).toBe('YubiKey blue');
  });
});

describe('genesis', () => {
  test('has no statement before everybody has enrolled', async () => {
    await enrolAt(seat(0));
    const { api } = seat(0).ceremony;
    const draft = await api.withBearer(seat(0).invitation).genesis();
    expect(draft).toMatchObject({ statement: null, fingerprint: null, founded: false });
    expect((await api.vault()).phase).toBe('founding');
    const assertion = { authenticatorData: 'AAAA', clientDataJSON: 'AAAA', signature: 'AAAA' };
    const body = { statement: DIGEST, credential: 'AAAA', assertion };
    const question = { method: 'POST', path: '/v1/genesis/signatures', token: seat(0).invitation, body };
    await expectRefused(vault, question, 409, 'genesis_incomplete', /not every founder/);
  });

  test('that changed since it was compared is not signed', async () => {
    const [own = []] = await enrolAll();
    const reviewed = await reviewAt(seat(0), own);
    await signGenesis(seat(0).ceremony, seat(0).invitation, reviewed, own);
    const { ceremony, invitation } = seat(1);
    const device = new SoftwareAuthenticator({ rpId: ceremony.authenticator.rpId, random: platformRandom });
    await enrol({ ...ceremony, authenticator: device }, invitation, 'another key');
    expect(await daemon.context.founding.genesisSignatures()).toEqual([]);
    const again = signGenesis(seat(0).ceremony, seat(0).invitation, reviewed, own);
    await expect(again).rejects.toThrow(code('genesis_changed'));
  });

  test('is not signed with another’s authenticator', async () => {
    const [ana = [], ben = []] = await enrolAll();
    const reviewed = await reviewAt(seat(0), ana);
    const { authenticator } = seat(1).ceremony;
    const touch = await authenticator.touch({
      label: 'genesis',
      statement: reviewed.fingerprint,
      credentials: ben.map(({ credential, keyEpoch }) => ({ id: Buffer.from(credential, 'base64url'), keyEpoch })),
      prf: false,
    });
    const { authenticatorData, clientDataJSON, signature } = touch.assertion;
    const assertion = {
      authenticatorData: toBase64url(authenticatorData),
      clientDataJSON: toBase64url(clientDataJSON),
      signature: toBase64url(signature),
    };
    const body = { statement: reviewed.fingerprint, credential: toBase64url(touch.credential), assertion };
    const question = { method: 'POST', path: '/v1/genesis/signatures', token: seat(0).invitation, body };
    await expectRefused(vault, question, 403, 'credential_unknown');
  });

  test('is founded once, by founders who sign at the same instant too', async () => {
    const own = await enrolAll();
    const reviews = await Promise.all(seats.map((each, i) => reviewAt(each, own[i] ?? [])));
    expect(new Set(reviews.map(({ code: words }) => words)).size).toBe(1);
    const signing = seats.map(({ ceremony, invitation }, i) =>
      signGenesis(ceremony, invitation, reviews[i] as GenesisReview, own[i] ?? []),
    );
    const signed = await Promise.all(signing);
    expect(signed.some(({ founded }) => founded)).toBe(true);
    expect(daemon.context.recorder.size).toBe(1);
    expect(daemon.context.recorder.facts.vault).toBe(reviews[0]?.fingerprint);
    const late = signGenesis(seat(0).ceremony, seat(0).invitation, reviews[0] as GenesisReview, own[0] ?? []);
    await expect(late).rejects.toThrow(code('genesis_closed'));
    await expect(enrolAt(seat(0), own[0])).rejects.toThrow(code('credential_exists'));
  });

  test('goes on where it was after a restart', async () => {
    const own = await enrolAll();
    const reviewed = await reviewAt(seat(0), own[0] ?? []);
    await signGenesis(seat(0).ceremony, seat(0).invitation, reviewed, own[0] ?? []);
    const { port } = new URL(daemon.url);
    await daemon.close();
    daemon = await startInProcess(prepared.dataDir, failures, { port: Number(port) });
    for (const i of [1, 2]) {
      const { ceremony, invitation } = seat(i);
      await signGenesis(ceremony, invitation, await reviewAt(seat(i), own[i] ?? []), own[i] ?? []);
    }
    expect(daemon.context.recorder.facts.vault).toBe(reviewed.fingerprint);
  });
});

describe('the data folder', () => {
  const init = (changes: object = {}) => ({
    dataDir: prepared.dataDir,
    grade: 'simulation' as const,
    threshold: 2,
    founders: ['ana', 'ben', 'cleo'].map((name) => ({ name, groups: [] })),
    hosts: ['localhost'],
    url: 'https://localhost:8443',
    policy: foundingPolicy('simulation', null, null),
    principals: [],
    invitationDays: 1,
    nowMs: Date.now(),
    ...changes,
  });

  test('is initialised once', async () => {
    await expect(initialise(init())).rejects.toThrow(code('exists'));
  });

  test('is not initialised for a committee that could lose no member, or for one of one', async () => {
    for (const changes of [{ threshold: 3 }, { threshold: 1 }, { founders: [] }]) {
      await expect(initialise(init(changes))).rejects.toThrow(code('invalid_threshold'));
    }
  });

  test('is not initialised with a policy that genesis would refuse once everybody has enrolled', async () => {
    const group = foundingPolicy('simulation', { ...POLICY, groups: ['board'] }, null);
    await expect(initialise(init({ policy: group }))).rejects.toThrow(code('quorum_unreachable'));
    const simulated = foundingPolicy('production', null, POLICY.referenceValues);
    await expect(initialise(init({ grade: 'production', policy: simulated }))).rejects.toThrow(
      code('evidence_simulated'),
    );
  });

  test('is not initialised with a founder of a group that means nothing, or with a key of nobody who founds it', async () => {
    const founders = ['ana', 'ben', 'cleo'].map((name) => ({ name, groups: ['board'] }));
    await expect(initialise(init({ founders }))).rejects.toThrow(code('usage'));
    const erins = { owner: 'ab'.repeat(16), ownerName: 'erin', models: ['*'] };
    const record = principalRecordOf(prepared.machines.auditor, erins);
    await expect(initialise(init({ principals: [record] }))).rejects.toThrow(
      expect.objectContaining({
        code: 'person_unknown',
        message: expect.stringMatching(
          /the owner “erin”, who is no founder: those are “ana”.*; a custodian enrols a key of another owner in the console/,
        ),
      }),
    );
  });

  test('is served by one daemon at a time', async () => {
    await foundVault(daemon.url, prepared);
    await expect(startInProcess(prepared.dataDir, failures)).rejects.toThrow(code('in_use'));
  });

  test('that holds no vault is not served', async () => {
    await expect(startInProcess(`${prepared.dataDir}/none`, failures)).rejects.toThrow(code('genesis_incomplete'));
  });
});
