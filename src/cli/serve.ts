import { type Command, InvalidArgumentError, Option } from 'commander';
import pino, { type Logger } from 'pino';
import { must } from '../core/errors.ts';
import { stopText } from '../core/state/running.ts';
import { type Daemon, type Listen, startDaemon } from '../daemon.ts';
import { becomeOwner } from '../data-folder/data-folder.ts';
import { type Inventory, takeInventory } from '../endorse/inventory.ts';
import { type Mirrors, missingMirror, parseMirror, VENDORS } from '../endorse/mirror.ts';
import type { LogCheck } from '../recheck/recheck-beside.ts';
import { PROXY_EXPECTED, reachByProxy } from '../sockets/proxy.ts';
import type { TlsPaths } from '../tls/files.ts';
import { foundersWarning } from '../tls/founders-trust.ts';
import type { ClockState } from '../vault/clock-watch.ts';
import { clockLine } from './clock-line.ts';
import { DEFAULT_HOST, DEFAULT_PORT, wholeNumber } from './options.ts';
import { faultOf, reloadOnSignal } from './reload.ts';

interface ServeFlags {
  readonly listen: Listen;
  readonly stopListen?: Listen;
  readonly heartbeatMinutes: number;
  readonly endorsements?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly endorsementMirror?: Mirrors;
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serves the vault until it is told to stop (SIGINT, SIGTERM)')
    .addOption(
      new Option('--listen <host:port>', 'where to listen')
        .env('TWINLOCK_LISTEN')
        .argParser(listen)
        .default({ host: DEFAULT_HOST, port: DEFAULT_PORT }, `${DEFAULT_HOST}:${DEFAULT_PORT}`),
    )
    .addOption(
      new Option('--stop-listen <host:port>', 'another address that takes stops and nothing else, on bounds of its own')
        .env('TWINLOCK_STOP_LISTEN')
        .argParser(listen),
    )
    .option('--tls-cert <file>', 'the certificate in PEM, with those between it and its authority; with --tls-key')
    .option('--tls-key <file>', 'its key in PEM (default: tls.crt and tls.key in the data folder)')
    .option('--heartbeat-minutes <minutes>', 'how long the log may be silent', wholeNumber, 60)
    .addOption(
      new Option(
        '--endorsements <folder>',
        'vendor certificates, TCB collateral, key sets (src/endorse/FORMAT.md)',
      ).env('TWINLOCK_ENDORSEMENTS'),
    )
    .option(
      '--endorsement-mirror <vendor=url>',
      `where a vendor's service answers; repeatable: ${VENDORS.join(', ')}`,
      mirror,
    )
    .addHelpText(
      'after',
      `
Endorsements come with the evidence, or from the folder. Nothing is asked of any network unless a mirror is given; it is
asked by the proxy of HTTPS_PROXY, if NO_PROXY does not have it. NODE_EXTRA_CA_CERTS=FILE trusts further certificates.

SIGHUP reads the certificate, its key and the folder of endorsements anew, and never ends the daemon. A certificate that
is renewed on the disk is taken up within a minute without it. A pair that is not one is said, and the old one stays.

Examples:
  twinlockd serve --listen 0.0.0.0:8443 --tls-cert /etc/twinlock/tls/tls.crt --tls-key /etc/twinlock/tls/tls.key
  twinlockd serve --endorsements /etc/twinlock/endorsements
  twinlockd serve --endorsement-mirror amd=https://kdsintf.amd.com --endorsement-mirror intel=https://pccs.internal:8081`,
    )
    .action((flags: ServeFlags) => run(program.opts()['data'], flags));
}

async function run(dataDir: string, flags: ServeFlags): Promise<void> {
  const { listen: address, stopListen = null, heartbeatMinutes, endorsements: folder = null } = flags;
  const mirrors = flags.endorsementMirror ?? {};
  for (const url of Object.values(mirrors)) must(reachByProxy(url, process.env) !== null, 'usage', PROXY_EXPECTED);
  const tlsPaths = tlsPathsOf(flags);
  becomeOwner(dataDir);
  const logger = pino({ level: process.env['TWINLOCK_LOG_LEVEL'] ?? 'info', base: null }, logDestination());
  const reloading = reloadOnSignal(logger);
  const inventory = folder === null ? null : await takeInventory(folder);
  const daemon = await startDaemon({
    ...address,
    dataDir,
    tlsPaths,
    stopListen,
    upkeepMs: 5_000,
    heartbeatMs: heartbeatMinutes * 60_000,
    endorsements: { folder, mirrors },
    accessLog: ({ error, ...line }) => {
      const level = line.status >= 500 ? 'error' : line.status >= 400 ? 'warn' : 'info';
      logger[level](typeof error === 'string' ? { ...line, code: error } : { ...line, err: error }, 'answered');
    },
    onUpkeepError: (error, leftOut) => logger.error({ ...faultOf(error), leftOut }, 'upkeep failed'),
    onLogCheck: (found) => tellLogCheck(logger, found),
    onClock: (clock) => logger[CLOCK_LEVELS[clock.standing]](clock, clockLine(clock)),
  });
  const tellInventory = (found: Inventory | null) => logInventory(logger, folder, mirrors, found);
  tellInventory(inventory);
  const hint = missingMirror(mirrors);
  if (hint !== null) logger.warn(hint);
  const { url, stopUrl, certificateWarning, context } = daemon;
  if (certificateWarning !== null) logger.warn(certificateWarning);
  const tellFounders = async () => {
    const warning = await foundersWarning(context, daemon.tls.served);
    if (warning !== null) logger.error(warning);
  };
  await tellFounders();
  const facts = context.recorder.state?.facts;
  const stopped = facts?.stopped?.map(stopText) ?? null;
  const clock = facts === undefined ? null : context.watch.standing(facts);
  logger[servingLevel(stopped !== null, clock)](
    { url, stopUrl, fingerprint: facts?.vault ?? null, entries: context.recorder.size, stopped, clock },
    'serving',
  );
  reloading.begin({
    tls: daemon.tls,
    onRenewed: tellFounders,
    reloadEndorsements: folder === null ? null : async () => tellInventory(await takeInventory(folder)),
  });
  closeOnSignal(daemon, logger);
}

/** Throws `usage` where one of the two is named without the other. */
function tlsPathsOf({ tlsCert: cert, tlsKey: key }: ServeFlags): TlsPaths | null {
  must((cert === undefined) === (key === undefined), 'usage', 'give --tls-cert and --tls-key together');
  return cert === undefined || key === undefined ? null : { cert, key };
}

/** Logs only the host names of mirrors: a path may hold a key of the operator's mirror. */
function logInventory(logger: Logger, folder: string | null, mirrors: Mirrors, inventory: Inventory | null): void {
  const named = Object.fromEntries(Object.entries(mirrors).map(([of, url]) => [of, url.hostname]));
  const isAllUnderstood = inventory === null || (inventory.notUnderstood === 0 && hasFiles(inventory));
  logger[isAllUnderstood ? 'info' : 'warn']({ folder, ...inventory, mirrors: named }, 'endorsements');
}

/** A fault of the log is logged at level error: the vault grants nothing from then on. */
function tellLogCheck(logger: Logger, found: LogCheck): void {
  switch (found.kind) {
    case 'unfit':
      logger.warn(faultOf(found.error), 'the snapshot is thrown away, and the whole log replayed');
      return;
    case 'verified':
      logger.info({ entries: found.entries }, 'the whole log has been verified again');
      return;
    case 'fault':
      logger.error(faultOf(found.error), 'the log has a fault: nothing is granted from now on, stops are taken');
      return;
    case 'undecided':
      logger.error(
        faultOf(found.error),
        'the log could not be verified again, or its snapshot not removed: this is tried again in 5 minutes',
      );
  }
}

/**
 * Lines that standard output does not take are kept up to 1 MiB. A log whose disk is full ends nothing: no stop waits
 * for it.
 */
function logDestination(): pino.DestinationStream {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: 1 << 20 });
  destination.on('error', () => undefined);
  return destination;
}

/** A vault that takes next to nothing is no success: what looks at levels alone must see it. */
function servingLevel(isStopped: boolean, clock: ClockState['standing'] | null): 'info' | 'warn' | 'error' {
  if (clock === 'behind') return 'error';
  return isStopped || clock === 'awaited' ? 'warn' : 'info';
}

/** The same of a line about the clock. */
const CLOCK_LEVELS = { behind: 'error', jumped: 'error', awaited: 'warn', confirmed: 'info' } as const;

function closeOnSignal(daemon: Daemon, logger: Logger): void {
  let isClosing = false;
  // A terminal and npm may each pass the same Ctrl-C on: the second does not cut the first short.
  const close = (signal: NodeJS.Signals) => {
    if (isClosing) return;
    isClosing = true;
    logger.info({ signal }, 'stopping');
    daemon.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
}

function listen(text: string): Listen {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || Number(match?.[3]) > 65_535) throw new InvalidArgumentError('expected HOST:PORT');
  return { host, port: Number(match?.[3]) };
}

const mirror = (text: string, before: Mirrors = {}): Mirrors => ({ ...before, ...parseMirror(text) });

function hasFiles({ files }: Inventory): boolean {
  return Object.values(files).some((count) => count > 0);
}
