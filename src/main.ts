import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import pino from 'pino';
import { parseReferenceValues } from './core/attest/reference-values.ts';
import { fromUtf8 } from './core/bytes.ts';
import { TwinlockError } from './core/errors.ts';
import { parseJson } from './core/json.ts';
import { parseSignedStop, type SignedStop } from './core/log/signed-stop.ts';
import { type Grade, parseAs } from './core/schema.ts';
import { stoppedText, stopText } from './core/state/running.ts';
import { principalInvitation, statementDigest } from './core/statement/statement.ts';
import { type Listen, startDaemon } from './daemon.ts';
import { type Inventory, takeInventory } from './endorse/inventory.ts';
import { type Mirrors, missingMirror, parseMirror } from './endorse/mirror.ts';
import { VENDORS } from './endorse/wanted.ts';
import { acceptsTpmAlone, foundingPolicy, referenceValuesDigest, refusesEveryHost } from './founding-policy.ts';
import { initialise, TLS_CERTIFICATE_FILE } from './initialise.ts';
import { readInputFile } from './input-file.ts';
import { stopByHand } from './stop-by-hand.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 8443;
const DEFAULT_DATA = 'twinlock-data';
const { TWINLOCK_LOG_LEVEL } = process.env;

function listen(text: string): Listen {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || Number(match?.[3]) > 65_535) throw new InvalidArgumentError('expected HOST:PORT');
  return { host, port: Number(match?.[3]) };
}

const whole = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
};
const collect = (text: string, before: string[] = []): string[] => [...before, text];

const mirror = (text: string, before: Mirrors = {}): Mirrors => ({ ...before, ...parseMirror(text) });

interface ServeOptions {
  readonly listen: Listen;
  readonly stopListen?: Listen;
  readonly heartbeatMinutes: number;
  readonly endorsements?: string;
  readonly endorsementMirror?: Mirrors;
}

const program = new Command('twinlockd')
  .description('the daemon of a twinlock vault: AI model weights under two-person control')
  .addOption(
    new Option('--data <folder>', 'where the vault keeps its log, keys and ciphertext')
      .env('TWINLOCK_DATA')
      .default(DEFAULT_DATA),
  )
  .addHelpText(
    'after',
    `
Examples:
  twinlockd init --grade simulation --founder alice --founder bob --founder carol
  twinlockd init --founder alice:security --founder bob:research --founder carol --reference-values hosts.json
  twinlockd serve --listen 0.0.0.0:8443`,
  );

program
  .command('init')
  .description('makes the data folder and one invitation for each founder')
  .requiredOption('--founder <name[:group,…]>', 'a founder; repeat for each, three at least', collect)
  .option('--threshold <t>', 'how many custodians must approve', whole, 2)
  .option(
    '--grade <grade>',
    'production, or simulation (software authenticators and simulated evidence), for life',
    'production',
  )
  .option('--policy <file>', 'policy as JSON; without it, the default of the grade')
  .option('--reference-values <file>', 'what hosts must show, in place of what the policy says of it')
  .option('--principal <file>', 'a key to enrol at genesis, as twinlock key show prints it; repeatable', collect)
  .option('--host <name>', 'a name or address of this daemon, for its TLS certificate; repeatable', collect)
  .option('--invitation-days <days>', 'until when the founders must have signed', whole, 7)
  .option('--json', 'print the invitations as one line of JSON')
  .action(async (options) => {
    if (options.grade !== 'production' && options.grade !== 'simulation') {
      throw new TwinlockError('usage', `--grade: expected production or simulation, got ${options.grade}`);
    }
    const dataDir = program.opts()['data'] as string;
    const policy = readPolicy(options.grade, options);
    const invitations = await initialise({
      dataDir,
      grade: options.grade,
      threshold: options.threshold,
      founders: (options.founder as string[]).map((text) => {
        const [name = '', groups = ''] = text.split(':');
        return { name, groups: groups === '' ? [] : groups.split(',') };
      }),
      hosts: ['localhost', '127.0.0.1', '::1', ...(options.host ?? [])],
      policy,
      principals: ((options.principal ?? []) as string[]).map((file) =>
        readJson('--principal', file, (key) => parseAs(principalInvitation, key, 'key')),
      ),
      invitationDays: options.invitationDays,
      nowMs: Date.now(),
    });
    for (const warning of warnings(options.grade, policy, options.referenceValues)) {
      console.error(`twinlockd: ${warning}`);
    }
    const digest = referenceValuesDigest(policy);
    if (options.json) {
      console.log(JSON.stringify({ data: dataDir, referenceValuesDigest: digest, invitations }));
      return;
    }
    console.log(
      `A ${options.grade} vault waits for its founders in ${dataDir}. Hand each founder their own invitation and no other:\n`,
    );
    for (const { name, invitation } of invitations) console.log(`  ${name.padEnd(16)} ${invitation}`);
    const start = dataDir === DEFAULT_DATA ? 'npx twinlockd serve' : `npx twinlockd serve --data ${shellWord(dataDir)}`;
    console.log(`
What hosts must show has the SHA-256 ${digest}: let the founders compare it.

Start the daemon with:
  ${start}
Then each founder runs on their workstation:
  npx twinlock console --founding --vault https://localhost:${DEFAULT_PORT} --ca ${shellWord(join(dataDir, TLS_CERTIFICATE_FILE))}`);
  });

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
  .option('--heartbeat-minutes <minutes>', 'how long the log may be silent', whole, 60)
  .addOption(
    new Option('--endorsements <folder>', 'vendor certificates, TCB collateral, key sets (src/endorse/FORMAT.md)').env(
      'TWINLOCK_ENDORSEMENTS',
    ),
  )
  .option(
    '--endorsement-mirror <vendor=url>',
    `where a vendor's service answers; repeatable: ${VENDORS.join(', ')}`,
    mirror,
  )
  .addHelpText(
    'after',
    `
Endorsements come with the evidence, or from the folder. Nothing is asked of any network unless a mirror is given.

Examples:
  twinlockd serve --endorsements /etc/twinlock/endorsements
  twinlockd serve --endorsement-mirror amd=https://kdsintf.amd.com --endorsement-mirror intel=https://pccs.internal:8081`,
  )
  .action(async (options: ServeOptions) => {
    const logger = pino({ level: TWINLOCK_LOG_LEVEL ?? 'info', base: null });
    const endorsements = { folder: options.endorsements ?? null, mirrors: options.endorsementMirror ?? {} };
    const inventory = endorsements.folder === null ? null : await takeInventory(endorsements.folder);
    const daemon = await startDaemon({
      dataDir: program.opts()['data'],
      host: options.listen.host,
      port: options.listen.port,
      stopListen: options.stopListen ?? null,
      upkeepMs: 5_000,
      heartbeatMs: options.heartbeatMinutes * 60_000,
      endorsements,
      accessLog: ({ error, ...line }) => {
        const level = line.status >= 500 ? 'error' : line.status >= 400 ? 'warn' : 'info';
        logger[level](typeof error === 'string' ? { ...line, code: error } : { ...line, err: error }, 'answered');
      },
      onUpkeepError: (error) => logger.error({ err: error }, 'upkeep failed'),
      onClock: ({ isConfirmed, ...clock }) =>
        isConfirmed
          ? logger.info(clock, 'clock confirmed: a custodian’s agrees with it')
          : logger.warn(
              clock,
              'clock not confirmed: ends and waiting releases wait until a custodian has signed something',
            ),
    });
    // Host names only: a path may hold what an operator's mirror takes for a key.
    const mirrors = Object.fromEntries(Object.entries(endorsements.mirrors).map(([of, url]) => [of, url.hostname]));
    const isAllUnderstood = inventory === null || (inventory.notUnderstood === 0 && hasFiles(inventory));
    logger[isAllUnderstood ? 'info' : 'warn']({ folder: endorsements.folder, ...inventory, mirrors }, 'endorsements');
    const hint = missingMirror(endorsements.mirrors);
    if (hint !== null) logger.warn(hint);
    const { state } = daemon.context.recorder;
    const fingerprint = state?.facts.vault ?? null;
    const stopped = state?.facts.stopped?.map(stopText) ?? null;
    const { url, stopUrl } = daemon;
    logger[stopped === null ? 'info' : 'warn'](
      { url, stopUrl, fingerprint, entries: daemon.context.recorder.size, stopped },
      'serving',
    );
    let isStopping = false;
    // A terminal and npm may each pass the same Ctrl-C on: the second does not cut the first short.
    const stop = (signal: NodeJS.Signals) => {
      if (isStopping) return;
      isStopping = true;
      logger.info({ signal }, 'stopping');
      daemon.close().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'did not stop cleanly');
          process.exit(1);
        },
      );
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });

program
  .command('stop <file>')
  .description('records a stop that was carried here: by the daemon where it runs, and else by itself')
  .option('--json', 'the result as one line of JSON')
  .addHelpText(
    'after',
    `
For when the vault cannot be reached. FILE is what a custodian's console or twinlock stop --out wrote; its signature says
whose it is. To stop a stopped vault is no failure.

Examples:
  twinlockd stop /media/usb/stop.json
  twinlockd --data /var/lib/twinlock stop stop.json --json`,
  )
  .action(async (file: string, { json }: { json?: boolean }) => {
    const signed = readStop(file);
    const { index, already, stopped } = await stopByHand(program.opts()['data'], signed);
    const { statement } = signed;
    const { what } = statement;
    if (json === true) {
      console.log(JSON.stringify({ digest: statementDigest(statement), what, index, already, stopped }));
      return;
    }
    console.log(
      `${already ? 'already so' : 'stopped'}: ${stoppedText(statement)}${index === null ? '' : `, entry ${index} of the log`}`,
    );
    for (const one of stopped ?? []) console.log(`the vault is stopped by ${printable(stopText(one))}`);
  });

/** Names the file in every error about it. */
function readStop(file: string): SignedStop {
  try {
    return parseSignedStop(readInputFile(file));
  } catch (error) {
    throw inputError(error, file);
  }
}

/** What the log says may steer a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

function hasFiles({ files }: Inventory): boolean {
  return Object.values(files).some((count) => count > 0);
}

interface PolicyFiles {
  readonly policy?: string;
  readonly referenceValues?: string;
}

function readPolicy(grade: Grade, { policy, referenceValues }: PolicyFiles): Uint8Array {
  const values =
    referenceValues === undefined ? null : readJson('--reference-values', referenceValues, parseReferenceValues);
  if (policy === undefined) return foundingPolicy(grade, null, values);
  return readJson('--policy', policy, (given) => foundingPolicy(grade, given as object | null, values));
}

/** What a founder would want to know before the others enrol. */
function warnings(grade: Grade, policy: Uint8Array, valuesFile: string | undefined): readonly string[] {
  const found: string[] = [];
  if (refusesEveryHost(policy)) {
    found.push(
      valuesFile === undefined
        ? 'the policy has no reference values, so no host can pass: give --reference-values, or let the custodians propose them'
        : `--reference-values ${valuesFile}: these reference values accept no host: they have no values for a CPU or a TPM (twinlock reference-values check ${shellWord(valuesFile)})`,
    );
  }
  if (grade === 'production' && acceptsTpmAlone(policy)) {
    found.push(
      'a TPM alone is enough for a host of this production vault (tpm.alone): it says what booted, and nothing about encrypted memory',
    );
  }
  return found;
}

/** As a POSIX shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Names the flag and the file in every error about it. */
function readJson<T>(flag: string, file: string, parse: (value: unknown) => T): T {
  try {
    return parse(parseJson(fromUtf8(readInputFile(file))));
  } catch (error) {
    throw inputError(error, `${flag} ${file}`);
  }
}

/** `named` is what the command line says of the file. */
function inputError(error: unknown, named: string): unknown {
  if (error instanceof TwinlockError) return new TwinlockError(error.code, `${named}: ${error.message}`, error.detail);
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const why = code === 'ENOENT' ? 'there is no such file' : `cannot read it: ${code}`;
  return new TwinlockError('usage', `${named}: ${why}`, {}, { cause: error });
}

/** sysexits.h: what a supervisor can act on. */
const EXIT = { mend: 64, retry: 75, alert: 70 } as const;

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof TwinlockError) {
    console.error(`twinlockd: ${error.message} (${error.code})`);
    process.exit(EXIT[error.group]);
  }
  // What the operating system refuses: a port that is taken, a folder that is not writable, a file not there.
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) throw error;
  const isListening = syscall === 'getaddrinfo' || syscall === 'listen' || syscall === 'bind';
  const advice = isListening ? 'name another --listen' : 'name another file or folder, or make way for it';
  console.error(`twinlockd: ${message}: ${advice}`);
  process.exit(EXIT.mend);
}
