import { toBase64url, toHex } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import type { EnvelopeName } from '../../../../src/core/log/entry.ts';
import type { ManifestCore } from '../../../../src/core/weights/manifest.ts';
import { manifestContext } from '../../../../src/core/weights/release-key.ts';
import { makeMachine, OUTSIDER } from '../../../world/people.ts';
import { deposited, founded, scoped } from '../stages.ts';
import { type Attempt, type BrokenRule, OTHER, OTHER_ID, rulesAt } from './broken.ts';

const deposit = rulesAt('state/entries/deposit.ts');
const names = rulesAt('state/checks/names.ts');
const signatures = rulesAt('state/checks/signatures.ts');
const manifest = rulesAt('weights/manifest.ts');

/** A manifest with one thing wrong, signed all the same. */
async function withCore(changes: (core: ManifestCore) => Partial<ManifestCore>): Promise<Attempt> {
  const { world } = await founded();
  const { core } = await world.fork().makeDeposit();
  return [world, world.draftDeposit(await world.makeDeposit(changes(core)))];
}

async function withEnvelopes(change: (envelopes: EnvelopeName[]) => EnvelopeName[]): Promise<Attempt> {
  const { world } = await founded();
  const draft = world.draftDeposit(await world.makeDeposit());
  return [world, { ...draft, body: { ...draft.body, envelopes: change(draft.body.envelopes) } }];
}

export const DEPOSIT: readonly BrokenRule[] = [
  deposit('wrong_vault', 'a manifest of another vault', () =>
    withCore(({ model, version }) => ({ vault: OTHER, ctx: toHex(manifestContext(OTHER, model, version)) })),
  ),
  signatures('principal_unknown', 'a deposit by a key that is not enrolled', async () => {
    const { world } = await founded();
    const machine = makeMachine({ role: 'depositor', name: 'x', ...OUTSIDER }, world.random);
    return [world, world.draftDeposit(await world.makeDeposit({}, machine), machine)];
  }),
  signatures('principal_retired', 'a deposit by a key that has been retired', async () => {
    const { world, ana } = await founded();
    await world.retire(world.founding.depositor, ana);
    return [world, world.draftDeposit(await world.makeDeposit())];
  }),
  deposit('not_permitted', 'a deposit by a requester', async () => {
    const { world } = await founded();
    const { requester } = world.founding;
    return [world, world.draftDeposit(await world.makeDeposit({}, requester), requester)];
  }),
  deposit('out_of_scope', 'a deposit of a model outside the key’s scope', async () => {
    const { world } = await scoped();
    return [world, world.draftDeposit(await world.makeDeposit({ model: 'acme-eu/ocr' }))];
  }),
  deposit('version_exists', 'a deposit under a version that has been used', async () => {
    const { world } = await deposited();
    return [world, world.draftDeposit(await world.makeDeposit())];
  }),
  deposit('version_exists', 'the same deposit again', async () => {
    const { world, deposit: first } = await deposited();
    return [world, world.draftDeposit(first)];
  }),
  ...['acrne/ocr', 'acme/0cr'].map((model) =>
    names('invalid_name', `a deposit of ${model}, which looks like acme/ocr`, async () => {
      const { world } = await deposited();
      return [world, world.draftDeposit(await world.makeDeposit({ model, version: '9' }))];
    }),
  ),
  names('invalid_name', 'a deposit of version l, which looks like version 1', async () => {
    const { world } = await deposited();
    return [world, world.draftDeposit(await world.makeDeposit({ version: 'l' }))];
  }),
  deposit('committee_mismatch', 'shares for another committee', () => withCore(() => ({ committee: OTHER_ID }))),
  deposit('committee_mismatch', 'shares for another epoch', () => withCore(() => ({ epoch: 2 }))),
  deposit('committee_mismatch', 'shares with the indices of another committee', () =>
    withCore(() => ({ indices: [1, 2, 3, 4] })),
  ),
  deposit('committee_mismatch', 'a share more than there are custodians', () =>
    withCore(({ indices }) => ({ indices: [...indices, 9] })),
  ),
  deposit('committee_mismatch', 'another threshold than the committee’s', () =>
    withCore(({ commitments }) => ({ threshold: 3, commitments: [...commitments, ...commitments.slice(0, 1)] })),
  ),
  rulesAt('share/share.ts')('invalid_threshold', 'a threshold of one', () =>
    withCore(({ commitments }) => ({ threshold: 1, commitments: commitments.slice(0, 1) })),
  ),
  manifest('invalid_threshold', 'a threshold that its commitments are not of', () =>
    withCore(() => ({ threshold: 3 })),
  ),
  rulesAt('share/share.ts')('invalid_index', 'a share index named twice (lesson)', () =>
    withCore(() => ({ indices: [1, 2, 3, 3] })),
  ),
  rulesAt('share/share.ts')('invalid_index', 'share index 0 (lesson)', () =>
    withCore(() => ({ indices: [0, 1, 2, 3] })),
  ),
  manifest('manifest_mismatch', 'a manifest whose context is that of another version', () =>
    withCore(({ vault, model }) => ({ ctx: toHex(manifestContext(vault, model, '2')) })),
  ),
  rulesAt('schema.ts')('malformed', 'a file whose size is no integer', () =>
    withCore(({ files }) => ({ files: files.map((file) => ({ ...file, size: '1.0' })) })),
  ),
  deposit('envelopes_mismatch', 'a custodian who got no envelope', () => withEnvelopes((all) => all.slice(0, -1))),
  deposit('envelopes_mismatch', 'the second authenticator of a custodian left out', () =>
    withEnvelopes((all) => all.filter((_, i) => i !== 1)),
  ),
  deposit('envelopes_mismatch', 'one envelope named twice in place of another', () =>
    withEnvelopes((all) => [...all.slice(0, -1), ...all.slice(0, 1)]),
  ),
  deposit('envelopes_mismatch', 'an envelope to somebody else', () =>
    withEnvelopes((all) => all.map((one, i) => (i === 0 ? { ...one, person: OTHER_ID } : one))),
  ),
  deposit('envelopes_mismatch', 'an envelope to an authenticator of no custodian', () =>
    withEnvelopes((all) =>
      all.map((one, i) => (i === 0 ? { ...one, credential: toBase64url(new Uint8Array(16)) } : one)),
    ),
  ),
  deposit('envelopes_mismatch', 'one person with two share indices', () =>
    withEnvelopes((all) => all.map((one, i) => (i === 1 ? { ...one, index: 2 } : one))),
  ),
  deposit('envelopes_mismatch', 'an envelope to an authenticator that has been retired', async () => {
    const { world, ana } = await founded();
    const statement = world.stop('authenticator', digestOf(ana.authenticators[1]?.credential ?? new Uint8Array()), ana);
    await world.append(await world.draftStop(statement));
    return [world, world.draftDeposit(await world.makeDeposit())];
  }),
  rulesAt('platform/verify-node.ts')('signature_invalid', 'a manifest that its depositor has not signed', async () => {
    const { world } = await founded();
    return [world, world.draftDeposit(await world.makeDeposit(), world.founding.requester)];
  }),
];
