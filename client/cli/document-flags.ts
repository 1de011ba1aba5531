import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { digestOfObject } from '../../src/core/canonical.ts';
import { must } from '../../src/core/errors.ts';
import { type Difference, policyDifferences } from '../custodian/policy-diff.ts';
import { describeReferenceValues } from '../reference-values/describe.ts';
import { readReferenceValues, referenceValuesText, writeReferenceValues } from '../reference-values/file.ts';
import type { Terminal } from './terminal.ts';

/** The flags that say which document to add to and where to write the result. */
export interface DocumentFlags {
  readonly merge?: string;
  readonly out?: string;
  readonly force?: boolean;
}

export function withDocumentFlags(command: Command): Command {
  return command
    .option('--merge <file>', 'the document to add this to')
    .option('--out <file>', 'the file to write the document to (default: standard output)')
    .option('--force', '--out: replace an existing file');
}

/** Reads the document that --merge names. */
export async function documentBefore({ merge, out, force }: DocumentFlags): Promise<ReferenceValues> {
  must(out !== undefined || force !== true, 'usage', '--force goes with --out');
  // The write refuses it too. This check tells the person before the work is done.
  const isFree = out === undefined || force === true || !existsSync(out);
  must(isFree, 'exists', `--out ${out}: the file exists: give --force to replace it`);
  return merge === undefined ? NO_REFERENCE_VALUES : readReferenceValues(merge);
}

interface Delivery {
  readonly before: ReferenceValues;
  readonly document: ReferenceValues;
  readonly flags: DocumentFlags;
  /** More members of the result, printed where the document goes into a file. */
  readonly made: object;
}

/** Prints only the document on standard output, so that it can be piped, and notes on standard error. */
export async function deliver(terminal: Terminal, { before, document, flags, made }: Delivery): Promise<void> {
  const { out, merge, force } = flags;
  const differences = merge === undefined ? [] : policyDifferences(before, document);
  if (merge !== undefined) {
    for (const line of differenceLines(differences)) terminal.note(line);
  }
  for (const { kind, text } of describeReferenceValues(document))
    if (kind === 'beware') terminal.note(`beware: ${text}`);
  if (out === undefined) {
    terminal.result(document, referenceValuesText(document).trimEnd().split('\n'));
    return;
  }
  await writeReferenceValues(out, document, { replace: force === true });
  const digest = digestOfObject(document);
  terminal.result({ file: out, digest, ...made, differences }, [
    `written  ${out}`,
    `digest   ${digest}`,
    `next     twinlock reference-values check ${out}`,
  ]);
}

export function differenceLines(differences: readonly Difference[]): readonly string[] {
  if (differences.length === 0) return ['nothing changes'];
  return differences.flatMap(({ path, before, after }) => {
    if (before === null) return [`+ ${path}: ${after}`];
    if (after === null) return [`- ${path}: ${before}`];
    return [`~ ${path}`, `    before  ${before}`, `    after   ${after}`];
  });
}
