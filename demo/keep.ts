import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proposePublication } from '../client/depositor/publish.ts';
import { type PendingRelease, writePendingRelease } from '../client/host/pending-release.ts';
import type { Hex } from '../src/core/bytes.ts';
import { comparisonCode, REQUEST_WORDS } from '../src/core/statement/comparison-code.ts';
import { OWN_FOLDER } from '../src/platform/files/own-folder.ts';
import { programCommand } from '../src/platform/program-command.ts';
import { platformRandom } from '../src/platform/random.ts';
import type { DemoConsoleSettings } from './console/main.ts';
import { allowImage } from './expectations.ts';
import { type CustodianWorkstation, keepAuthenticator, signInAgain } from './founders.ts';
import { requestAtHost } from './host.ts';
import { enrolMachine, ownedBy } from './machines.ts';
import { depositVersion } from './story.ts';
import { MODEL, type World } from './world.ts';

/** A version that is not evaluated or published yet. */
const NEXT_VERSION = '2';
const NEXT_BYTES = 65_536;

/** The proposals left for a person to decide in the consoles. */
export interface Waiting {
  readonly release: PendingRelease;
  readonly publication: Hex;
}

/** Two proposals on which alice and bob can decide: carol owns the machines that ask. */
export async function leaveTwoOpen(before: World): Promise<Waiting> {
  const world = { ...before, alice: await signInAgain(before.alice), bob: await signInAgain(before.bob) };
  const { workspace, narrator, url, alice, bob, carol } = world;
  narrator.chapter('Two proposals are left open for you');
  await allowImage(world);
  const nightly = { role: 'depositor', name: 'nightly', owner: ownedBy(carol), models: ['acme/*'] } as const;
  const depositor = await enrolMachine(workspace, url, nightly, [alice, bob]);
  narrator.say('nightly, a depositor’s key owned by carol: alice proposes, alice and bob approve');
  const folder = workspace.path('next');
  mkdirSync(folder);
  writeFileSync(join(folder, 'weights.bin'), platformRandom(NEXT_BYTES));
  await depositVersion(world, depositor, { version: NEXT_VERSION, folder });
  await alice.replica.extend();
  const named = { model: MODEL, version: NEXT_VERSION, evaluation: null };
  const { digest } = await proposePublication(depositor, alice.replica, named, {
    now: Date.now,
    random: platformRandom,
  });
  narrator.say(`nightly deposits ${MODEL}@${NEXT_VERSION} and proposes its publication: ${words(digest)}`);
  const release = await requestAtHost(world, 'serving', 'a server in Turin, OPS-12');
  narrator.say(`serving asks for ${MODEL}@1: ${words(release.release)}`);
  return { release, publication: digest };
}

function words(digest: Hex): string {
  return comparisonCode(digest, REQUEST_WORDS);
}

/** Opens a console for alice and one for bob, and prints how to continue with the vault. */
export async function keepRunning(world: World, { release }: Waiting): Promise<void> {
  const { workspace, narrator, url, fingerprint, alice, bob, carol } = world;
  const config = workspace.path('config.json');
  writeFileSync(config, `${JSON.stringify({ vault: url, fingerprint, ca: 'vault/tls.crt', key: 'audit.key' })}\n`);
  const keys = workspace.path('serving.keys');
  await writePendingRelease(keys, release);
  keepAuthenticator(workspace, carol);
  const bundleDir = await buildPage(workspace.path('page'));
  const consoles = [await openConsole(world, alice, bundleDir), await openConsole(world, bob, bundleDir)];
  narrator.chapter('The vault is left running');
  const twinlock = programCommand(OWN_FOLDER, 'twinlock', ['--config', config]);
  narrator.say(
    'open both in Chrome, Edge or Firefox, sign in, and approve; no security key is needed:',
    `alice     ${consoles[0]}`,
    `bob       ${consoles[1]}`,
    `fetch     ${twinlock} fetch --key ${workspace.path('serving.key')} --keys ${keys} --to ${workspace.path('out')}   # once both have approved the release`,
    `audit     ${twinlock} audit`,
    `vault     ${url}, its data and its log in ${workspace.folder}`,
    `end it    kill ${workspace.pids.join(' ')} && rm -r ${workspace.folder}`,
  );
}

/** The console's page with the simulated key in place of the browser's; only here is a bundler needed. */
async function buildPage(outDir: string): Promise<string> {
  const { build } = await import('vite');
  const configFile = join(import.meta.dirname, 'page/vite.config.ts');
  await build({ configFile, logLevel: 'warn', build: { outDir, emptyOutDir: true } });
  return outDir;
}

/** Returns its address. */
async function openConsole(
  { workspace, url, fingerprint }: World,
  person: CustodianWorkstation,
  bundleDir: string,
): Promise<string> {
  const { name, replica } = person;
  const settings: DemoConsoleSettings = {
    ...{ name, vault: url, fingerprint, bundleDir },
    ca: join(workspace.data, 'tls.crt'),
    genesis: replica.facts.genesis,
    authenticator: keepAuthenticator(workspace, person),
    stateDir: workspace.path(name, 'console'),
  };
  const file = workspace.path(name, 'console.json');
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
  return workspace.openConsole(file, workspace.path(name, 'console.log'));
}
