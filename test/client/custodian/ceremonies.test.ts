import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { approve } from '../../../client/custodian/approve.ts';
import type { TouchRequest } from '../../../client/custodian/authenticator.ts';
import { followLog } from '../../../client/custodian/ceremony.ts';
import { confirmCustody } from '../../../client/custodian/custody.ts';
import { type Enrolled, enrol } from '../../../client/custodian/enrol.ts';
import { reviewGenesis, signGenesis } from '../../../client/custodian/genesis.ts';
import { appraiseHosts } from '../../../client/custodian/host-review.ts';
import { propose } from '../../../client/custodian/propose.ts';
import { review } from '../../../client/custodian/review.ts';
import { confirmedBy, openSession } from '../../../client/custodian/session.ts';
import { SoftwareAuthenticator } from '../../../client/custodian/software-authenticator.ts';
import { stop } from '../../../client/custodian/stop.ts';
import type { Replica } from '../../../client/log/replica.ts';
import { principalKey, principalRecordOf } from '../../../client/principal/principal.ts';
import { NO_REFERENCE_VALUES } from '../../../src/core/attest/reference-values.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import type { StatementOf } from '../../../src/core/statement/statement.ts';
import type { Daemon } from '../../../src/daemon.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { meddledFetch, passOn, verify } from '../../world/client.ts';
import { approveBy, depositFolder, publish, requestAs } from '../../world/vault/acts.ts';
import { reviewAt, type Seat, seatsOf } from '../../world/vault/members.ts';
import { modelFolder } from '../../world/vault/model.ts';
import { type FounderName, type Prepared, prepareVault } from '../../world/vault/prepared.ts';
import { openVault, startInProcess, type Vault } from '../../world/vault/vault.ts';

const refusal = (code: string) => expect.objectContaining({ code });

describe('the founders', () => {
  type Founder = Seat & { readonly enrolled: Enrolled[] };
  let prepared: Prepared;
  let daemon: Daemon;
  let meddle = passOn;
  let seats: readonly Seat[];
  let ana: Founder;
  let ben: Founder;
  let cleo: Founder;
  const failures: unknown[] = [];
  beforeAll(async () => {
    prepared = await prepareVault();
    daemon = await startInProcess(prepared.dataDir, failures);
    seats = await seatsOf(
      daemon.url,
      prepared,
      meddledFetch(() => meddle),
    );
    ana = await enrolled('ana');
  });
  afterEach(() => {
    meddle = passOn;
  });
  afterAll(async () => {
    await daemon.close();
    rmSync(prepared.dataDir, { recursive: true });
    expect(failures).toEqual([]);
  });

  async function enrolled(name: FounderName): Promise<Founder> {
    const seat = seats.find((candidate) => candidate.name === name);
    if (seat === undefined) throw new Error(`no founder is called ${name}`);
    return { ...seat, enrolled: [await enrol(seat.ceremony, seat.invitation, 'key')] };
  }
  const reviewed = (founder: Founder) => reviewAt(founder, founder.enrolled);

  test('are told who is still missing', async () => {
    expect(await reviewGenesis(ana.ceremony, ana.invitation, ana.enrolled)).toEqual({ missing: ['ben', 'cleo'] });
    ben = await enrolled('ben');
    cleo = await enrolled('cleo');
  });

  test('all see the same twelve words, and who is in it', async () => {
    const reviews = await Promise.all([ana, ben, cleo].map(reviewed));
    const [first] = reviews;
    expect(first?.code.split(' ')).toHaveLength(12);
    for (const review of reviews) expect(review).toMatchObject({ code: first?.code, fingerprint: first?.fingerprint });
    expect(first?.founders.map(({ name, index }) => [name, index])).toEqual([
      ['ana', 1],
      ['ben', 2],
      ['cleo', 3],
    ]);
  });

  test('enrol no authenticator whose PRF does not repeat, as that of a browser which does not decrypt it', async () => {
    const device = new SoftwareAuthenticator({ rpId: ana.device.rpId, random: platformRandom });
    const touch = async (request: TouchRequest) => ({ ...(await device.touch(request)), prf: platformRandom(32) });
    const authenticator = { rpId: device.rpId, enrol: device.enrol.bind(device), touch };
    await expect(enrol({ ...ana.ceremony, authenticator }, ana.invitation, 'key')).rejects.toThrow(
      refusal('prf_unusable'),
    );
  });

  test('refuse a statement with an authenticator in their name that is not theirs', async () => {
    const rpId = ana.device.rpId;
    const intruder = new SoftwareAuthenticator({ rpId, random: platformRandom });
    const theirs = await enrol({ ...ana.ceremony, authenticator: intruder }, ana.invitation, 'a key of somebody');
    await expect(reviewGenesis(ana.ceremony, ana.invitation, ana.enrolled)).rejects.toThrow(
      refusal('binding_mismatch'),
    );
    ana.enrolled.push(theirs);
    expect((await reviewed(ana)).founders[0]?.authenticators).toHaveLength(2);
  });

  test('refuse a statement without their own enrolment', async () => {
    const [own] = ana.enrolled;
    if (own === undefined) throw new Error('ana has enrolled nothing');
    const more = [...ana.enrolled, { ...own, digest: 'ab'.repeat(32) }];
    await expect(reviewGenesis(ana.ceremony, ana.invitation, more)).rejects.toThrow(refusal('binding_mismatch'));
    await expect(reviewGenesis(ana.ceremony, ana.invitation, [])).rejects.toThrow(refusal('binding_mismatch'));
  });

  test('refuse another RP ID than the console’s', async () => {
    const authenticator = new SoftwareAuthenticator({
      rpId: 'tl-0000000000000000.localhost',
      random: platformRandom,
    });
    const elsewhere = { ...ben.ceremony, authenticator };
    await expect(reviewGenesis(elsewhere, ben.invitation, ben.enrolled)).rejects.toThrow(refusal('wrong_rp_id'));
    await expect(enrol(elsewhere, ben.invitation, 'key')).rejects.toThrow(refusal('wrong_rp_id'));
  });

  test('refuse a binding that the vault has exchanged', async () => {
    meddle = async (request, next) => {
      const answer = await next();
      if (!request.url.endsWith('/v1/genesis')) return answer;
      const draft = (await answer.json()) as { objects: Record<string, string> };
      const [own] = ben.enrolled;
      draft.objects[own?.digest ?? ''] = draft.objects[cleo.enrolled[0]?.digest ?? ''] ?? '';
      return new Response(JSON.stringify(draft));
    };
    await expect(reviewGenesis(ana.ceremony, ana.invitation, ana.enrolled)).rejects.toThrow(refusal('object_mismatch'));
  });

  test('refuse an invitation that the vault answers with another', async () => {
    meddle = async (_, next) => {
      const answer = await next();
      const invited = (await answer.json()) as Record<string, unknown>;
      return new Response(JSON.stringify({ ...invited, digest: 'ab'.repeat(32) }));
    };
    await expect(enrol(ben.ceremony, ben.invitation, 'key')).rejects.toThrow(refusal('invitation_unknown'));
  });

  test('sign what they reviewed and nothing else', async () => {
    const review = await reviewed(ben);
    const other = { ...review.statement, threshold: 3 };
    await expect(
      signGenesis(ben.ceremony, ben.invitation, { ...review, statement: other }, ben.enrolled),
    ).rejects.toThrow(refusal('genesis_changed'));
    const signed = await signGenesis(ben.ceremony, ben.invitation, review, ben.enrolled);
    expect(signed).toEqual({ founded: false, missing: ['ana', 'cleo'] });
  });
});

describe('custodians', () => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await openVault({ owner: 'cleo' });
    await depositFolder(vault, { folder: modelFolder({ 'a.bin': new Uint8Array(10) }) });
  });
  afterEach(() => {
    vault.meddle = passOn;
  });
  afterAll(() => vault.close());

  const custodian = (name: 'ana' | 'ben' | 'cleo') => vault[name].custodian;

  test('cannot sign in with an authenticator that is not enrolled', async () => {
    const { ceremony, device } = vault.ana;
    const stranger = new SoftwareAuthenticator({ rpId: device.rpId, random: platformRandom });
    const own = [{ credential: toBase64url(platformRandom(16)), keyEpoch: 1 }];
    await expect(openSession({ ...ceremony, authenticator: stranger }, vault.fingerprint, own)).rejects.toThrow(
      refusal('credential_unknown'),
    );
  });

  test('are who the log says, not who the vault says', async () => {
    const { ceremony, enrolled } = vault.ana;
    const answeringWith = (said: object) => {
      vault.meddle = async (request, next) => {
        const answer = await next();
        if (!request.url.endsWith('/v1/sessions')) return answer;
        return new Response(JSON.stringify({ ...((await answer.json()) as object), ...said }));
      };
      return openSession(ceremony, vault.fingerprint, enrolled);
    };
    const { facts } = await followLog(vault.ana.custodian);
    const renamed = await answeringWith({ name: 'ben' });
    expect(renamed.name).toBe('ben');
    expect(confirmedBy(facts, renamed).name).toBe('ana');
    const other = await answeringWith({ person: custodian('ben').person });
    expect(() => confirmedBy(facts, other)).toThrow(refusal('binding_mismatch'));
    const unknown = { ...renamed, credential: toBase64url(platformRandom(16)) };
    expect(() => confirmedBy(facts, unknown)).toThrow(refusal('credential_unknown'));
  });

  test('refuse an envelope that is not the one of the log', async () => {
    const { manifest } = [...(await followLog(vault.cleo.custodian)).facts.versions.values()][0] ?? { manifest: '' };
    vault.meddle = async (request, next) => {
      const answer = await next();
      if (!request.url.endsWith('/envelopes')) return answer;
      const { envelopes } = (await answer.json()) as { envelopes: { envelope: string }[] };
      const swapped = envelopes.map((e) => ({ ...e, envelope: toBase64url(new Uint8Array(1202)) }));
      return new Response(JSON.stringify({ envelopes: swapped }));
    };
    await expect(confirmCustody(custodian('cleo'), await followLog(vault.cleo.custodian), manifest)).rejects.toThrow(
      refusal('digest_mismatch'),
    );
  });

  test('confirm an envelope once', async () => {
    const replica = await followLog(vault.cleo.custodian);
    const { manifest } = [...replica.facts.versions.values()][0] ?? { manifest: '' };
    await confirmCustody(custodian('cleo'), replica, manifest);
    await replica.extend();
    await expect(confirmCustody(custodian('cleo'), replica, manifest)).rejects.toThrow(refusal('custody_known'));
  });

  test('who have confirmed before approve a publication without doing so again', async () => {
    const replica = await followLog(vault.ana.custodian);
    const { manifest } = [...replica.facts.versions.values()][0] ?? { manifest: '' };
    await confirmCustody(custodian('ana'), replica, manifest);
    await publish(vault);
    expect((await followLog(vault.ana.custodian)).facts.versions.get(manifest)).toMatchObject({ phase: 'releasable' });
  });

  test('enrol a principal, without its owner’s vote', async () => {
    const key = principalKey('requester', 'canary', platformRandom(32));
    const principal = principalRecordOf(key, { owner: custodian('ben').person, ownerName: 'ben', models: ['acme/*'] });
    const { digest } = await propose(custodian('ana'), await followLog(vault.ana.custodian), {
      kind: 'principal',
      principal,
    });
    const ben = await review(custodian('ben'), await followLog(vault.ben.custodian), digest);
    expect(ben.obstacles.map(({ code }) => code)).toEqual(['proposer_cannot_approve']);
    await approveBy(digest, vault.ana, vault.cleo);
    expect((await followLog(vault.ana.custodian)).facts.principals.has(key.key)).toBe(true);
  });

  test('see that they reach another appraisal than the statement names, and cannot approve', async () => {
    const pending = await requestAs(vault);
    const replica = await followLog(vault.ana.custodian);
    const { facts } = replica;
    const strict = { ...NO_REFERENCE_VALUES, simulated: { platform: 'simulated' as const, measurements: [] } };
    const policy = { ...facts.policy, document: { ...facts.policy.document, referenceValues: strict } };
    const doubting = { facts: { ...facts, policy }, objects: replica.objects.bind(replica) } as unknown as Replica;
    const statement = facts.proposals.get(pending.release)?.statement as StatementOf<'release'>;
    const [host] = await appraiseHosts(doubting, statement, Date.now(), verify);
    expect(host?.obstacles.map(({ code }) => code)).toEqual(['appraisal_mismatch', 'appraisal_failed']);
    const seen = await review(custodian('ana'), replica, pending.release);
    const obstacles = host?.obstacles ?? [];
    await expect(approve(custodian('ana'), replica, { ...seen, obstacles })).rejects.toThrow(
      refusal('appraisal_mismatch'),
    );
  });

  test('appraise the hosts again at the touch, and cannot approve what fails by then', async () => {
    const pending = await requestAs(vault);
    const replica = await followLog(vault.ana.custodian);
    const seen = await review(custodian('ana'), replica, pending.release);
    expect(seen.obstacles).toEqual([]);
    let touches = 0;
    const authenticator = { ...custodian('ana').authenticator, touch: () => Promise.reject(new Error(`${++touches}`)) };
    const { facts } = replica;
    const strict = { ...NO_REFERENCE_VALUES, simulated: { platform: 'simulated' as const, measurements: [] } };
    const policy = { ...facts.policy, document: { ...facts.policy.document, referenceValues: strict } };
    const object = replica.object.bind(replica);
    const objects = replica.objects.bind(replica);
    const stricter = { facts: { ...facts, policy }, object, objects } as unknown as Replica;
    await expect(approve({ ...custodian('ana'), authenticator }, stricter, seen)).rejects.toThrow(
      refusal('appraisal_mismatch'),
    );
    expect(touches).toBe(0);
  });

  test('seal to no other hosts than those that they reviewed', async () => {
    const [one, other] = [await requestAs(vault), await requestAs(vault)];
    const replica = await followLog(vault.ana.custodian);
    const seen = await review(custodian('ana'), replica, one.release);
    const { hosts } = await review(custodian('ana'), replica, other.release);
    await expect(approve(custodian('ana'), replica, { ...seen, hosts })).rejects.toThrow(refusal('binding_mismatch'));
  });

  test('whose clock is behind the proposal’s are told so', async () => {
    const pending = await requestAs(vault);
    const replica = await followLog(vault.ana.custodian);
    const slow = { ...custodian('ana'), now: () => Date.now() - 600_000 };
    const seen = await review(slow, replica, pending.release);
    expect(seen.obstacles.map(({ code }) => code)).toContain('clock_skew');
  });

  test('touch for nothing that is refused', async () => {
    const pending = await requestAs(vault);
    const replica = await followLog(vault.ana.custodian);
    const seen = await review(custodian('ana'), replica, pending.release);
    let touches = 0;
    const counting = {
      ...custodian('ana'),
      authenticator: {
        rpId: custodian('ana').authenticator.rpId,
        enrol: () => Promise.reject(new Error('not asked')),
        touch: () => {
          touches++;
          return Promise.reject(new Error('not asked'));
        },
      },
    };
    await stop(custodian('cleo'), await followLog(vault.cleo.custodian), {
      what: 'release',
      target: pending.release,
      reason: 'no',
    });
    await replica.extend();
    await expect(approve(counting, replica, seen)).rejects.toThrow(refusal('proposal_closed'));
    expect(touches).toBe(0);
  });

  test('who retire the authenticator of their session cannot propose with it', async () => {
    const { credential } = custodian('cleo');
    const replica = await followLog(vault.cleo.custodian);
    await stop(custodian('cleo'), replica, { what: 'authenticator', credential, reason: 'lost' });
    await replica.extend().catch(() => undefined);
    const later = await followLog(vault.ana.custodian);
    await expect(propose(custodian('cleo'), later, { kind: 'resume', reason: 'none' })).rejects.toThrow(
      refusal('vault_not_stopped'),
    );
    await expect(stop(custodian('cleo'), later, { what: 'all', reason: 'none' })).rejects.toThrow(
      refusal('credential_retired'),
    );
    await expect(vault.signInAgain()).rejects.toThrow(refusal('credential_retired'));
  });
});
