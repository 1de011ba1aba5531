import type { Appraisal } from '../../../../src/core/attest/appraisal.ts';
import type { Evidence } from '../../../../src/core/attest/evidence.ts';
import { utf8 } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { kemKeyPairFromSeed } from '../../../../src/core/envelope/xwing.ts';
import { MAX_NONCE_AGE_MS } from '../../../../src/core/state/kinds/release.ts';
import type { StatementOf } from '../../../../src/core/statement/statement.ts';
import { HOUR_MS } from '../../../world/founding.ts';
import type { Asked, World } from '../../../world/world.ts';
import { deposited, inProduction, published, released } from '../stages.ts';
import { type Attempt, type BrokenRule, OTHER, rulesAt } from './broken.ts';

type Release = StatementOf<'release'>;
type Options = NonNullable<Parameters<World['ask']>[1]>;
const release = rulesAt('state/kinds/release.ts');
const base = rulesAt('state/checks/version.ts');
const ZEROS = '00'.repeat(32);
const OTHER_SEED = new Uint8Array(32).fill(7);

/** A release of a published version whose request, hosts or statement are not as they should be. */
async function asking(
  options: Options | ((world: World) => Options | Promise<Options>),
  change: (asked: Asked) => Partial<Release> = () => ({}),
): Promise<Attempt> {
  const { world, deposit } = await published();
  const asked = await world.ask(deposit, typeof options === 'function' ? await options(world) : options);
  return [world, await world.draftProposal({ ...asked.statement, ...change(asked) })];
}

const withEvidence = (evidence: (world: World) => Partial<Evidence>) =>
  asking((world) => ({ evidence: evidence(world) }));
const withAppraisal = (appraisal: (world: World) => Partial<Appraisal>) =>
  asking((world) => ({ appraisal: appraisal(world) }));

/** The first host, changed in the statement alone. */
const withHost = (change: (host: Release['hosts'][number]) => Partial<Release['hosts'][number]>) =>
  asking({}, ({ statement }) => ({ hosts: statement.hosts.map((host) => ({ ...host, ...change(host) })) }));

const MAY: readonly BrokenRule[] = [
  release('version_quarantined', 'a quarantined version released for serving', async () => {
    const { world, deposit } = await deposited();
    return [world, await world.draftProposal((await world.ask(deposit)).statement)];
  }),
  release('version_withdrawn', 'a version that has been withdrawn', async () => {
    const { world, deposit, cleo } = await published();
    await world.append(await world.draftStop(world.stop('version', deposit.manifest, cleo)));
    return [world, await world.draftProposal((await world.ask(deposit)).statement)];
  }),
  rulesAt('state/running.ts')('vault_stopped', 'a release while the vault is stopped', async () => {
    const { world, deposit, cleo } = await published();
    await world.append(await world.draftStop(world.stop('all', ZEROS, cleo)));
    return [world, await world.draftProposal((await world.ask(deposit)).statement)];
  }),
  base('version_unknown', 'a release of a version that was not deposited', () => asking({}, () => ({ version: '9' }))),
  base('manifest_mismatch', 'a release under another manifest', () => asking({}, () => ({ manifest: OTHER }))),
  base('manifest_mismatch', 'a release under other commitments', () => asking({}, () => ({ commitments: OTHER }))),
  release('limit_exceeded', 'more hosts than policy allows', () => asking({ hosts: 9 })),
  release('limit_exceeded', 'a longer lease than policy allows', () =>
    asking({}, () => ({ leaseMs: 24 * HOUR_MS + 1 })),
  ),
  release('budget_exceeded', 'more bytes than policy allows', () => asking({}, () => ({ bytes: '1000000001' }))),
  release('evidence_simulated', 'simulated evidence in a production vault (lesson)', async () => {
    const { world, deposit } = await inProduction();
    return [world, await world.draftProposal((await world.ask(deposit)).statement)];
  }),
];

const BOUND: readonly BrokenRule[] = [
  release('wrong_vault', 'evidence made for another vault', () => withEvidence(() => ({ vault: OTHER }))),
  release('wrong_vault', 'evidence whose request is to another vault', () => asking({ request: { vault: OTHER } })),
  release('binding_mismatch', 'a statement that names another request than the evidence', () =>
    asking({}, () => ({ request: OTHER })),
  ),
  release('binding_mismatch', 'a request by another requester', () =>
    asking(({ founding }) => ({ request: { requester: founding.depositor.record.key } })),
  ),
  release('binding_mismatch', 'a request for another model', () => asking({ request: { model: 'acme/other' } })),
  release('binding_mismatch', 'a request for another version', () => asking({ request: { version: '2' } })),
  release('binding_mismatch', 'a request for evaluation that becomes one for serving', () =>
    asking({ purpose: 'evaluation' }, () => ({ purpose: 'serving' })),
  ),
  release('binding_mismatch', 'more hosts than were asked for', () => asking({ hosts: 2, request: { hosts: 1 } })),
  release('binding_mismatch', 'a host whose KEM key is exchanged in the statement', () =>
    withHost(() => ({ kem: OTHER })),
  ),
  release('binding_mismatch', 'a host whose receipt key is exchanged in the statement', () =>
    asking({}, ({ statement }) => ({
      hosts: statement.hosts.map((host) => ({ ...host, receiptKey: statement.proposer.key })),
    })),
  ),
  release('binding_mismatch', 'an appraisal of other evidence', () => withAppraisal(() => ({ evidence: OTHER }))),
  release('binding_mismatch', 'an appraisal with other endorsements', () =>
    withAppraisal(() => ({ endorsements: OTHER })),
  ),
  release('binding_mismatch', 'a label that the host gave itself', () => withHost(() => ({ label: 'trust me' }))),
  release('wrong_policy', 'an appraisal against other reference values', () =>
    withAppraisal(() => ({ referenceValues: OTHER })),
  ),
  release('wrong_policy', 'an appraisal of authenticity alone', () => withAppraisal(() => ({ referenceValues: null }))),
];

const FRESH: readonly BrokenRule[] = [
  release('foreign_checkpoint', 'a nonce made of the checkpoint of another log', () =>
    withEvidence((world) => ({ checkpoint: { ...world.checkpoint(), origin: 'tl-9999999999999999.localhost/log' } })),
  ),
  release('foreign_checkpoint', 'a nonce made of a root that this log never had', () =>
    withEvidence((world) => ({ checkpoint: { ...world.checkpoint(), root: OTHER } })),
  ),
  release('foreign_checkpoint', 'a nonce made of a checkpoint that is still to come', () =>
    withEvidence((world) => ({ checkpoint: { ...world.checkpoint(), size: world.checkpoint().size + 1 } })),
  ),
  release('nonce_stale', 'a nonce made of a checkpoint that is too old', async () => {
    const { world, deposit } = await published();
    const checkpoint = world.checkpoint();
    await world.append({ kind: 'heartbeat', body: {} });
    world.now += MAX_NONCE_AGE_MS;
    return [world, await world.draftProposal((await world.ask(deposit, { evidence: { checkpoint } })).statement)];
  }),
  release('nonce_stale', 'an appraisal that is too old', () =>
    withAppraisal(({ now }) => ({ instant: now - MAX_NONCE_AGE_MS - 1 })),
  ),
  release('nonce_stale', 'an appraisal of the future', () => withAppraisal(({ now }) => ({ instant: now + 1 }))),
  release('kem_key_reused', 'a KEM key that has been seen before', async () => {
    const { world, deposit, asked } = await released();
    const kem = asked.hosts[0]?.kem ?? kemKeyPairFromSeed(OTHER_SEED);
    return [world, await world.draftProposal((await world.ask(deposit, { kem })).statement)];
  }),
  release('kem_key_reused', 'two hosts with one KEM key', () =>
    asking({ hosts: 2, kem: kemKeyPairFromSeed(OTHER_SEED) }),
  ),
  release('evidence_reused', 'evidence that has been seen before', async () => {
    const { world, asked } = await released();
    return [world, await world.draftProposal({ ...asked.statement, nonce: OTHER })];
  }),
  release('evidence_reused', 'evidence that was seen in a proposal that came to nothing', async () => {
    const { world, deposit, ben, cleo } = await published();
    const { statement } = await world.ask(deposit);
    await world.deny(await world.propose(statement), ben, cleo);
    return [world, await world.draftProposal({ ...statement, nonce: OTHER })];
  }),
];

const APPRAISED: readonly BrokenRule[] = [
  release('appraisal_failed', 'a host that runs another image', () => asking({ measurement: OTHER })),
  release('appraisal_failed', 'an appraisal whose verdict is fail', () => withAppraisal(() => ({ verdict: 'fail' }))),
  rulesAt('attest/appraise.ts')('appraisal_mismatch', 'an appraisal forged to pass', () =>
    asking({ measurement: OTHER, appraisal: { verdict: 'pass' } }),
  ),
  rulesAt('attest/appraise.ts')('appraisal_mismatch', 'an appraisal that leaves its rules out', () =>
    withAppraisal(() => ({ rules: [] })),
  ),
  rulesAt('attest/appraise.ts')('appraisal_mismatch', 'an appraisal with other claims', () =>
    withAppraisal(() => ({ claims: {} })),
  ),
  rulesAt('schema.ts')('malformed', 'endorsements that are no endorsements document', async () => {
    const { world, deposit } = await published();
    const bytes = utf8('{}');
    world.keep(bytes);
    const endorsements = digestOf(bytes);
    const { statement } = await world.ask(deposit, { appraisal: { endorsements } });
    const hosts = statement.hosts.map((host) => ({ ...host, endorsements }));
    return [world, await world.draftProposal({ ...statement, hosts })];
  }),
  rulesAt('state/objects.ts')('object_missing', 'endorsements that are not beside the log', () =>
    withHost(() => ({ endorsements: OTHER })),
  ),
  rulesAt('schema.ts')('malformed', 'an appraisal by a platform that is not known', () =>
    withAppraisal(() => ({ platform: 'trust-me' }) as object),
  ),
  rulesAt('schema.ts')('malformed', 'a release to no host', () => asking({}, () => ({ hosts: [] }))),
];

export const RELEASE_PROPOSAL: readonly BrokenRule[] = [...MAY, ...BOUND, ...FRESH, ...APPRAISED];
