import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import * as z from 'zod/mini';
import type { Hex } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { binary, digest, parseAs, rpId } from '../../src/core/schema.ts';
import { OWN_FOLDER } from '../../src/platform/files/own-folder.ts';
import { exchange, type Fetch, jsonOrNull } from '../api/transport.ts';
import { MAX_STOP_KIT_BYTES, parseStopKit } from '../custodian/stop-kit.ts';
import { checkpointFiles } from '../log/checkpoint-file.ts';
import { MAX_KEPT_BYTES } from '../log/kept-state.ts';
import { stateFiles } from '../log/state-file.ts';
import { type Bundle, loadBundle } from './server/bundle.ts';
import { ConfigurationFile } from './server/configuration-file.ts';
import { CredentialFile, parseKnownCredential } from './server/credential-file.ts';
import { bodyAtMost, onlyOwnPage, problem, problemOf } from './server/door.ts';
import { forwardTo } from './server/forward.ts';
import { forwardOnly, parseVerifiedCheckpoint } from './server/forward-only.ts';
import { securityHeaders } from './server/headers.ts';
import { answerRequests, closed, listenOnLoopback } from './server/listen.ts';
import { ConsoleOpening, type OpeningInvitation } from './server/opening.ts';
import { StopKitFiles } from './server/stop-kit-file.ts';

/** Largest body for local routes: a checkpoint has a hundred bytes, a credential id at most 1364 characters. */
const MAX_LOCAL_BYTES = 4096;
/** Largest status of a vault. */
const MAX_STATUS_BYTES = 64 * 1024;
const openingKey = z.strictObject({ once: binary(32, 32) });
const keptState = z.strictObject({ kept: z.string().check(z.maxLength(MAX_KEPT_BYTES)) });
const replacement = z.strictObject({ replaces: z.nullable(digest) });
export const NOTHING_KEPT =
  'this workstation keeps nothing that a stop needs, since no custodian has signed in here: to stop the vault now, use a ' +
  'workstation where a custodian has signed in, or have another custodian stop it';

export interface ConsoleOptions {
  /** The vault's URL; its path is not used. */
  readonly vault: URL;
  /** The CA file that `fetch` trusts, for the commands that the page prints; null where it needs none. */
  readonly ca: string | null;
  /** SHA-256 of the only certificate in that file; null where it has several, or there is no file. */
  readonly certificate: Hex | null;
  /** The invitation of the founder who opens this console; null where no founder does. */
  readonly invited: OpeningInvitation | null;
  /** The file to which the page's button writes the configuration of the command line. */
  readonly configPath: string;
  /** The fingerprint that the custodian was given; null only during the founding. */
  readonly fingerprint: Hex | null;
  /** 0 means any free port. */
  readonly port: number;
  /** The built page. */
  readonly bundleDir: string;
  /** The folder of the checkpoints that this workstation has verified. */
  readonly stateDir: string;
  /** True where the page gets no kept state, so that it verifies the log from the first entry. */
  readonly fromGenesis: boolean;
  /** A fetch that trusts the vault's certificate. */
  readonly fetch: typeof globalThis.fetch;
  /** More routes for the console's own page: the demo's simulated key; a real console has none. */
  readonly besides?: Hono;
}

export interface RunningConsole {
  /** The console's own address, without a key. */
  readonly url: URL;
  /** The address for the custodian to open, with the key; a founder's key opens the invitation once. */
  readonly address: URL;
  /** The address that starts a browser, with a key that opens the console once. */
  readonly addressOnce: URL;
  close(): Promise<void>;
}

/**
 * Serves the custodian's page from this machine's own disk, on loopback only, under the vault's RP ID, and
 * forwards its calls to the vault: so the vault serves no code (design: ARCHITECTURE, idea 5). The server takes the RP ID
 * from the genesis that this workstation has verified, because a custodian must be able to stop a vault that does not
 * answer or lies. The first time, the server asks the vault for it, and the page compares it with the genesis.
 *
 * Throws as `exchange` where the vault that is asked does not answer (`usage` where its certificate is not trusted),
 * as `listenError` where the port is taken, `malformed` where its RP ID is not one that only loopback answers to, and
 * `not_found` where the page has not been built.
 */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const bundle = loadBundle(options.bundleDir);
  const name = await rpIdFor(options);
  const servers = await listenOnLoopback(options.port);
  const { port } = servers[0].address() as AddressInfo;
  // Browsers leave the port out of Host and Origin where it is the scheme's own.
  const host = port === 80 ? name : `${name}:${port}`;
  const opening = new ConsoleOpening(options.invited?.invitation ?? null);
  const app = consoleApp(options, host, bundle, opening);
  answerRequests(servers, getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  const addressOnce = new URL(`http://${host}/#open=${opening.once}`);
  return {
    url: new URL(`http://${host}/`),
    address: options.invited === null ? new URL(`http://${host}/#key=${opening.key}`) : addressOnce,
    addressOnce,
    close: async () => {
      await Promise.all(servers.map(closed));
    },
  };
}

/** The console's routes, without a socket. They answer only requests with this `host`. */
export function consoleApp(options: ConsoleOptions, host: string, bundle: Bundle, opening: ConsoleOpening): Hono {
  const { vault, ca, certificate, invited, fingerprint, fetch } = options;
  const app = new Hono();
  app.use(securityHeaders(bundle));
  app.use(onlyOwnPage(host, (path) => bundle.files.get(path)?.destination ?? 'empty'));
  app.onError((error, c) => problemOf(c, error));
  app.notFound((c) => problem(c, 404, 'not_found', 'the console has nothing under this path'));
  for (const [path, { bytes, type }] of bundle.files) {
    app.get(path, (c) => c.body(bytes, 200, { 'content-type': type }));
  }
  letIn(app, opening);
  const referenceValues = invited?.referenceValues ?? null;
  app.get('/local/config', (c) =>
    c.json({ fingerprint, vault: vault.origin, ca, clone: OWN_FOLDER, certificate, referenceValues }),
  );
  keepLocally(app, options, host);
  // Only a founding needs these routes.
  if (fingerprint === null) keepConfiguration(app, options);
  if (options.besides !== undefined) app.route('/', options.besides);
  app.route('/', forwardTo(vault, fetch));
  return app;
}

/** Adds the routes of what this workstation keeps. */
function keepLocally(app: Hono, { stateDir, fromGenesis }: ConsoleOptions, host: string): void {
  const checkpoints = forwardOnly(checkpointFiles(stateDir));
  const states = stateFiles(stateDir, { fromGenesis });
  const credentials = new CredentialFile(stateDir, host.replace(/:[0-9]+$/, ''));
  const stopKits = new StopKitFiles(stateDir);
  app.use('/local/checkpoint/*', bodyAtMost(MAX_LOCAL_BYTES));
  app.use('/local/state/*', bodyAtMost(2 * MAX_KEPT_BYTES));
  app.use('/local/credentials', bodyAtMost(MAX_LOCAL_BYTES));
  app.use('/local/stop-kit/*', bodyAtMost(MAX_STOP_KIT_BYTES));

  app.get('/local/checkpoint/:vault{[0-9a-f]{64}}', async (c) => {
    return c.json({ checkpoint: await checkpoints.get(c.req.param('vault')) });
  });
  app.put('/local/checkpoint/:vault{[0-9a-f]{64}}', async (c) => {
    await checkpoints.put(c.req.param('vault'), parseVerifiedCheckpoint(await jsonOf(c)));
    return c.body(null, 204);
  });
  app.get('/local/state/:vault{[0-9a-f]{64}}', async (c) => {
    return c.json({ kept: await states.get(c.req.param('vault')) });
  });
  app.put('/local/state/:vault{[0-9a-f]{64}}', async (c) => {
    const { kept } = parseAs(keptState, await jsonOf(c), 'request');
    await states.put(c.req.param('vault'), kept);
    return c.body(null, 204);
  });
  app.get('/local/credentials', async (c) => c.json({ credentials: await credentials.list() }));
  app.post('/local/credentials', async (c) => {
    await credentials.add(parseKnownCredential(await jsonOf(c)));
    return c.body(null, 204);
  });
  app.get('/local/stop-kit/:vault{[0-9a-f]{64}}', async (c) => {
    return c.json({ kit: await stopKits.get(c.req.param('vault')) });
  });
  app.put('/local/stop-kit/:vault{[0-9a-f]{64}}', async (c) => {
    await stopKits.put(parseStopKit(await jsonOf(c), c.req.param('vault')));
    return c.body(null, 204);
  });
}

/** Gives the page its key, once, and requires the key under every other local path. */
function letIn(app: Hono, opening: ConsoleOpening): void {
  app.use('/local/opening', bodyAtMost(MAX_LOCAL_BYTES));
  app.post('/local/opening', async (c) => {
    const { once } = parseAs(openingKey, await jsonOf(c), 'request');
    return c.json(opening.open(once));
  });
  app.use('/local/*', opening.require());
}

/** Writes the command line's configuration; replaces an existing file only where the page names the one it showed. */
function keepConfiguration(app: Hono, { vault, ca, configPath }: ConsoleOptions): void {
  const file = new ConfigurationFile(configPath, vault.origin, ca);
  app.use('/local/configuration/*', bodyAtMost(MAX_LOCAL_BYTES));
  app.get('/local/configuration/:vault{[0-9a-f]{64}}', async (c) => c.json(await file.offer(c.req.param('vault'))));
  app.put('/local/configuration/:vault{[0-9a-f]{64}}', async (c) => {
    const { replaces } = parseAs(replacement, await jsonOf(c), 'request');
    await file.write(c.req.param('vault'), replaces);
    return c.body(null, 204);
  });
}

async function jsonOf(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (cause) {
    throw new TwinlockError('malformed', 'expected JSON', {}, { cause });
  }
}

/** Returns the RP ID that this workstation has verified; else the one that the vault claims. */
async function rpIdFor({ vault, fingerprint, stateDir, fetch }: ConsoleOptions): Promise<string> {
  const kit = fingerprint === null ? null : await new StopKitFiles(stateDir).readable(fingerprint);
  if (kit !== null) return kit.rpId;
  try {
    return await rpIdOf(vault, fetch);
  } catch (error) {
    if (fingerprint === null || !(error instanceof TwinlockError && error.code === 'unavailable')) throw error;
    throw new TwinlockError(error.code, `${error.message}, and ${NOTHING_KEPT}`, {}, { cause: error });
  }
}

async function rpIdOf(vault: URL, fetch: typeof globalThis.fetch): Promise<string> {
  const question = { method: 'GET', path: '/v1/vault', bearer: null, timeoutMs: 10_000, signal: null } as const;
  // A GET has no body, so the platform's fetch accepts this `init`.
  const asking: Fetch = (url, init) => fetch(url, { ...init, redirect: 'error' } as RequestInit);
  const answer = await exchange(asking, vault.origin, question);
  const status = jsonOrNull(new TextDecoder().decode(await answer.bytes(MAX_STATUS_BYTES)));
  return parseAs(rpId, (status as { rpId?: unknown } | null)?.rpId, 'vault.rpId');
}
