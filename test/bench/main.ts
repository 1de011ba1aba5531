import { parseArgs } from 'node:util';
import { appraiseBench } from './appraise.ts';
import { approvalBench } from './approval.ts';
import { authorityBench } from './authority.ts';
import { envelopeBench } from './envelope.ts';
import { floeBench } from './floe.ts';
import { replayBench } from './replay.ts';
import { asJson, asTable } from './report.ts';
import type { Bench, Result, Row, Skipped } from './row.ts';
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

const USAGE = `npm run bench -- [--json] [--quick] [--only NAME]…
measures twinlock beside what one would use without it; NAME is ${NAMES.join(', ')}`;

const { values } = parseArgs({
  allowPositionals: false,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: NAMES },
    help: { type: 'boolean', default: false },
  },
});
const unknown = values.only.find((name) => !NAMES.includes(name));
if (values.help || unknown !== undefined) {
  console.error(unknown === undefined ? USAGE : `--only ${unknown}: no such bench\n${USAGE}`);
  process.exit(unknown === undefined ? 0 : 64);
}

const { quick, json, only } = values;
// An interrupted bench leaves no daemon and no gibibytes behind: the code that made them removes them on exit.
for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(code));

// Standard output is for the result alone.
const say = (line: string) => process.stderr.write(`${line}\n`);
const result = await runAll();
process.stdout.write(json ? `${asJson(result, quick)}\n` : `\n${asTable(result, quick)}`);

async function runAll(): Promise<Result> {
  const rows: Row[] = [];
  const skipped: Skipped[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (!only.includes(name)) continue;
    say(`${name} …`);
    const { rows: measured, skipped: passedOver } = await bench({ quick, say: (line) => say(`${name}: ${line}`) });
    rows.push(...measured);
    skipped.push(...passedOver);
  }
  return { rows, skipped };
}
