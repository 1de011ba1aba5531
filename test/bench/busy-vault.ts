import { rmSync } from 'node:fs';
import { Writable } from 'node:stream';
import { deposit } from '../../client/depositor/deposit.ts';
import { fetchRelease } from '../../client/host/fetch.ts';
import { requestRelease } from '../../client/host/request.ts';
import { SimulatedChip } from '../../client/host/simulated-chip.ts';
import { checkpointFiles } from '../../client/log/checkpoint-file.ts';
import { Replica } from '../../client/log/replica.ts';
import { approveAs } from '../../demo/approving.ts';
import type { Workspace } from '../../demo/daemon.ts';
import { Narrator } from '../../demo/narrator.ts';
import { Stopwatch } from '../../demo/stopwatch.ts';
import { enrolMachines, found } from '../../demo/story.ts';
import { SIMULATED_IMAGE } from '../../src/core/attest/simulated/report.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import type { Contestant } from './measure.ts';

const MODEL = 'acme/bench';
const RELEASED_VERSION = 'released';
const LEASE_MS = 60 * 60_000;
/** More than there will ever be rounds: a release serves no more bytes than were approved. */
const FETCHES = 64;

const ground = { now: Date.now, random: platformRandom };
const verify: Verify = async (claim) => verifyNode(claim);
const unheard = new Writable({ write: (_chunk, _encoding, done) => done() });

/**
 * A founded vault with its daemon as a process of its own, of which a folder of `bytes` has been deposited and
 * released: what deposits it once more, as another version, and what fetches it into an empty folder, `target`.
 */
export async function busyVault(
  workspace: Workspace,
  folder: string,
  bytes: number,
): Promise<{ readonly deposit: Contestant; readonly fetch: Contestant; readonly target: string }> {
  const stage = { workspace, narrator: new Narrator(unheard), stopwatch: new Stopwatch() };
  const founded = await found(stage);
  const { depositor, requester } = await enrolMachines(stage, founded);
  const { fingerprint } = founded;
  const memory = checkpointFiles(workspace.path('depositor'));
  const replica = await Replica.follow(depositor.api, { fingerprint, verify, memory, now: Date.now });
  const depositAs = (version: string) =>
    deposit(depositor, replica, { ...ground, model: MODEL, version, folder, modelSignature: null });
  await depositAs(RELEASED_VERSION);
  const pending = await requestRelease(
    requester,
    {
      ...{ model: MODEL, version: RELEASED_VERSION, purpose: 'evaluation', reason: 'a bench' },
      ...{ leaseMs: LEASE_MS, bytes: BigInt(FETCHES) * 2n * BigInt(bytes) },
    },
    [new SimulatedChip(platformRandom(32), SIMULATED_IMAGE)],
    { ...ground, fingerprint },
  );
  for (const person of [founded.alice, founded.bob]) await approveAs(person, pending.release);
  const target = workspace.path('fetched');
  let versions = 0;
  return {
    deposit: { act: () => depositAs(`v${versions++}`) },
    fetch: {
      act: () => fetchRelease({ api: requester.api, pending, host: 0, folder: target, verify }),
      after: () => rmSync(target, { recursive: true }),
    },
    target,
  };
}
