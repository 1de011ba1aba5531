import { afterAll, beforeAll, expect, test } from 'vitest';
import { review } from '../../../client/custodian/review.ts';
import { principalKey, principalRecordOf } from '../../../client/principal/principal.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { approveAs, followAs, proposeAs } from '../../world/vault/acts.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

let vault: Vault;
beforeAll(async () => {
  vault = await openVault();
}, 60_000);
afterAll(() => vault?.close());

test('of two persons who look alike, the one enrolled later is refused before a touch', async () => {
  const proposed = async (owner: string, ownerName: string) => {
    const key = principalKey('requester', `machine of ${owner.slice(0, 2)}`, platformRandom(32));
    return proposeAs(vault.ben, {
      kind: 'principal',
      principal: principalRecordOf(key, { owner, ownerName, models: ['*'] }),
    });
  };
  const first = await proposed('8f'.repeat(16), 'Emil');
  const second = await proposed('9f'.repeat(16), 'EMIL');
  const obstacles = async () =>
    (await review(vault.ana.custodian, await followAs(vault.auditor, vault.fingerprint), second)).obstacles;
  expect(await obstacles()).toEqual([]);
  await approveAs(vault.ana, first);
  await approveAs(vault.cleo, first);
  // It has been overtaken, and the rule that it would break says by whom.
  expect((await obstacles()).map(({ code }) => code)).toEqual(['proposal_closed', 'person_exists']);
}, 60_000);
