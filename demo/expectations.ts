import { policyDifferences } from '../client/custodian/policy-diff.ts';
import { propose, withReferenceValues } from '../client/custodian/propose.ts';
import { SIMULATED_IMAGE } from '../src/core/attest/simulated/report.ts';
import { policyInForce } from '../src/core/state/policies.ts';
import { comparisonCode, REQUEST_WORDS } from '../src/core/statement/comparison-code.ts';
import { approveAs } from './approving.ts';
import { record } from './attacks.ts';
import { requestAtHost } from './host.ts';
import type { World } from './world.ts';

/** Revokes an image: one entry of the reference values refuses it on every host. Two custodians decide. */
export async function revokeImage(world: World): Promise<void> {
  const { narrator, alice, bob, stopwatch } = world;
  narrator.chapter('Two change what a host must prove');
  const { replica } = alice;
  await replica.extend();
  const before = policyInForce(replica.facts).document.referenceValues;
  const after = { ...before, revoked: [{ claim: 'simulated.measurement', value: SIMULATED_IMAGE }] };
  const policy = withReferenceValues(replica.facts, after);
  const reason = 'the image of the OCR service is withdrawn, SEC-3';
  await stopwatch.time('policy change: 1 proposal, 2 approvals', async () => {
    const { digest } = await propose(alice.custodian, replica, { kind: 'policy', policy, reason });
    narrator.say(`alice proposes it: ${comparisonCode(digest, REQUEST_WORDS)}; who approves sees what changes:`);
    for (const { path, after: now } of policyDifferences(before, after)) narrator.say(`  ${path}: ${now}`);
    for (const person of [alice, bob]) await approveAs(person, digest);
  });
  narrator.say('alice and bob approve: from now on the image is refused, even where something else allows it');
  await record(world, 'the same host, whose image has been revoked since', 'appraisal_failed', () =>
    requestAtHost(world, 'serving', 'a third server, OPS-9'),
  );
}

/** Allows the image again by another policy, which two custodians decide. */
export async function allowImage(world: World): Promise<void> {
  const { narrator, alice, bob } = world;
  const { replica } = alice;
  await replica.extend();
  const { referenceValues } = policyInForce(replica.facts).document;
  const policy = withReferenceValues(replica.facts, { ...referenceValues, revoked: [] });
  const reason = 'the image of the OCR service is mended, SEC-4';
  const { digest } = await propose(alice.custodian, replica, { kind: 'policy', policy, reason });
  for (const person of [alice, bob]) await approveAs(person, digest);
  narrator.say('alice and bob allow the image again');
}
