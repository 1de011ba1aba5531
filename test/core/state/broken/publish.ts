import { statementDigest } from '../../../../src/core/statement/statement.ts';
import type { POLICY } from '../../../world/founding.ts';
import { World } from '../../../world/world.ts';
import { deposited, founded, published } from '../stages.ts';
import { type Attempt, type BrokenRule, OTHER, rulesAt } from './broken.ts';

const publish = rulesAt('state/kinds/publish.ts');
const base = rulesAt('state/checks/version.ts');
const resume = rulesAt('state/kinds/resume.ts');
const ZEROS = '00'.repeat(32);

/** A publication of a version evaluated under a policy that asks for it; `evaluate` says how far that went. */
async function evaluated(
  publication: (typeof POLICY)['publication'],
  receipt: { readonly evaluation?: string; readonly modelSignature?: string } | null,
): Promise<Attempt> {
  const world = await World.found({ policy: { publication } });
  const deposit = await world.deposit();
  const asked = await world.ask(deposit, { purpose: 'evaluation' });
  const evaluation = await world.release(asked, world.founder('ben'), world.founder('cleo'));
  if (receipt !== null) await world.append(world.draftHostReceipt(asked, receipt));
  return [world, await world.draftProposal(world.publication(deposit, { evaluation }))];
}

export const PUBLISH: readonly BrokenRule[] = [
  publish('custody_missing', 'an approval of publication by who has not checked their own share', async () => {
    const { world, deposit, ana } = await deposited();
    const proposal = await world.propose(world.publication(deposit));
    return [world, await world.draftApproval(proposal, ana)];
  }),
  publish('custody_missing', 'an approval with another authenticator than the share was checked with', async () => {
    const { world, deposit, ana } = await deposited();
    await world.confirm(deposit, ana);
    const proposal = await world.propose(world.publication(deposit));
    const by = ana.authenticators[1] ?? ana.authenticators[0];
    return [world, await world.draftApproval(proposal, ana, { by })];
  }),
  publish('version_not_quarantined', 'a publication of what is published', async () => {
    const { world, deposit } = await published();
    return [world, await world.draftProposal(world.publication(deposit))];
  }),
  publish('version_not_quarantined', 'a publication of what has been withdrawn', async () => {
    const { world, deposit, ana } = await deposited();
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, ana)));
    return [world, await world.draftProposal(world.publication(deposit))];
  }),
  publish('version_not_quarantined', 'a version withdrawn while its publication was open', async () => {
    const { world, deposit, ana, ben, cleo } = await deposited();
    await world.confirm(deposit, ana, ben);
    const proposal = await world.propose(world.publication(deposit));
    await world.approve(proposal, ana);
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, cleo)));
    return [world, await world.draftApproval(proposal, ben)];
  }),
  base('version_unknown', 'a publication of what was not deposited', async () => {
    const { world } = await founded();
    const nowhere = await world.makeDeposit();
    return [world, await world.draftProposal(world.publication(nowhere))];
  }),
  base('manifest_mismatch', 'a publication of a version whose manifest differs', async () => {
    const { world } = await deposited();
    const substituted = await world.makeDeposit({ created: 1 });
    return [world, await world.draftProposal(world.publication(substituted))];
  }),
  base('manifest_mismatch', 'a publication of a version whose commitments differ', async () => {
    const { world, deposit } = await deposited();
    return [world, await world.draftProposal(world.publication(deposit, { commitments: OTHER }))];
  }),
  publish('evaluation_missing', 'a publication that cites what is no release', async () => {
    const { world, deposit } = await deposited();
    return [world, await world.draftProposal(world.publication(deposit, { evaluation: OTHER }))];
  }),
  publish('evaluation_missing', 'a publication that cites an evaluation without a receipt', () =>
    evaluated({ evaluation: true, modelSignature: false }, null),
  ),
  publish('evaluation_missing', 'a publication that cites the evaluation of another version', async () => {
    const { world, deposit, ben, cleo } = await deposited();
    const asked = await world.ask(deposit, { purpose: 'evaluation' });
    const evaluation = await world.release(asked, ben, cleo);
    await world.append(world.draftHostReceipt(asked, { evaluation: OTHER }));
    const second = await world.deposit({ version: '2' });
    return [world, await world.draftProposal(world.publication(second, { evaluation }))];
  }),
  publish('evaluation_missing', 'a publication that cites a release for serving', async () => {
    const { world, deposit, ben, cleo } = await published();
    const asked = await world.ask(deposit);
    const evaluation = await world.release(asked, ben, cleo);
    await world.append(world.draftHostReceipt(asked, { evaluation: OTHER }));
    // Published or not: what is cited is judged first only where the version is in quarantine.
    const second = await world.deposit({ version: '2' });
    return [world, await world.draftProposal(world.publication(second, { evaluation }))];
  }),
  publish('evaluation_missing', 'a publication without the evaluation that policy asks for', async () => {
    const world = await World.found({ policy: { publication: { evaluation: true, modelSignature: false } } });
    return [world, await world.draftProposal(world.publication(await world.deposit()))];
  }),
  publish('evaluation_missing', 'an evaluation whose receipt has no report', () =>
    evaluated({ evaluation: true, modelSignature: false }, { modelSignature: OTHER }),
  ),
  publish('model_signature_missing', 'a publication without the model signature that policy asks for', () =>
    evaluated({ evaluation: true, modelSignature: true }, { evaluation: OTHER }),
  ),
];

export const RESUME: readonly BrokenRule[] = [
  resume('vault_not_stopped', 'a resumption of a vault that is not stopped', async () => {
    const { world, ana } = await founded();
    return [world, await world.draftProposal(world.resumption(OTHER, ana))];
  }),
  resume('stop_unknown', 'a resumption that names another stop', async () => {
    const { world, ana } = await founded();
    await world.append(await world.draftStop(world.stop('all', ZEROS, ana)));
    return [world, await world.draftProposal(world.resumption(OTHER, ana))];
  }),
  resume('vault_not_stopped', 'a second resumption of the same stop', async () => {
    const { world, ana, ben, cleo } = await founded();
    const stop = world.stop('all', ZEROS, ana);
    await world.append(await world.draftStop(stop));
    const [first, second] = [0, 1].map(() => world.resumption(statementDigest(stop), ana));
    if (first === undefined || second === undefined) throw new Error('two were made');
    await world.propose(first);
    await world.propose(second);
    await world.approve(statementDigest(second), ana);
    await world.approve(statementDigest(first), ana, ben);
    return [world, await world.draftApproval(statementDigest(second), cleo)];
  }),
  rulesAt('state/entries/proposal.ts')('wrong_base', 'a resumption that does not rest on its stop', async () => {
    const { world, ana } = await founded();
    const stop = world.stop('all', ZEROS, ana);
    await world.append(await world.draftStop(stop));
    return [world, await world.draftProposal(world.resumption(statementDigest(stop), ana, { base: OTHER }))];
  }),
];
