import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../../src/core/bytes.ts';
import { apply } from '../../../src/core/state/apply.ts';
import { versionBase } from '../../../src/core/state/checks/version.ts';
import { type StatementOf, statementDigest } from '../../../src/core/statement/statement.ts';
import { shownBy } from '../../world/authority.ts';
import { Forger } from '../../world/forger.ts';
import type { Place } from '../../world/log.ts';
import { dischargeClaim } from '../../world/log.ts';
import { type Founder, makeMachine, OUTSIDER } from '../../world/people.ts';
import type { ApprovalChanges } from '../../world/world.ts';
import { failureOf, siteOf, sitesOfState } from './sites.ts';
import { published } from './stages.ts';

const OTHER = '77'.repeat(32);
const OTHER_ID = '77'.repeat(16);
const ZEROS = '00'.repeat(32);
const MINUTE_MS = 60_000;
const hit = new Set<string>();

interface Forged {
  readonly forger: Forger;
  readonly release: string;
  readonly indices: readonly number[];
}

/** An approval as ben or cleo would sign it, and how it differs. */
type Approver = readonly [who: Founder, changes?: ApprovalChanges | undefined, place?: Place | undefined];

/** A release that a hostile vault adds to a log, with these approvals. */
async function forge(
  forger: Forger,
  statement: StatementOf<'release'>,
  approvers: readonly Approver[],
  granted: Place = {},
): Promise<Forged> {
  const { world } = forger;
  const release = statementDigest(statement);
  const indices = [0, forger.add(await world.draftProposal(statement))];
  for (const [who, changes, place] of approvers) {
    const said = { checkpoint: forger.checkpoint(), roster: forger.roster(), ...changes };
    indices.push(forger.add(await world.draftApproval(release, who, said), place));
  }
  indices.push(forger.add({ kind: 'release', body: { proposal: release } }, granted));
  return { forger, release, indices };
}

async function verify({ forger, release, indices }: Forged) {
  const { claims, ...shown } = shownBy(forger.chain(indices), forger.world.vault, release);
  for (const claim of claims) await dischargeClaim(claim);
  return shown;
}

async function codeOf(forged: Forged): Promise<string> {
  const failure = await failureOf(() => verify(forged));
  hit.add(siteOf(failure));
  return failure.code;
}

/** A release that is as it should be but for these changes. */
async function changed(
  change: (stage: Awaited<ReturnType<typeof published>> & { readonly forger: Forger }) => {
    readonly statement?: Partial<StatementOf<'release'>>;
    readonly first?: ApprovalChanges;
    readonly second?: Approver;
    readonly at?: Place;
    readonly granted?: Place;
  },
): Promise<Forged> {
  const stage = await published();
  const { world, deposit, ben, cleo } = stage;
  const forger = new Forger(world);
  const asked = await world.ask(deposit);
  const { statement, first, second = [cleo], at, granted } = change({ ...stage, forger });
  return forge(forger, { ...asked.statement, ...statement }, [[ben, first, at], second], granted);
}

const credentialOf = (founder: Founder) => toBase64url(founder.authenticators[0].credential);

test('a forger’s release that differs in nothing is accepted: each attack below fails for its own reason', async () => {
  expect((await verify(await changed(() => ({})))).release.votes).toHaveLength(2);
});

describe('a host refuses an approval', () => {
  test.each<[string, string, Parameters<typeof changed>[0]]>([
    ['proposer_cannot_approve', 'of the requester’s owner', ({ ana }) => ({ second: [ana] })],
    ['already_voted', 'of a person who has approved already', ({ ben }) => ({ second: [ben] })],
    ['not_a_custodian', 'of a person who is no custodian', () => ({ first: { person: OTHER_ID } })],
    [
      'credential_unknown',
      'with the authenticator of another',
      ({ dan }) => ({ first: { by: dan.authenticators[0] } }),
    ],
    ['statement_expired', 'past the end of the statement', ({ world }) => ({ at: { time: world.now + 1e9 } })],
    [
      'clock_skew',
      'dated otherwise than its approver did',
      ({ world }) => ({ at: { time: world.now + 6 * MINUTE_MS } }),
    ],
    [
      'stale_checkpoint',
      'over a log without the proposal',
      ({ world }) => ({ first: { checkpoint: world.checkpoint() } }),
    ],
    [
      'foreign_checkpoint',
      'over another log',
      ({ world }) => ({ first: { checkpoint: { ...world.checkpoint(), size: world.log.length + 1, root: OTHER } } }),
    ],
    ['wrong_grade', 'of another grade', () => ({ at: { grade: 'production' } })],
  ])('%s: %s', async (code, _what, change) => {
    expect(await codeOf(await changed(change))).toBe(code);
  });

  test('of a log that goes on past it, which its approver cannot have seen', async () => {
    const { world, deposit, ben, cleo } = await published();
    const { statement } = await world.ask(deposit);
    const [forger, later] = [new Forger(world), new Forger(world)];
    const proposal = await world.draftProposal(statement);
    // The vault knows beforehand what it will add itself.
    for (const each of [forger, later]) each.add(proposal);
    const release = statementDigest(statement);
    const roster = forger.roster();
    const first = await world.draftApproval(release, ben, { checkpoint: forger.checkpoint(), roster });
    for (const each of [forger, later]) each.add(first);
    later.add({ kind: 'heartbeat', body: {} });
    const second = await world.draftApproval(release, cleo, { checkpoint: later.checkpoint(), roster });
    const at = forger.log.length;
    forger.add(second);
    const granted = forger.add({ kind: 'release', body: { proposal: release } });
    expect(await codeOf({ forger, release, indices: [0, at - 2, at - 1, at, granted] })).toBe('foreign_checkpoint');
  });

  test('whose signature is another’s: a claim, which fails when it is discharged', async () => {
    const forged = await changed(({ ben, cleo }) => ({
      second: [cleo, { by: ben.authenticators[0], credential: credentialOf(cleo) }],
    }));
    expect(
      shownBy(forged.forger.chain(forged.indices), forged.forger.world.vault, forged.release).release.votes,
    ).toHaveLength(2);
    expect(await codeOf(forged)).toBe('signature_invalid');
  });

  test('that was signed over another roster, checkpoint or statement than it names', async () => {
    for (const fields of [{ roster: OTHER }, { root: OTHER }, { statement: OTHER }] as const) {
      const { world, deposit, ben, cleo } = await published();
      const forger = new Forger(world);
      const { statement } = await world.ask(deposit);
      const proposal = statementDigest(statement);
      const at = forger.add(await world.draftProposal(statement));
      const [checkpoint, roster, nonce] = [forger.checkpoint(), forger.roster(), ZEROS];
      const draft = await world.draftApproval(proposal, ben, { checkpoint, roster, nonce });
      const signable = { label: 'approve', ...world.approveFields(draft.body), ...fields } as const;
      forger.add(await world.draftApproval(proposal, ben, { checkpoint, roster, nonce, signable }));
      forger.add(await world.draftApproval(proposal, cleo, { checkpoint, roster }));
      forger.add({ kind: 'release', body: { proposal } });
      expect(await codeOf({ forger, release: proposal, indices: [0, at, at + 1, at + 2, at + 3] })).toBe(
        'wrong_challenge',
      );
    }
  });
});

describe('a host refuses a release', () => {
  test.each<[string, string, Parameters<typeof changed>[0]]>([
    ['wrong_vault', 'of another vault', () => ({ statement: { vault: OTHER } })],
    ['wrong_committee', 'of another committee', () => ({ statement: { committee: OTHER_ID } })],
    ['wrong_epoch', 'of another epoch', () => ({ statement: { epoch: 2 } })],
    ['wrong_base', 'that rests on another base', () => ({ statement: { base: OTHER } })],
    ['statement_expired', 'that was handed out too late', ({ world }) => ({ granted: { time: world.now + 1e9 } })],
    ['time_backwards', 'dated before its approvals', ({ world }) => ({ granted: { time: world.now - 6 * MINUTE_MS } })],
  ])('%s: %s', async (code, _what, change) => {
    expect(await codeOf(await changed(change))).toBe(code);
  });

  test('of a version whose manifest is another’s, or whose shares are', async () => {
    const { world, deposit, ben, cleo } = await published();
    const other = await world.deposit({ version: '2' });
    const { statement } = await world.ask(deposit);
    for (const changes of [{ manifest: other.manifest }, { commitments: OTHER }, { version: '2' }]) {
      const named = { ...statement, ...changes };
      const base = versionBase(world.vault, named);
      expect(await codeOf(await forge(new Forger(world), { ...named, base }, [[ben], [cleo]]))).toBe(
        'manifest_mismatch',
      );
    }
  });

  test('of a version that was dealt to another committee', async () => {
    const { world, deposit, ben, cleo } = await published();
    const core = await world.makeDeposit({ committee: OTHER_ID });
    const { statement } = await world.ask(deposit);
    const named = { ...statement, manifest: core.manifest, commitments: core.commitments };
    const base = versionBase(world.vault, named);
    expect(await codeOf(await forge(new Forger(world), { ...named, base }, [[ben], [cleo]]))).toBe(
      'committee_mismatch',
    );
  });

  test('that is a publication', async () => {
    const { world, deposit, ben, cleo } = await published();
    const publication = world.publication(deposit) as unknown as StatementOf<'release'>;
    expect(await codeOf(await forge(new Forger(world), publication, [[ben], [cleo]]))).toBe('proposal_unknown');
  });

  test('that its requester has not signed', async () => {
    const { world, deposit, ben, cleo } = await published();
    const { statement } = await world.ask(deposit);
    const stranger = { ...statement, proposer: { ...statement.proposer, key: world.founding.auditor.record.key } };
    const forger = new Forger(world);
    const signable = { label: 'propose', vault: world.vault, statement: OTHER } as const;
    const at = forger.add(await world.draftProposal(stranger, signable));
    const release = statementDigest(stranger);
    for (const who of [ben, cleo]) {
      forger.add(await world.draftApproval(release, who, { checkpoint: forger.checkpoint(), roster: forger.roster() }));
    }
    forger.add({ kind: 'release', body: { proposal: release } });
    expect(await codeOf({ forger, release, indices: [0, at, at + 1, at + 2, at + 3] })).toBe('signature_invalid');
  });
});

/** Cleo works for the vault; ben is honest, and signs what his client has found. */
describe('one honest approver is enough against', () => {
  test.each<[string, string, Parameters<Forger['roster']>[0]]>([
    ['wrong_committee', 'another committee', { committee: OTHER_ID }],
    ['wrong_epoch', 'an epoch that is over', { epoch: 2 }],
    ['wrong_policy', 'a policy that is not in force', { policy: OTHER }],
    ['vault_stopped', 'a vault that is stopped', { stopped: true }],
    ['quorum_missing', 'a policy that wants a group that is missing', { groups: ['board'] }],
    ['quorum_missing', 'an authenticator that has been retired', { authenticators: [] }],
  ])('%s: %s', async (code, _what, found) => {
    expect(await codeOf(await changed(({ forger }) => ({ first: { roster: forger.roster(found) } })))).toBe(code);
  });

  test('a policy that allowed more, and was superseded', async () => {
    const { world, deposit, ana, ben: honest, dan: colluder } = await published();
    const lax = world.facts.policy.digest;
    const laxRoster = new Forger(world).roster();
    await world.changePolicy({ groups: ['security'] }, ana, ana, honest);
    const { statement } = await world.ask(deposit);
    const lying: Approver = [colluder, { roster: laxRoster }];
    // The statement names the policy in force, and its approvers are not of the group that this one wants.
    expect(await codeOf(await forge(new Forger(world), statement, [lying, [honest]]))).toBe('wrong_policy');
    const wanted = new Forger(world).roster({ groups: [] });
    const claimed: Approver = [colluder, { roster: wanted }];
    expect(await codeOf(await forge(new Forger(world), statement, [claimed, [honest]]))).toBe('quorum_missing');
    // It names the old one, which an honest client would not sign: even if it did, its roster says otherwise.
    const old = { ...statement, policy: lax };
    expect(await codeOf(await forge(new Forger(world), old, [lying, [honest]]))).toBe('wrong_policy');
    expect(await codeOf(await forge(new Forger(world), old, [lying]))).toBe('quorum_missing');
  });

  test('a policy that was never adopted', async () => {
    const { world, deposit, ana, ben, cleo } = await published();
    const { document } = world.policyChange({ limits: { ...world.facts.policy.document.limits, hosts: 64 } }, ana);
    const statement = { ...(await world.ask(deposit)).statement, policy: document };
    const lying: Approver = [cleo, { roster: new Forger(world).roster({ policy: document }) }];
    expect(await codeOf(await forge(new Forger(world), statement, [lying, [ben]]))).toBe('wrong_policy');
    expect(await codeOf(await forge(new Forger(world), statement, [lying]))).toBe('quorum_missing');
  });

  test('a principal that was never enrolled: his client has refused the log that holds its proposal', async () => {
    const { world, deposit, cleo } = await published();
    const stranger = makeMachine({ role: 'requester', name: 'mine', ...OUTSIDER }, world.random);
    world.machines.push(stranger);
    const { statement } = await world.ask(deposit, { by: stranger });
    const forger = new Forger(world);
    const forged = await forge(forger, statement, [[cleo]]);
    const proposal = forger.log[forged.indices[1] ?? 0] ?? new Uint8Array();
    const failure = await failureOf(() => apply(world.state, proposal, world.objects));
    expect(failure.code).toBe('principal_unknown');
    expect(await codeOf(forged)).toBe('quorum_missing');
  });

  test('a retired authenticator in the hands of a thief, whose retirement the vault leaves out', async () => {
    const { world, deposit, ana, ben, cleo, dan } = await published();
    const before = world.log.length;
    const early = new Forger(world).roster();
    await world.approve(await world.propose(world.keyRetirement(cleo, ana)), ben, dan);
    const { statement } = await world.ask(deposit);
    const theft: Approver = [cleo, { roster: early }];
    // The true log with a vote that the fold refuses, in either order, and a fork that never had the retirement.
    for (const approvers of [
      [[ben], theft],
      [theft, [ben]],
    ] as const) {
      expect(await codeOf(await forge(new Forger(world), statement, approvers))).toBe('quorum_missing');
    }
    const fork = new Forger(world, before);
    const { checkpoint } = (await world.draftApproval(OTHER, ben)).body;
    const honest: Approver = [ben, { checkpoint: { ...checkpoint, size: fork.log.length + 1 }, roster: fork.roster() }];
    expect(await codeOf(await forge(fork, statement, [honest, theft]))).toBe('foreign_checkpoint');
  });

  test('stolen retired authenticators alone, of fewer persons than a quorum', async () => {
    const { world, deposit, ana, ben, cleo, dan } = await published();
    const early = new Forger(world).roster();
    await world.approve(await world.propose(world.keyRetirement(cleo, ana)), ben, dan);
    const { statement } = await world.ask(deposit);
    const theft: Approver = [cleo, { roster: early }];
    expect(await codeOf(await forge(new Forger(world), statement, [theft]))).toBe('quorum_missing');
    expect(await codeOf(await forge(new Forger(world), statement, [theft, theft]))).toBe('already_voted');
  });
});

test('what came after an honest approval does not show: a retirement that the vault leaves out then', async () => {
  const { world, deposit, ana, ben, cleo, dan } = await published();
  const { statement } = await world.ask(deposit);
  const release = await world.propose(statement);
  await world.approve(release, ben);
  const [fork, early] = [new Forger(world), new Forger(world).roster()];
  await world.approve(await world.propose(world.keyRetirement(cleo, ana)), ben, dan);
  const theft = await world.draftApproval(release, cleo, { checkpoint: fork.checkpoint(), roster: early });
  const at = fork.add(theft);
  const granted = fork.add({ kind: 'release', body: { proposal: release } });
  const indices = [0, at - 2, at - 1, at, granted];
  expect((await verify({ forger: fork, release, indices })).release.votes).toHaveLength(2);
  // The log itself refuses it, and custodians and auditors who follow it see the fork.
  await expect(world.append(theft)).rejects.toThrow(expect.objectContaining({ code: 'credential_retired' }));
});

test('no rule of a host is without a test that breaks it', () => {
  const untested = sitesOfState().filter((site) => site.startsWith('state/authority.ts:') && !hit.has(site));
  expect(untested).toEqual([]);
});
