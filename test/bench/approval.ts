import { generateKeyPairSync, sign } from 'node:crypto';
import { approve } from '../../client/custodian/approve.ts';
import { followLog } from '../../client/custodian/ceremony.ts';
import { review } from '../../client/custodian/review.ts';
import { MAX_HOSTS } from '../../src/core/attest/request.ts';
import { SHARE_PLAINTEXT_BYTES } from '../../src/core/share/share.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { POLICY } from '../world/founding.ts';
import { publishedWorld } from '../world/world.ts';
import { race } from './measure.ts';
import { custodianIn } from './memory-vault.ts';
import { OTHER_HPKE, otherSealer } from './other-hpke.ts';
import { type Bench, row } from './row.ts';

/**
 * What a custodian waits for when one release names 64 hosts: the review, in which the workstation appraises
 * every host's evidence at two instants, and the approval from the touch to what is sent: open one's share and
 * check it, seal it to each host, sign each envelope. By the custodian's own client, against a vault that
 * answers at once from memory; the software authenticator takes no time to be found and touched.
 *
 * The approval against its bare cryptography: 64 seals by a general HPKE library and 64 signatures by the
 * platform's Ed25519, keys imported beforehand.
 */
export const approvalBench: Bench = async ({ quick }) => {
  const hosts = quick ? 8 : MAX_HOSTS;
  const { world, deposit } = await publishedWorld({ policy: { limits: { ...POLICY.limits, hosts: MAX_HOSTS } } });
  const asked = await world.ask(deposit, { hosts });
  const proposal = await world.propose(asked.statement);
  const custodian = custodianIn(world, deposit, world.founder('ben'));
  const replica = await followLog(custodian);
  const reviewed = await review(custodian, replica, proposal);
  const rounds = await race(
    {
      review: { act: () => review(custodian, replica, proposal) },
      approve: { act: () => approve(custodian, replica, reviewed) },
      bare: { act: await bareApproval(asked.hosts.map((host) => host.kem.publicKey)) },
    },
    quick ? 3 : 9,
  );
  const scale = { unit: 'ms', work: 1 } as const;
  const bare = { what: `${hosts} seals (${OTHER_HPKE}) and signatures`, rounds: rounds.bare };
  return {
    rows: [
      row('approval', `approve ${hosts} hosts, touch to sent`, rounds.approve, scale, bare),
      row('approval', `review ${hosts} hosts`, rounds.review, scale, null),
    ],
    skipped: [],
  };
};

async function bareApproval(publicKeys: readonly Uint8Array[]): Promise<() => Promise<void>> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const plaintext = platformRandom(SHARE_PLAINTEXT_BYTES);
  const sealers = await Promise.all(publicKeys.map((publicKey) => otherSealer(publicKey, platformRandom(200))));
  return async () => {
    for (const seal of sealers) {
      const { ct } = await seal(plaintext);
      sign(null, new Uint8Array(ct), privateKey);
    }
  };
}
