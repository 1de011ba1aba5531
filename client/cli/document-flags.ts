import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { digestOfObject } from '../../src/core/canonical.ts';
import { must } from '../../src/core/errors.ts';
import { type Difference, policyDifferences } from '../custodian/policy-diff.ts';
import { describeReferenceValues } from '../reference-values/describe.ts';
import { readReferenceValues, referenceValuesText, writeReferenceValues } from '../reference-values/file.ts';
import type { Terminal } from './terminal.ts';

/** Where the document that is made comes from and goes to. */
export interface DocumentFlags {
  readonly merge?: string;
  readonly out?: string;
  readonly force?: boolean;
}

export function withDocumentFlags(command: Command): Command {
  return command
    .option('--merge <file>', 'the document that this is added to')
    .option('--out <file>', 'where the document is written (default: standard output)')
    .option('--force', '--out: replace a file that is there');
}

/** What the document that is made is added to. */
export async function documentBefore({ merge, out, force }: DocumentFlags): Promise<ReferenceValues> {
  must(out !== undefined || force !== true, 'usage', '--force goes with --out');
  // The write refuses it too. Checked here so that the person learns it before the work is done.
  const isFree = out === undefined || force === true || !existsSync(out);
  must(isFree, 'exists', `--out ${out}: there is a file already, which --force replaces`);
  return merge === undefined ? NO_REFERENCE_VALUES : readReferenceValues(merge);
}

interface Delivery {
  readonly before: ReferenceValues;
  readonly document: ReferenceValues;
  readonly flags: DocumentFlags;
  /** What else the result says where the document goes into a file. */
  readonly made: object;
}

/** The document alone on standard output, so that it can be piped; what there is to say of it beside that. */
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
