import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { type Hex, toHex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { personText } from '../../src/core/state/checks/persons.ts';
import { standingText } from '../../src/core/state/standing.ts';
import { versionKey } from '../../src/core/state/state.ts';
import { fileError } from '../../src/platform/files/error.ts';
import { openInput } from '../../src/platform/files/input.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import type { ProposalView } from '../api/api.ts';
import { counted, exactBytes } from '../display/exact.ts';
import { type Fetched, fetchInto, fetching, sendReceipt } from '../host/fetch.ts';
import { type PendingRelease, readPendingRelease } from '../host/pending-release.ts';
import { claimsToStop, requireStopPlace, type StopNotices, StopPlace } from '../host/stops.ts';
import { TargetFolder } from '../host/target.ts';
import { waitForRelease } from '../host/wait.ts';
import { watch } from '../host/watch.ts';
import { type PrincipalKey, signStopAsPrincipal } from '../principal/principal.ts';
import { type AccessFlags, accessOf, withAccessFlags } from './access-flags.ts';
import { type Connection, connect, signIn } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { deniesText } from './persons.ts';
import { askForRelease, requestLines, turnOf } from './request.ts';
import { type RequestFlags, releaseRequestOf, withRequestFlags } from './request-flags.ts';

/** Milliseconds that the withdrawal of a request may take when the command ends. */
const WITHDRAW_WITHIN_MS = 10_000;
/** At most this many ignored files are named. */
const MAX_IGNORED_TOLD = 16;
/** At most this many files that are not part of the version are named. */
const MAX_BESIDE_TOLD = 10;
/** One run serves one host, so its keys have index 0. */
const HOST = 0;

interface FetchFlags extends RequestFlags, AccessFlags {
  readonly to: string;
  readonly keys?: string;
  readonly evaluationReport?: string;
  readonly receipt: boolean;
  readonly stops?: string;
}

export function addFetch(program: Command): void {
  withAccessFlags(withRequestFlags(program.command('fetch [model@version]')))
    .description('waits for the custodians, checks their authority down to the fingerprint, and fetches the weights')
    .requiredOption(
      '--to <folder>',
      'the folder for the weights; files that it has already, with the right content, are not fetched again',
    )
    .option('--keys <file>', 'continues a request of twinlock request; without it, the command makes a request first')
    .option('--evaluation-report <file>', 'the report of an evaluation: its SHA-256 goes into the receipt')
    .option('--stops <path>', 'an existing file or folder that people copy stops to: a valid stop ends the fetch')
    .option(
      '--no-receipt',
      'gives no receipt in this run: a later run gives it, for instance once an evaluation has a report',
    )
    .addHelpText(
      'after',
      `
The folder may be one that other users write to, such as a shared volume: what they rename or link there leads nothing of
this fetch elsewhere. A link in the path to it is followed in a folder that this user or root alone may write to; in one
of a group, and in a sticky one, if it is this user's or root's: else name what it leads to.
Without --keys the keys live in this process alone: if it ends early, the request is withdrawn.

Examples:
  twinlock fetch acme/ocr@1 --to /models/ocr --reason 'rollout, OPS-7'
  twinlock fetch acme/ocr@1 --to /models/ocr --reason 'rollout, OPS-7' --evidence snp --vmpl 1 --gpu none
  twinlock fetch acme/ocr@1 --to /models/ocr --reason 'rehearsal' --simulated-chip chip
  twinlock fetch --keys ocr.keys --to /models/ocr
  twinlock fetch --keys ocr.keys --to /models/ocr --mode 0640 --group inference
  twinlock fetch --keys eval.keys --to ./eval --no-receipt   # evaluate, then
  twinlock fetch --keys eval.keys --to ./eval --evaluation-report report.json`,
    )
    .action((target: string | undefined, flags: FetchFlags, command: Command) =>
      invoke(command, (invocation) => run(invocation, target, flags)),
    );
}

async function run(invocation: Invocation, target: string | undefined, flags: FetchFlags): Promise<void> {
  const isOneOf = (target === undefined) !== (flags.keys === undefined);
  must(isOneOf, 'usage', 'expected what to fetch: give either MODEL@VERSION, or --keys FILE of a request');
  if (flags.stops !== undefined) await requireStopPlace(flags.stops);
  const evaluation = flags.evaluationReport === undefined ? null : await digestOfFile(flags.evaluationReport);
  const kept = flags.keys === undefined ? null : await readPendingRelease(flags.keys);
  const wanted = kept ?? releaseRequestOf(target as string, flags);
  // Checked before the request and the wait: a release is useless on a host that cannot keep the weights.
  const folder = await TargetFolder.open(flags.to, fetching(wanted), await accessOf(flags));
  try {
    const connection = await turnOf(invocation)(() => signIn(invocation, ['requester']));
    if (kept !== null) {
      for (const line of requestLines(versionKey(kept.model, kept.version), kept)) invocation.terminal.note(line);
      await take(invocation, connection, kept, folder, flags, evaluation);
    } else await askAndTake(invocation, connection, target as string, folder, flags, evaluation);
  } finally {
    await folder.close();
  }
}

async function askAndTake(
  invocation: Invocation,
  connection: Connection,
  target: string,
  folder: TargetFolder,
  flags: FetchFlags,
  evaluation: Hex | null,
): Promise<void> {
  for (const line of thereLines(await folder.others([]), target, flags.to)) invocation.terminal.note(line);
  const pending = await askForRelease(connection, target, flags, folder.path, turnOf(invocation));
  for (const line of requestLines(target, pending)) invocation.terminal.note(line);
  try {
    await take(invocation, connection, pending, folder, flags, evaluation);
  } catch (error) {
    await withdraw(invocation, connection.principal, pending);
    throw error;
  }
}

async function take(
  { terminal }: Invocation,
  { api, fingerprint }: Connection,
  pending: PendingRelease,
  folder: TargetFolder,
  flags: FetchFlags,
  evaluation: Hex | null,
): Promise<void> {
  must(pending.vault === fingerprint, 'wrong_vault', `the keys are for the vault ${pending.vault}, not ${fingerprint}`);
  let told = '';
  const onProgress = (view: ProposalView) => {
    // The vault answers at intervals, also when nothing has changed.
    const line = waitingLine(view);
    if (line !== told) terminal.note(line);
    told = line;
  };
  const notices = stopNotices(terminal);
  const endWatch = flags.stops === undefined ? () => undefined : tellOfStop(terminal, pending, flags.stops, notices);
  try {
    await waitForRelease(api, pending, { onProgress });
  } finally {
    endWatch();
  }
  const progress = terminal.progress('fetching', 'bytes');
  const began = performance.now();
  let fetched: Fetched;
  try {
    fetched = await fetchInto({
      api,
      pending,
      host: HOST,
      target: folder,
      verify: async (claim) => verifyNode(claim),
      stops: flags.stops === undefined ? null : new StopPlace(flags.stops, notices),
      onProgress: ({ bytes, totalBytes }) => progress.update(bytes, totalBytes),
    });
  } finally {
    progress.end();
  }
  const seconds = (performance.now() - began) / 1000;
  const receipt = flags.receipt ? await giveReceipt(api, pending, fetched, evaluation) : null;
  const { model, version, release } = pending;
  const { files, bytes, receivedBytes } = fetched;
  const others = await folder.others(files.map(({ path }) => path));
  const document = { model, version, release, folder: flags.to, files, bytes, receivedBytes, others, receipt, seconds };
  terminal.result(document, [
    `fetched      ${model}@${version}: ${counted(files.length, 'file')}, ${exactBytes(bytes)}, in ${flags.to}`,
    `received     ${exactBytes(receivedBytes)} of ciphertext in ${seconds.toFixed(1)} s`,
    `release      ${release}`,
    receiptLine(flags, receipt),
    ...besideLines(others, `${model}@${version}`, flags.to),
  ]);
}

/** Names files of an earlier fetch: until the release, the host does not know whether they are of this version. */
function thereLines(files: readonly string[], target: string, folder: string): readonly string[] {
  if (files.length === 0) return [];
  const next = `if an earlier fetch of ${target} has ended there, end this one: it asks custodians anew`;
  return [`there        ${counted(files.length, 'file')} in ${folder} already: ${next}`];
}

/** Warns about files of another version: a server that loads the whole folder would load them too. */
function besideLines(others: readonly string[], named: string, folder: string): readonly string[] {
  if (others.length === 0) return [];
  const rest = others.length - MAX_BESIDE_TOLD;
  const first = others.slice(0, MAX_BESIDE_TOLD).map((path) => JSON.stringify(path));
  const all = [...first, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  const are = others.length === 1 ? 'is' : 'are';
  const next = 'remove what a server must not load with it, or name an empty folder';
  return [`beside       ${counted(others.length, 'file')} in ${folder} ${are} not of ${named}: ${all}: ${next}`];
}

/** Names each ignored file once, and a bounded number of files: other users may write to that folder. */
function stopNotices({ note }: Invocation['terminal']): StopNotices {
  const told = new Set<string>();
  return {
    ignored: (line) => {
      if (told.has(line) || told.size > MAX_IGNORED_TOLD) return;
      told.add(line);
      note(told.size > MAX_IGNORED_TOLD ? 'ignored      more files, which are not named' : `ignored      ${line}`);
    },
    gone: (path) => note(`gone         ${path}: no stop reaches this host there until it is back, and readable`),
  };
}

/**
 * Notes the first stop found; any user may have written it, so it is not trusted. Returns a function that ends the
 * watch.
 */
function tellOfStop(
  terminal: Invocation['terminal'],
  pending: PendingRelease,
  path: string,
  notices: StopNotices,
): () => void {
  const place = new StopPlace(path, notices);
  let isTold = false;
  const look = async (signal: AbortSignal) => {
    if (isTold) return;
    for await (const { signed } of place.look(signal)) {
      const { statement } = signed;
      if (!claimsToStop(statement, pending)) continue;
      isTold = true;
      const by = statement.by.kind === 'custodian' ? `the security key ${statement.by.credential}` : statement.by.key;
      const what = statement.what === 'all' ? 'everything' : 'this release';
      const line = `a stop of ${what}, said to be by ${by}, lies in ${path}`;
      terminal.note(`brought      ${line}: once the custodians have released, it is checked with the authority chain`);
      return;
    }
  };
  // A failure of the notice must not end the fetch.
  return watch(look, () => undefined);
}

/** Gives the receipt. Returns the index of its entry; null where the host had given one before. */
async function giveReceipt(
  api: Connection['api'],
  pending: PendingRelease,
  fetched: Fetched,
  evaluation: Hex | null,
): Promise<number | null> {
  try {
    const found = { modelSignature: null, evaluation };
    const { index } = await sendReceipt(api, pending, HOST, fetched, found);
    return index;
  } catch (error) {
    if (!(error instanceof TwinlockError && error.code === 'statement_seen')) throw error;
    must(evaluation === null, error.code, `${error.message}: the evaluation report cannot be added to it`);
    return null;
  }
}

function receiptLine({ receipt: isWanted }: FetchFlags, index: number | null): string {
  if (!isWanted) return 'receipt      not given yet: the audit counts the release as open until it is';
  return index === null ? 'receipt      given before' : `receipt      entry ${index} of the log`;
}

/** The line that tells the state of the request and its votes. */
export function waitingLine({
  kind,
  standing,
  overtaken,
  votes,
  wanting,
  missingGroups,
}: Pick<ProposalView, 'kind' | 'standing' | 'overtaken' | 'votes' | 'wanting' | 'missingGroups'>): string {
  const cast = votes.map(
    (vote) => `${personText(vote)}, ${vote.decision === 'approve' ? 'approves' : deniesText(vote)}`,
  );
  if (standing === 'approved') return `approved     ${cast.join('; ')}; the vault has yet to release it`;
  // The wait is over: the error tells why the request ended.
  if (standing !== 'open') return `${standingText(kind, standing, overtaken).padEnd(12)} ${cast.join('; ')}`.trimEnd();
  const groups = missingGroups.join(' and ');
  const from = groups === '' ? '' : `, from ${groups}`;
  const more = wanting > 0 ? `${wanting} more to approve${from}` : `an approval from ${groups}`;
  return [`waiting      ${more}`, ...cast].join('; ');
}

/** Withdraws a request whose keys only this process has. Best effort: a request that stays open expires. */
async function withdraw(
  invocation: Invocation,
  principal: PrincipalKey,
  { vault, release }: PendingRelease,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(WITHDRAW_WITHIN_MS);
    const stop = { what: 'release', target: release, reason: 'the host ended before it gave its receipt' } as const;
    const clock = { nowMs: Date.now(), random: platformRandom };
    await connect({ ...invocation, signal }).stop(signStopAsPrincipal(principal, vault, stop, clock));
    invocation.terminal.note(
      `withdrawn    ${release}: its keys were in this process alone: twinlock request --keys FILE, then twinlock fetch --keys FILE, waits on after an interruption`,
    );
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
  }
}

async function digestOfFile(path: string): Promise<Hex> {
  const [hash, file] = [createHash('sha256'), await openInput(path)];
  try {
    await pipeline(file.createReadStream(), hash);
  } catch (error) {
    throw fileError(error, path);
  }
  return toHex(hash.digest());
}
