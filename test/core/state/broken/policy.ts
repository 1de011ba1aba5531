import { NO_REFERENCE_VALUES } from '../../../../src/core/attest/reference-values.ts';
import { toBase64url } from '../../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../../src/core/canonical.ts';
import type { Policy } from '../../../../src/core/statement/policy.ts';
import { type StatementOf, statementDigest } from '../../../../src/core/statement/statement.ts';
import { HOUR_MS, POLICY } from '../../../world/founding.ts';
import { tdxUnder } from '../../../world/reference-values.ts';
import { asProposer } from '../../../world/world.ts';
import { ROOT } from '../../webauthn/attestation-kit.ts';
import { founded, inProduction, published, type Stage } from '../stages.ts';
import { type Attempt, type BrokenRule, OTHER, PAST_BOUNDS, rulesAt } from './broken.ts';

const policy = rulesAt('state/kinds/policy.ts');
const holds = rulesAt('state/checks/policy.ts');
const mending = rulesAt('state/entries/mending.ts');
const production = rulesAt('attest/production.ts');
const proposal = rulesAt('state/entries/proposal.ts');
const signatures = rulesAt('state/checks/signatures.ts');
const schema = rulesAt('schema.ts');
const VETO: Partial<Policy> = { veto: true };

/** A change of policy with one thing wrong in the statement or in the document. */
async function changing(
  document: Partial<Policy>,
  statement: (stage: Stage) => Partial<StatementOf<'policy'>> = () => ({}),
  stage: () => Promise<Stage> = founded,
): Promise<Attempt> {
  const staged = await stage();
  const { world, ana } = staged;
  return [world, await world.draftProposal(world.policyChange(document, ana, statement(staged)))];
}

/** A document that no policy can be, beside the log. */
async function naming(bytes: Uint8Array): Promise<Attempt> {
  const { world, ana } = await founded();
  world.keep(bytes);
  return [world, await world.draftProposal(world.policyChange({}, ana, { document: digestOf(bytes) }))];
}

const DOCUMENT: readonly BrokenRule[] = [
  policy('exists', 'a change to the policy that is in force', () => changing({})),
  rulesAt('state/objects.ts')('object_missing', 'a policy that is not beside the log', () =>
    changing(VETO, () => ({ document: OTHER })),
  ),
  rulesAt('state/objects.ts')('object_mismatch', 'a policy that has been exchanged beside the log', async () => {
    const { world, ana } = await founded();
    const statement = world.policyChange(VETO, ana);
    const lax = canonicalBytes({ ...POLICY, limits: { ...POLICY.limits, hosts: 64 } });
    const objects = new Map([...world.objects, [statement.document, lax]]);
    return [world, await world.draftProposal(statement), { objects }];
  }),
  schema('malformed', 'a policy that is no policy document', () => naming(canonicalBytes({ v: 1, kind: 'policy' }))),
  schema('malformed', 'a policy that forgets a field', () => {
    const { limits: _, ...others } = POLICY;
    return naming(canonicalBytes(others));
  }),
  rulesAt('canonical.ts')('not_canonical', 'a policy in another spelling', () =>
    naming(new TextEncoder().encode(JSON.stringify(POLICY))),
  ),
  rulesAt('statement/policy.ts')('malformed', 'a policy that pins one root twice: no key under it could enrol', () =>
    changing({ authenticators: { aaguids: [], roots: [toBase64url(ROOT), toBase64url(ROOT)] } }),
  ),
  mending('quorum_unreachable', 'a policy that asks for a group without members', () =>
    changing({ groups: ['board'] }),
  ),
  mending('quorum_unreachable', 'a policy that asks for a group of which one custodian alone can act', async () => {
    const { world, ben, ana } = await founded();
    await world.append(await retirement(world, ben));
    return [world, await world.draftProposal(world.policyChange({ groups: ['research'] }, ana))];
  }),
  mending('quorum_unreachable', 'a policy that asks for a group whose last authenticator is retired', async () => {
    const { world, ben, dan, ana } = await founded();
    for (const who of [ben, dan]) await world.append(await retirement(world, who));
    return [world, await world.draftProposal(world.policyChange({ groups: ['research'] }, ana))];
  }),
  mending('quorum_unreachable', 'a policy whose group lost its last authenticator before it took effect', async () => {
    const { world, ana, ben, cleo, dan } = await founded();
    const digest = await world.propose(world.policyChange({ groups: ['research'] }, ana));
    await world.approve(digest, ana);
    for (const who of [ben, dan]) await world.append(await retirement(world, who));
    return [world, await world.draftApproval(digest, cleo)];
  }),
  holds('limit_exceeded', 'a policy that leaves no time to approve another one', () =>
    changing({ limits: { ...POLICY.limits, proposalMs: HOUR_MS - 1 } }),
  ),
  ...PAST_BOUNDS.map(([what, limits]) =>
    schema('malformed', `a policy with ${what}`, () => changing({ limits: { ...POLICY.limits, ...limits } })),
  ),
  policy('limit_exceeded', 'a fifth open proposal of one person', async () => {
    const { world, ana } = await founded();
    for (const hosts of [1, 2, 3, 4]) await world.propose(limiting(world, hosts, ana));
    return [world, await world.draftProposal(limiting(world, 5, ana))];
  }),
  policy('limit_exceeded', 'a fifth proposal of one person, of a policy that is proposed already', async () => {
    const { world, ana } = await founded();
    for (let i = 0; i < 4; i++) await world.propose(limiting(world, 1, ana));
    return [world, await world.draftProposal(limiting(world, 1, ana))];
  }),
  production('evidence_simulated', 'a change that lets simulated evidence into a production vault (lesson)', () =>
    changing({ referenceValues: POLICY.referenceValues }, () => ({}), inProduction),
  ),
  production('root_unknown', 'a change by which a production vault trusts a root that somebody made up', () =>
    changing(
      { referenceValues: { ...NO_REFERENCE_VALUES, tdx: tdxUnder(Uint8Array.of(0x30, 0)) } },
      () => ({}),
      inProduction,
    ),
  ),
];

const STATEMENT: readonly BrokenRule[] = [
  proposal('wrong_base', 'a change that rests on another policy', () => changing(VETO, () => ({ base: OTHER }))),
  proposal('wrong_policy', 'a change under another policy', () => changing(VETO, () => ({ policy: OTHER }))),
  schema('malformed', 'a change that a machine proposes', () =>
    changing(VETO, ({ world }) => ({ proposer: asProposer(world.founding.requester) }) as object),
  ),
  signatures('not_a_custodian', 'a change whose proposer is not in the committee', () =>
    changing(VETO, ({ ana }) => ({ proposer: { ...asProposer(ana), person: OTHER.slice(32) } })),
  ),
  proposal('wrong_policy', 'an approval of a change that another one has overtaken', async () => {
    const { world, ana, ben, cleo } = await founded();
    const slow = await world.propose(world.policyChange(VETO, ana));
    await world.approve(slow, ana);
    await world.changePolicy({ groups: ['security'] }, ben, ben, cleo);
    return [world, await world.draftApproval(slow, cleo)];
  }),
  proposal('wrong_policy', 'a release that was asked for under the policy before', async () => {
    const { world, deposit, ana, ben, cleo } = await published();
    const { statement } = await world.ask(deposit);
    await world.changePolicy(VETO, ana, ben, cleo);
    return [world, await world.draftProposal(statement)];
  }),
  proposal('wrong_policy', 'a vote on a release that was proposed under the policy before', async () => {
    const { world, deposit, ana, ben, cleo } = await published();
    const { statement } = await world.ask(deposit);
    await world.propose(statement);
    await world.changePolicy(VETO, ana, ben, cleo);
    return [world, await world.draftApproval(statementDigest(statement), ben)];
  }),
  proposal('wrong_policy', 'a release that was approved under the policy before', async () => {
    const { world, deposit, ana, ben, cleo } = await published();
    const { statement } = await world.ask(deposit);
    const digest = await world.propose(statement);
    await world.approve(digest, ben, cleo);
    await world.changePolicy(VETO, ana, ben, cleo);
    return [world, { kind: 'release', body: { proposal: digest } }];
  }),
  rulesAt('state/kinds/release.ts')('wrong_policy', 'an appraisal against the reference values before', async () => {
    const { world, deposit, ana, ben, cleo } = await published();
    const { statement } = await world.ask(deposit);
    const referenceValues = { ...POLICY.referenceValues, revoked: [{ claim: 'simulated.chip', value: OTHER }] };
    await world.changePolicy({ referenceValues }, ana, ben, cleo);
    return [world, await world.draftProposal({ ...statement, policy: world.facts.policy.digest })];
  }),
  rulesAt('state/entries/approval.ts')('already_voted', 'a second approval of a change by its proposer', async () => {
    const { world, ana } = await founded();
    const digest = await world.propose(world.policyChange(VETO, ana));
    await world.approve(digest, ana);
    return [world, await world.draftApproval(digest, ana)];
  }),
];

function limiting(world: Stage['world'], hosts: number, by: Stage['ana']) {
  return world.policyChange({ limits: { ...POLICY.limits, hosts } }, by);
}

function retirement(world: Stage['world'], who: Stage['ana']) {
  const target = digestOf(who.authenticators[0].credential);
  return world.draftStop(world.stop('authenticator', target, who));
}

export const POLICY_CHANGE: readonly BrokenRule[] = [...DOCUMENT, ...STATEMENT];
