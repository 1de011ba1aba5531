import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { DEFAULT_RETRY, withRetry } from '../../../client/api/retry.ts';
import { approve } from '../../../client/custodian/approve.ts';
import { followLog } from '../../../client/custodian/ceremony.ts';
import { review } from '../../../client/custodian/review.ts';
import { fetchRelease, sendReceipt } from '../../../client/host/fetch.ts';
import { requestRelease } from '../../../client/host/request.ts';
import { SimulatedChip } from '../../../client/host/simulated-chip.ts';
import { inTurn } from '../../../client/host/turn.ts';
import { waitForRelease } from '../../../client/host/wait.ts';
import { openPrincipalSession } from '../../../client/principal/principal.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { OPEN_PROPOSALS_A_KEY } from '../../../src/vault/limits.ts';
import { MEASUREMENT } from '../../world/founding.ts';
import { depositFiles, publish } from '../../world/vault/acts.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const PODS = 20;
const TOO_MANY = expect.stringContaining(`at most ${OPEN_PROPOSALS_A_KEY} open proposals`);
/** As patient as a host, but for the length of the waits. */
const RETRY = { ...DEFAULT_RETRY, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 400)) };
const WEIGHTS = platformRandom(1000);
const target = mkdtempSync(join(tmpdir(), 'twinlock-turns-'));

let vault: Vault;
beforeAll(async () => {
  vault = await openVault();
  await depositFiles(vault, { 'a.bin': WEIGHTS });
  await publish(vault);
});
afterAll(async () => {
  await vault.close();
  rmSync(target, { recursive: true });
});

test('twenty hosts that share a key all get the weights: those that are too many wait for their turn', async () => {
  expect(PODS).toBeGreaterThan(OPEN_PROPOSALS_A_KEY);
  const waited: string[] = [];
  let done = 0;
  const pods = Array.from({ length: PODS }, async (_, i) => {
    await pod(join(target, String(i)), (refusal) => waited.push(refusal.message));
    done++;
  });
  const all = Promise.all(pods);
  // Not before: custodians who decide faster than hosts ask leave none of them to wait.
  await Promise.race([all, vi.waitFor(() => expect(waited).toContainEqual(TOO_MANY), { timeout: 60_000 })]);
  // Custodians decide on what is open, oldest first, until every host is done.
  const deciders = await Promise.all([vault.ben, vault.cleo].map(deciderOf));
  const deciding = (async () => {
    while (done < PODS) {
      const open = await withRetry(RETRY, () => vault.ben.api.proposals('open'));
      const next = open.proposals.filter(({ phase }) => phase === 'open').at(-1);
      if (next === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      else for (const decide of deciders) await decide(next.digest);
    }
  })();
  await Promise.all([all, deciding]);
  for (let i = 0; i < PODS; i++) expect(readFileSync(join(target, String(i), 'a.bin'))).toEqual(Buffer.from(WEIGHTS));
});

test('what is refused for another reason is not waited for', async () => {
  const turn = inTurn(RETRY, () => undefined);
  let tries = 0;
  const refused = turn(async () => {
    tries++;
    throw new TwinlockError('out_of_scope', 'expected another model');
  });
  await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'out_of_scope' }));
  expect(tries).toBe(1);
});

/** A custodian who follows the log, and replays it once. */
async function deciderOf({ custodian }: Vault['ben']): Promise<(digest: Hex) => Promise<unknown>> {
  const replica = await followLog(custodian);
  return async (digest) => {
    // The daemon ends a connection that was idle for some seconds: a read that meets this is asked for again.
    const reviewed = await withRetry(RETRY, async () => {
      await replica.extend();
      return review(custodian, replica, digest);
    });
    return approve(custodian, replica, reviewed);
  };
}

/** Signs in, asks, waits, fetches and answers, as `twinlock fetch` does. */
async function pod(folder: string, onWait: (refusal: TwinlockError) => void): Promise<void> {
  const { anonymous, fingerprint, requester } = vault;
  const turn = inTurn(RETRY, onWait);
  const session = await turn(() => openPrincipalSession(anonymous, requester.principal, fingerprint));
  const chip = new SimulatedChip(platformRandom(32), MEASUREMENT);
  const asked = {
    model: 'acme/ocr',
    version: '1',
    purpose: 'serving',
    reason: 'a pod',
    leaseMs: null,
    bytes: null,
  } as const;
  const options = { fingerprint, turn, now: Date.now, random: platformRandom };
  const pending = await requestRelease(session, asked, [chip], options);
  await waitForRelease(session.api, pending, { retry: RETRY });
  const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
  const fetched = await fetchRelease({ api: session.api, pending, host: 0, folder, verify, retry: RETRY });
  await sendReceipt(session.api, pending, 0, fetched, undefined, RETRY);
}
