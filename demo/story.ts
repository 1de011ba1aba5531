import { resolve } from 'node:path';
import { trustCa } from '../client/cli/trust.ts';
import { confirmCustody } from '../client/custodian/custody.ts';
import { deposit } from '../client/depositor/deposit.ts';
import { walkFolder } from '../client/depositor/folder.ts';
import type { FoundFile } from '../client/depositor/found-file.ts';
import { proposePublication } from '../client/depositor/publish.ts';
import { exactBytes } from '../client/display/exact.ts';
import type { Fetched } from '../client/host/fetch.ts';
import type { PendingRelease } from '../client/host/pending-release.ts';
import { checkpointFiles } from '../client/log/checkpoint-file.ts';
import { Replica } from '../client/log/replica.ts';
import type { PrincipalSession } from '../client/principal/principal.ts';
import type { Hex } from '../src/core/bytes.ts';
import { utf8 } from '../src/core/bytes.ts';
import { digestOf } from '../src/core/canonical.ts';
import { counted } from '../src/core/counted.ts';
import { comparisonCode, REQUEST_WORDS } from '../src/core/statement/comparison-code.ts';
import { platformRandom } from '../src/platform/random.ts';
import { verifyNode } from '../src/platform/verify-node.ts';
import { approveAs } from './approving.ts';
import type { Workspace } from './daemon.ts';
import {
  type CustodianWorkstation,
  compareGenesis,
  enrolFounder,
  type FounderWorkstation,
  signAll,
  signInFounder,
} from './founders.ts';
import { fetchAndCompare, requestAtHost } from './host.ts';
import { enrolMachine, outsider, ownedBy } from './machines.ts';
import type { Narrator } from './narrator.ts';
import { perSecond, type Stopwatch } from './stopwatch.ts';
import { MODEL, VERSION, type World } from './world.ts';

const SHOWN_FILES = 4;
const FOUNDERS = ['alice', 'bob', 'carol'] as const;

interface Stage {
  readonly workspace: Workspace;
  readonly narrator: Narrator;
  readonly stopwatch: Stopwatch;
}

type Founded = Pick<World, 'url' | 'fingerprint' | 'alice' | 'bob' | 'carol'>;

/** From nothing to a founded vault: each founder enrols, all compare twelve words, all sign. */
export async function found({ workspace, narrator, stopwatch }: Stage): Promise<Founded> {
  narrator.chapter('Three founders make a vault that two of them must open');
  const invitations = await workspace.init(FOUNDERS);
  const url = await workspace.serve();
  trustCa(resolve(workspace.data, 'tls.crt'));
  narrator.say(`twinlockd serves at ${url}; grade simulation, for life: this vault protects nothing`);
  const founders: FounderWorkstation[] = [];
  const fingerprint = await stopwatch.time('founding: 3 enrolments, 3 signatures', async () => {
    for (const name of FOUNDERS) {
      founders.push(await enrolFounder(workspace, url, name, invitations.get(name) ?? ''));
      narrator.say(`${name} enrols an authenticator; the vault gets the public halves of its keys`);
    }
    const reviews = await compareGenesis(founders);
    for (const [i, { name }] of founders.entries()) narrator.say(`${name.padEnd(5)} reads: ${reviews[i]?.code}`);
    return signAll(founders, reviews);
  });
  narrator.say('the words are the same, all three sign, and the vault is founded', `fingerprint ${fingerprint}`);
  const [alice, bob, carol] = (await Promise.all(founders.map((f) => signInFounder(f, fingerprint)))) as [
    CustodianWorkstation,
    CustodianWorkstation,
    CustodianWorkstation,
  ];
  return { url, fingerprint, alice, bob, carol };
}

/** Enrols machines' keys: one custodian proposes, and two who do not own the key approve. */
export async function enrolMachines(
  { workspace, narrator, stopwatch }: Stage,
  { url, alice, bob, carol }: Founded,
): Promise<Pick<World, 'depositor' | 'requester' | 'auditor'>> {
  narrator.chapter('Machines get keys, each owned by a person');
  return stopwatch.time('enrolling 3 machines: 3 proposals, 6 approvals', async () => {
    const training = { role: 'depositor', name: 'training', owner: ownedBy(alice), models: ['acme/*'] } as const;
    const depositor = await enrolMachine(workspace, url, training, [bob, carol]);
    narrator.say('training, a depositor’s key owned by alice: bob proposes, bob and carol approve');
    const serving = { role: 'requester', name: 'serving', owner: ownedBy(carol), models: ['acme/*'] } as const;
    const requester = await enrolMachine(workspace, url, serving, [alice, bob]);
    narrator.say('serving, a requester’s key owned by carol: alice proposes, alice and bob approve');
    const audit = { role: 'auditor', name: 'audit', owner: outsider('erin'), models: ['*'] } as const;
    const auditor = await enrolMachine(workspace, url, audit, [carol, alice]);
    narrator.say('audit, an auditor’s key owned by erin, who is no custodian: carol and alice approve');
    return { depositor, requester, auditor };
  });
}

/** Returns the manifest. */
export async function depositModel(world: World): Promise<Hex> {
  const { narrator, depositor, stopwatch, original } = world;
  narrator.chapter('A model is deposited');
  const rate = ({ bytes }: { bytes: number }, seconds: number) => perSecond(bytes, seconds);
  const act = () => depositVersion(world, depositor, { version: VERSION, folder: original });
  const { manifest, files, bytes, envelopes } = await stopwatch.time('deposit', act, rate);
  narrator.say(
    `${counted(files, 'file')}, ${exactBytes(bytes)}: ${namesOf((await walkFolder(original)).files)}`,
    'encrypted on the depositor’s machine, its key split 2 of 3 and forgotten',
    `${envelopes} envelopes, one for each custodian’s authenticator; ${MODEL}@${VERSION} is quarantined`,
  );
  return manifest;
}

/** Acts as a depositor's machine: follows the log, deals the shares and uploads. */
export async function depositVersion(
  { workspace, fingerprint }: World,
  depositor: PrincipalSession,
  { version, folder }: { readonly version: string; readonly folder: string },
): ReturnType<typeof deposit> {
  const replica = await Replica.follow(depositor.api, {
    fingerprint,
    verify: async (claim) => verifyNode(claim),
    memory: checkpointFiles(workspace.path('depositor')),
    now: Date.now,
  });
  const given = { model: MODEL, version, folder, modelSignature: null };
  return deposit(depositor, replica, { ...given, now: Date.now, random: platformRandom });
}

function namesOf(files: readonly FoundFile[]): string {
  const names = files.slice(0, SHOWN_FILES).map(({ path }) => path);
  const more = files.length - names.length;
  return names.concat(more === 0 ? [] : [`${more} more`]).join(', ');
}

/** Evaluated first, then published: two-person integrity. */
export async function evaluateAndPublish(world: World, manifestDigest: Hex): Promise<Fetched> {
  const { narrator, alice, bob, carol, depositor, stopwatch } = world;
  narrator.chapter('It is evaluated, then published by two');
  const pending = await requestAtHost(world, 'evaluation', 'first evaluation, EVAL-1');
  for (const person of [alice, bob]) await approveAs(person, pending.release);
  const report = digestOf(utf8('accuracy 0.97 on the demo’s imaginary pages'));
  const fetched = await fetchAndCompare(world, pending, 'evaluation', report);
  narrator.say('alice and bob release it to a host for evaluation, whose receipt names its report');
  await bob.replica.extend();
  const named = { model: MODEL, version: VERSION, evaluation: pending.release };
  const proposed = await stopwatch.time('publication: 1 proposal, 2 approvals', async () => {
    const ground = { now: Date.now, random: platformRandom };
    const { digest } = await proposePublication(depositor, bob.replica, named, ground);
    for (const person of [bob, carol]) await approveAs(person, digest);
    return digest;
  });
  narrator.say(
    `training proposes its publication: ${comparisonCode(proposed, REQUEST_WORDS)}`,
    'alice owns that key and has no vote; bob and carol each open and check their own share, and approve',
  );
  await alice.replica.extend();
  await confirmCustody(alice.custodian, alice.replica, manifestDigest);
  narrator.say('alice confirms her share too: every envelope has been opened, so the version is durable');
  return fetched;
}

/** Everything it needs is on its disk, and everything on its disk is checked before it serves. */
export async function restart({ workspace, narrator, stopwatch, url }: World): Promise<void> {
  await workspace.stop();
  const { port } = new URL(url);
  await stopwatch.time('restart of the daemon, replay included', () => workspace.serve(port));
  narrator.say('the daemon has been stopped and started: it replayed its log before it served');
}

/** Requests, approves and fetches a release: the main chapter of the demo. */
export async function releaseToServe(world: World): Promise<{ pending: PendingRelease; fetched: Fetched }> {
  const { narrator, alice, bob, stopwatch } = world;
  narrator.chapter('A model server asks, two of three approve, the weights stream');
  const pending = await stopwatch.time('request: keys, evidence, appraisal, proposal', () =>
    requestAtHost(world, 'serving', 'rollout to the OCR service, OPS-7'),
  );
  const code = comparisonCode(pending.release, REQUEST_WORDS);
  narrator.say(`a host makes one-time keys and shows its evidence; the request reads: ${code}`);
  for (const person of [alice, bob]) {
    const reviewed = await stopwatch.time(`approval by ${person.name}: replay, appraise, touch, re-seal`, () =>
      approveAs(person, pending.release),
    );
    narrator.say(
      `${person.name.padEnd(5)} appraises the evidence anew and reads: ${reviewed.code}; one touch approves`,
    );
  }
  const fetched = await fetchAndCompare(world, pending, 'serving');
  narrator.say(
    'the host checks the chain of authority from the fingerprint to its own keys, then combines two shares',
    `${counted(fetched.files.length, 'file')}, ${exactBytes(fetched.bytes)}, equal to the originals byte for byte`,
  );
  return { pending, fetched };
}
