import { arch, cpus, platform, totalmem } from 'node:os';
import { table } from '../../client/cli/text.ts';
import type { Spread } from './measure.ts';
import type { Bar, Figure, Result } from './row.ts';

/** The machine that the figures are of. */
function machine() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()}`,
    node: process.version,
    openssl: process.versions.openssl,
  };
}

/** The whole run as one JSON document: figures with median, min and max, ratios null where nothing compares. */
export function asJson({ rows, skipped, bars = [] }: Result, quick: boolean): string {
  return JSON.stringify({ v: 1, quick, machine: machine(), rows, skipped, bars });
}

/** The whole run as a table: ratios first, then rates, then the machine. */
export function asTable({ rows, skipped, bars = [] }: Result, quick: boolean): string {
  const cells = rows.map(({ ratio, bench, what, figure, alternative }) => [
    ratio === null ? '' : `${significant(ratio.median)}x`,
    ratio === null ? '' : range(ratio),
    bench,
    what,
    rate(figure),
    range(figure),
    alternative === null ? '' : alternative.what,
    alternative === null ? '' : rate(alternative.figure),
  ]);
  const { cpu, cores, memoryBytes, platform: system, node, openssl } = machine();
  return [
    ...table(['takes', 'min to max', 'bench', 'what', 'at', 'min to max', 'compared with', 'at'], cells),
    ...bars.map(barText),
    ...skipped.map(({ bench, what, reason }) => `skipped: ${bench}, ${what}: ${reason}`),
    '',
    '2.00x takes twice as long as what it is compared with, in the median of the rounds.',
    `${cpu}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GiB, ${system}, Node ${node}, OpenSSL ${openssl}`,
    ...(quick ? ['A quick run: figures to look at, not to quote.'] : []),
    '',
  ].join('\n');
}

function barText({ bench, what, got, limit, unit, entriesMin, isMet }: Bar): string {
  const verdict = isMet === null ? `a bar for ${entriesMin} entries, not judged` : isMet ? 'MET' : 'MISSED';
  return `bar: ${bench}, ${what}: ${significant(got)} ${unit}, to be under ${limit} ${unit}: ${verdict}`;
}

function rate(figure: Figure): string {
  return `${significant(figure.median)} ${figure.unit}`;
}

function range({ min, max }: Spread): string {
  return `${significant(min)} to ${significant(max)}`;
}

/** Three digits, never an exponent. */
function significant(value: number): string {
  if (!Number.isFinite(value)) return '?';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(decimals, 4));
}
