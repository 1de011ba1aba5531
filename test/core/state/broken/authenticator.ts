import { toBase64url } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { founded, type Stage } from '../stages.ts';
import { type BrokenRule, rulesAt } from './broken.ts';

const effect = rulesAt('state/kinds/authenticator.ts');
const signatures = rulesAt('state/checks/signatures.ts');
const ZEROS = '00'.repeat(32);

/** Ana has two authenticators; ben and cleo have retired her first. */
async function retired(): Promise<Stage> {
  const stage = await founded();
  const { world, ana, ben, cleo } = stage;
  await world.approve(await world.propose(world.keyRetirement(ana, ben)), ben, cleo);
  return stage;
}

export const AUTHENTICATOR: readonly BrokenRule[] = [
  effect('credential_unknown', 'of a credential that is not enrolled', async () => {
    const { world, ana, ben } = await founded();
    const credential = toBase64url(new Uint8Array(16));
    return [world, await world.draftProposal(world.keyRetirement(ana, ben, { credential }))];
  }),
  effect('credential_unknown', 'under the name of another person, who would then have the vote', async () => {
    const { world, ana, ben, cleo } = await founded();
    return [world, await world.draftProposal(world.keyRetirement(ana, ben, { person: cleo.person }))];
  }),
  effect('credential_retired', 'of an authenticator that has been retired', async () => {
    const { world, ana, ben } = await retired();
    return [world, await world.draftProposal(world.keyRetirement(ana, ben))];
  }),
  effect('credential_retired', 'of one whose person has retired it while the others decided', async () => {
    const { world, ana, ben, cleo } = await founded();
    const proposal = await world.propose(world.keyRetirement(ana, ben));
    await world.approve(proposal, ben);
    const target = digestOf(ana.authenticators[0].credential);
    const stop = world.stop('authenticator', target, ana);
    await world.append(await world.draftStop(stop));
    return [world, await world.draftApproval(proposal, cleo)];
  }),
  rulesAt('state/entries/approval.ts')(
    'proposer_cannot_approve',
    'with the vote of the key that is to be retired',
    async () => {
      const { world, ana, ben } = await founded();
      return [world, await world.draftApproval(await world.propose(world.keyRetirement(ana, ben)), ana)];
    },
  ),
  rulesAt('state/entries/approval.ts')(
    'proposer_cannot_approve',
    'with the vote of its person’s other key',
    async () => {
      const { world, ana, ben } = await founded();
      const by = ana.authenticators[1];
      return [world, await world.draftApproval(await world.propose(world.keyRetirement(ana, ben)), ana, by && { by })];
    },
  ),
  signatures('credential_retired', 'an approval by it afterwards', async () => {
    const { world, ana, ben } = await retired();
    const proposal = await world.propose(world.policyChange({ veto: true }, ben));
    return [world, await world.draftApproval(proposal, ana)];
  }),
  signatures('credential_retired', 'a stop by it afterwards', async () => {
    const { world, ana } = await retired();
    return [world, await world.draftStop(world.stop('all', ZEROS, ana))];
  }),
  signatures('credential_retired', 'a proposal to resume by it afterwards', async () => {
    const { world, ana, ben } = await retired();
    await world.append(await world.draftStop(world.stop('all', ZEROS, ben)));
    const stopped = world.facts.stopped?.[0].digest ?? '';
    return [world, await world.draftProposal(world.resumption(stopped, ana))];
  }),
];
