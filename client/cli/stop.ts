import type { Command } from 'commander';
import type { Hex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { SignedStop } from '../../src/core/log/signed-stop.ts';
import { quoted } from '../../src/core/quoted.ts';
import { stopText } from '../../src/core/state/running.ts';
import { alreadyText, STOPPED, stoppedText } from '../../src/core/state/stop-text.ts';
import { type Stop, statementDigest } from '../../src/core/statement/statement.ts';
import { platformRandom } from '../../src/platform/random.ts';
import type { StopAnswer } from '../api/api.ts';
import { signStopAsPrincipal } from '../principal/principal.ts';
import type { Stopping } from '../statements/stop.ts';
import { dropStopFile, readStopFile, writeStopFile } from '../statements/stop-file.ts';
import { connect, fingerprintOf, principalKeyOf } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';

interface StopFlags {
  readonly retire?: boolean;
  readonly release?: string;
  readonly proposal?: string;
  readonly reason?: string;
  readonly also?: readonly string[];
  readonly out?: string;
  readonly toHost?: string;
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export function addStop(program: Command): void {
  program
    .command('stop [file]')
    .description('delivers a stop that a custodian signed in their console, or stops what a machine’s own key may')
    .option('--retire', "retires the machine's key of --key: it cannot return")
    .option('--release <digest>', 'revokes a release that the key of --key has asked for: all 64 digits')
    .option('--proposal <digest>', 'withdraws what the key of --key has proposed: all 64 digits')
    .option('--reason <text>', 'why, for the log')
    .option('--also <url>', 'another address of the vault, its --stop-listen for instance; repeatable', collect)
    .option('--out <file>', 'writes the signed stop to a file, for a person to carry, and sends nothing')
    .option(
      '--to-host <folder>',
      'writes the stop to the folder that a host watches (fetch --stops), and sends nothing',
    )
    .addHelpText(
      'after',
      `
A stop needs no session. All addresses are tried at once, and one that takes it is enough. To stop a stopped vault is
no failure. Where no address answers, carry the file to the vault's machine: twinlockd stop FILE.

Examples:
  twinlock stop stop.json --vault https://vault:8443 --also https://vault:8444
  twinlock stop --key serving.key --retire --reason 'stolen'
  twinlock stop --key serving.key --release "$DIGEST" --reason 'the host is gone'
  twinlock stop --key serving.key --retire --reason 'stolen' --out stop.json
  twinlock stop stop.json --to-host /var/lib/twinlock/stops`,
    )
    .action((file: string | undefined, flags: StopFlags, command: Command) =>
      invoke(command, (invocation) => run(invocation, file, flags)),
    );
}

async function run(invocation: Invocation, file: string | undefined, flags: StopFlags): Promise<void> {
  const stopping = stoppingOf(flags);
  must(
    (file === undefined) !== (stopping === null),
    'usage',
    'expected what to stop: give FILE of a signed stop, or one of --retire, --release and --proposal with --key',
  );
  must(
    stopping !== null || flags.reason === undefined,
    'usage',
    '--reason: FILE is signed with a reason of its own: leave --reason out',
  );
  const signed = stopping === null ? await readStopFile(file as string) : await sign(invocation, stopping);
  const { terminal } = invocation;
  const named = { digest: statementDigest(signed.statement), what: signed.statement.what };
  if (flags.out !== undefined) {
    await writeStopFile(flags.out, signed);
    terminal.result({ ...named, file: flags.out }, [`signed       ${named.digest}`, `written      ${flags.out}`]);
    return;
  }
  if (flags.toHost !== undefined) {
    const path = await dropStopFile(flags.toHost, signed);
    terminal.result({ ...named, file: path }, [`dropped      ${path}: a fetch with --stops takes it`]);
    return;
  }
  const { via, answer } = await deliver(invocation, signed, flags.also ?? []).catch((error: unknown) => {
    throw isUnreachable(error) ? carryInstead(error as TwinlockError, file) : error;
  });
  tell(invocation, signed, via, answer);
}

/** Signs a stop with the machine's key of the settings and delivers it. Throws the vault's codes. */
export async function stopAsMachine(invocation: Invocation, stopping: Stopping): Promise<void> {
  const signed = await sign(invocation, stopping);
  const { via, answer } = await deliver(invocation, signed, []);
  tell(invocation, signed, via, answer);
}

function tell({ terminal }: Invocation, { statement }: SignedStop, via: string, answer: StopAnswer): void {
  const { index, already, earlier, stopped, names } = answer;
  const named = { digest: statementDigest(statement), what: statement.what, target: statement.target };
  terminal.result({ ...named, index, already, earlier, stopped, names, via }, linesOf(answer, statement));
}

/** The target that the machine's key stops; null if a signed stop in a file names it. */
function stoppingOf({ retire, release, proposal, reason = '' }: StopFlags): Stopping | null {
  const wanted = [retire === true ? 'retire' : undefined, release, proposal].filter((flag) => flag !== undefined);
  if (wanted.length === 0) return null;
  must(wanted.length === 1, 'usage', 'give one of --retire, --release and --proposal');
  must(reason.trim() !== '', 'usage', '--reason: expected a reason, which the log keeps');
  if (release !== undefined) return { what: 'release', target: parseTarget(release, '--release'), reason };
  if (proposal !== undefined) return { what: 'proposal', target: parseTarget(proposal, '--proposal'), reason };
  return { what: 'principal', key: '', reason };
}

/** Requires the whole digest: it is signed without the vault, which could complete a short one to another digest. */
export function parseTarget(text: string, flag: string): Hex {
  const given = text.toLowerCase();
  must(
    /^[0-9a-f]{64}$/.test(given),
    'usage',
    `${flag}: expected the whole digest, 64 hexadecimal digits, for it is signed as it stands, got ${text === '' ? 'nothing' : quoted(text)}: twinlock proposals --all and twinlock code print it whole`,
  );
  return given;
}

async function sign(invocation: Invocation, stopping: Stopping): Promise<SignedStop> {
  const { settings } = invocation;
  must(settings.key !== null, 'usage', "a machine stops with its own key: give --key FILE, or a custodian's FILE");
  const principal = await principalKeyOf(settings.key, settings);
  const own = stopping.what === 'principal' ? { ...stopping, key: principal.key } : stopping;
  return signStopAsPrincipal(principal, await vaultOf(invocation), own, { nowMs: Date.now(), random: platformRandom });
}

/** The vault's fingerprint; asks the vault only where the user did not give all of it. */
async function vaultOf(invocation: Invocation): Promise<Hex> {
  const given = invocation.settings.fingerprint?.trim().toLowerCase() ?? '';
  return /^[0-9a-f]{64}$/.test(given) ? given : fingerprintOf(invocation.settings, connect(invocation));
}

/** Sends the stop to all addresses at once; the first vault that accepts it counts. */
async function deliver(
  invocation: Invocation,
  signed: SignedStop,
  also: readonly string[],
): Promise<{ readonly via: string; readonly answer: StopAnswer }> {
  const { settings } = invocation;
  const addresses = [...(settings.vault === null ? [] : [settings.vault]), ...also];
  must(addresses.length > 0, 'usage', 'expected an address of the vault: give --vault, or --also URL');
  const apis = addresses.map((vault) => connect({ ...invocation, settings: { ...settings, vault } }));
  try {
    return await Promise.any(
      apis.map(async (api, i) => ({ answer: await api.stop(signed), via: addresses[i] as string })),
    );
  } catch (error) {
    const failures = (error as AggregateError).errors as unknown[];
    // A refusal by a vault tells more than an address that was not reached.
    throw failures.find((failure) => !isUnreachable(failure)) ?? failures[0];
  }
}

/** Adds the remedy where no address answers: a person carries the stop to the vault's machine. */
function carryInstead({ code, message, detail }: TwinlockError, file: string | undefined): TwinlockError {
  const make = file === undefined ? 'run this again with --out FILE, ' : '';
  const toDo = `${make}carry ${file ?? 'FILE'} to the vault’s machine, and run there: twinlockd stop ${file ?? 'FILE'}`;
  return new TwinlockError(code, `${message}; or ${toDo}`, detail);
}

function isUnreachable(error: unknown): boolean {
  return error instanceof TwinlockError && error.code === 'unavailable';
}

function linesOf({ index, already, earlier, stopped, names }: StopAnswer, stop: Stop): readonly string[] {
  const where = index === null ? '' : `, entry ${index} of the log`;
  return [
    `${already ? alreadyText(stop, names) : `${STOPPED[stop.what].padEnd(13)} ${stoppedText(stop, names)}`}${where}`,
    // The vault does not tell an unknown sender who stopped it.
    ...(stop.what === 'all' && stopped === null ? ['the vault is stopped'] : []),
    ...(earlier === null || stop.what === 'all' ? [] : [`since         the vault says: ${stopText(earlier)}`]),
    ...(stopped ?? []).map((stop) => `vault stopped the vault says: ${stopText(stop)}`),
  ];
}
