import type { Command } from 'commander';
import { EXIT } from '../../src/core/exit-codes.ts';
import { quoted } from '../../src/core/quoted.ts';
import { DischargingThreads } from '../../src/platform/threads/discharging-threads.ts';
import { type AuditReport, audit } from '../auditor/audit.ts';
import { counted, exactDuration } from '../display/exact.ts';
import { checkpointFiles } from '../log/checkpoint-file.ts';
import { vaultSource } from '../log/source.ts';
import { signIn } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { marked, personLines } from './persons.ts';
import { shortDigest } from './text.ts';

/** The report shows the reasons of at most this many denials. */
const MAX_DENIALS = 16;
const DAY_MS = 24 * 60 * 60_000;

export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('replays the whole log from the fingerprint and gives two verdicts: integrity and completeness')
    .addHelpText(
      'after',
      `
Integrity: nothing was altered, removed or reordered, and every signature, quorum and appraisal is reached
again here. Completeness: what the log began has come to an end; it is open while a proposal is undecided or a
host has not given its receipt. The latest checkpoint that it has verified is kept in the folder of --state, one file a vault: keep that folder, for
without it a log that was cut off or replaced by another passes. Exits with 3 where integrity fails, with 4 where something is open.

Examples:
  twinlock audit --key audit.key
  twinlock audit --key audit.key --state /var/lib/twinlock-audit
  twinlock audit --json > report.json || echo "verdict: $?"`,
    )
    .action((_options: unknown, command: Command) => invoke(command, run));
}

async function run(invocation: Invocation): Promise<void> {
  const { settings, terminal } = invocation;
  const { api, fingerprint } = await signIn(invocation, ['auditor', 'depositor']);
  const { entries: total } = await api.status();
  const progress = terminal.progress('replaying the log', 'entries');
  let report: AuditReport;
  try {
    report = await audit(vaultSource(api), {
      fingerprint,
      verify: new DischargingThreads(),
      now: Date.now,
      memory: checkpointFiles(settings.stateDir),
      onProgress: (entries) => progress.update(entries, Math.max(entries, total)),
    });
  } finally {
    progress.end();
  }
  terminal.result(report, reportLines(report));
  process.exitCode = exitCodeOf(report);
}

function exitCodeOf({ integrity, completeness }: AuditReport): number {
  if (integrity.verdict === 'fail') return EXIT.fault;
  return completeness.verdict === 'pass' ? EXIT.ok : EXIT.incomplete;
}

/** The two verdicts, and what each of them is based on. */
export function reportLines(report: AuditReport): readonly string[] {
  const { fingerprint, grade, entries, persons, integrity, completeness } = report;
  const { fault, signatures, appraisals } = integrity;
  const { releases, versions, tally, vaultsWord, open, overtaken } = completeness;
  return [
    `vault         ${fingerprint}${grade === 'simulation' ? ', of grade simulation: protects nothing' : ''}`,
    `integrity     ${integrity.verdict.toUpperCase()}`,
    fault === null
      ? `              ${counted(entries, 'entry', 'entries')}, ${counted(signatures, 'signature')} and ${counted(appraisals, 'appraisal')} reached again`
      : `              ${fault.entry === null ? 'checkpoint: ' : ''}${fault.code}: ${fault.message}`,
    `completeness  ${completeness.verdict.toUpperCase()}`,
    `              releases: ${releases.granted}; with receipts ${releases.withReceipts}, ended without ${releases.withoutReceipts}, awaited ${releases.awaited}`,
    `              decisions: ${counted(tally.approvals, 'approval')}, ${counted(tally.denials, 'denial')}`,
    ...denialLines(completeness.denials),
    `              turned away: ${vaultsWord}`,
    ...clockLines(tally.clock),
    ...versions.shares.map(
      ({ version, durable, message }) => `              ${durable ? 'durable' : 'not durable'}: ${version}: ${message}`,
    ),
    ...open.map(
      ({ what, digest, message }) =>
        `  open        ${what}${digest === null ? '' : ` ${shortDigest(digest)}`}: ${message}`,
    ),
    ...overtaken.map(({ digest, message }) => `  closed      proposal ${shortDigest(digest)}: ${message}`),
    '',
    ...personLines(persons),
  ];
}

/** The latest denials; the JSON document has all of them. */
function denialLines(denials: AuditReport['completeness']['denials']): readonly string[] {
  const more = denials.length - MAX_DENIALS;
  return [
    ...(more > 0 ? [`              ${counted(more, 'earlier denial')} with a reason: see --json`] : []),
    ...denials
      .slice(-MAX_DENIALS)
      .map(
        ({ proposal, by, reason, index }) =>
          `              denied in entry ${index}: ${shortDigest(proposal)} by ${marked(by)}: ${quoted(reason)}`,
      ),
  ];
}

/** What the dates in the log show about the vault's clock. This is no fault, but an auditor should ask about it. */
function clockLines({ datedBack, silence, wrong }: AuditReport['completeness']['tally']['clock']): readonly string[] {
  const ahead =
    wrong === null
      ? []
      : [
          `wrong clock readings of the vault: ${counted(wrong.count, 'entry', 'entries')}, the first entry ${wrong.first}, dated up to ${exactDuration(wrong.mostMs)} ahead, as custodians have signed since`,
        ];
  const back =
    datedBack === 0 ? [] : [`${counted(datedBack, 'entry', 'entries')} dated back: a clock was wrong before`];
  const longest =
    silence === null || silence.ms < DAY_MS
      ? []
      : [`silent for ${exactDuration(silence.ms)} before entry ${silence.endedBy}`];
  return [...ahead, ...back, ...longest].map((line) => `              ${line}`);
}
