import { parseArgs } from 'node:util';
import { appraiseBench } from './appraise.ts';
import { approvalBench } from './approval.ts';
import { authorityBench } from './authority.ts';
import { envelopeBench } from './envelope.ts';
import { floeBench } from './floe.ts';
import { replayBench } from './replay.ts';
import { asJson, asTable } from './report.ts';
import type { Bar, Bench, Result, Row, Skipped } from './row.ts';
import { smallFilesBench } from './small-files.ts';
import { startBench } from './start.ts';
import { transferBench } from './transfer.ts';
import { vssBench } from './vss.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  floe: floeBench,
  transfer: transferBench,
  small: smallFilesBench,
  vss: vssBench,
  envelope: envelopeBench,
  appraise: appraiseBench,
  approval: approvalBench,
  replay: replayBench,
  start: startBench,
  authority: authorityBench,
};
const NAMES = Object.keys(BENCHES);

/** 128 and the number of the signal, as shells have it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const ENTRIES = 10_000;
const QUICK_ENTRIES = 500;

const USAGE = `npm run bench -- [--json] [--quick] [--only NAME]… [--entries N]
measures twinlock beside what one would use without it; NAME is ${NAMES.join(', ')}
--entries  length of the log that replay and start measure, ${ENTRIES} unless given (${QUICK_ENTRIES} with --quick). It is made once, about
           1000 entries a second, and kept in node_modules/.cache/twinlock, or where TWINLOCK_BENCH_CACHE says.
           The bars are for --only replay --entries 100000 and --only start --entries 1000000`;

const { values } = parseArgs({
  allowPositionals: false,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: NAMES },
    entries: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const fault = faultIn(values);
if (values.help || fault !== null) {
  console.error(fault === null ? USAGE : `${fault}\n${USAGE}`);
  process.exit(fault === null ? 0 : 64);
}

const { quick, json, only } = values;
const entries = Number(values.entries ?? (quick ? QUICK_ENTRIES : ENTRIES));
// An interrupted bench leaves no daemon and no gibibytes behind: the code that made them removes them on exit.
for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(code));

// Standard output is for the result alone.
const say = (line: string) => process.stderr.write(`${line}\n`);
const result = await runAll();
process.stdout.write(json ? `${asJson(result, quick)}\n` : `\n${asTable(result, quick)}`);

async function runAll(): Promise<Result> {
  const rows: Row[] = [];
  const skipped: Skipped[] = [];
  const bars: Bar[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (!only.includes(name)) continue;
    say(`${name} …`);
    const result = await bench({ quick, entries, say: (line) => say(`${name}: ${line}`) });
    rows.push(...result.rows);
    skipped.push(...result.skipped);
    bars.push(...(result.bars ?? []));
  }
  return { rows, skipped, bars };
}

function faultIn({
  only,
  entries = '1',
}: {
  readonly only: readonly string[];
  readonly entries?: string;
}): string | null {
  const unknown = only.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) return `--only ${unknown}: no such bench`;
  return /^[1-9][0-9]{0,7}$/.test(entries) ? null : `--entries ${entries}: expected a number of entries`;
}
