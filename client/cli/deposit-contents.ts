import type { Command } from 'commander';
import { type Contents, innerManifest } from '../depositor/encrypt.ts';
import { type FoundFolder, walkFolder } from '../depositor/folder.ts';
import { checkFormats, type FormatCheck } from '../depositor/formats/check.ts';
import { Selection } from '../depositor/selection.ts';
import { counted, exactBytes } from '../display/exact.ts';
import type { Invocation } from './invocation.ts';
import type { Terminal } from './terminal.ts';

/** The flags that select files of a folder for a deposit. */
export interface ContentsFlags {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly force?: boolean;
}

/** The files found in a folder, and the check of their formats. */
export interface FoundContents extends FoundFolder {
  readonly check: FormatCheck;
}

/** A line for people names at most this many; the JSON document names all. */
const LEFT_OUT_MAX = 10;

export const CONTENTS_HELP = `
Links: a symbolic link is followed where it points into the folder. In a snapshot of a Hugging Face cache it may also
point to the blobs of the same model. Other links are refused.

Patterns: without --include, all files are deposited; with it, only files that it matches. --exclude leaves out what it
matches, also where --include matches it. A pattern without a slash matches files and folders of that name anywhere; one
with a slash is compared with the path from the folder on. * stands for any characters of a name, ? for one character,
** for any number of folders. A pattern that matches a folder matches all that is in it. A pattern that matches nothing
is an error.

Left out: files that other programs leave behind (.git and the like, .cache/huggingface, __pycache__, .DS_Store,
Thumbs.db and the like, editors' swap files and backups). The command lists them. An --include with such a name takes it:
  --include '**' --include .git           everything, and .git as well

Refused without --force, for no server could load them: safetensors and GGUF files that are shorter than their headers
say, have none, or have headers of more than a million tensors or eight million numbers and texts; indices
(*.index.json) and numbered files whose shards are not all there; pointers of Git LFS; folders whose headers and indices
together name more than four million tensors, or are otherwise too large to be looked at.`;

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export function withContentsFlags(command: Command): Command {
  return command
    .option('--include <pattern>', 'deposit only the files that match; repeatable', collect)
    .option('--exclude <pattern>', 'leave out the files and folders that match; repeatable', collect)
    .option('--force', 'deposit files even if they are truncated or shards are missing');
}

/** Finds the files to deposit, and notes those left out. Throws as `walkFolder`, `innerManifest` and `checkFormats`. */
export async function findContents(
  { terminal, signal }: Pick<Invocation, 'terminal' | 'signal'>,
  contents: Contents,
  { include = [], exclude = [] }: ContentsFlags,
): Promise<FoundContents> {
  const found = await walkFolder(contents.folder, new Selection({ include, exclude }));
  innerManifest(contents, found.files, new Map());
  const { leftOut } = found;
  if (leftOut.length > 0) terminal.note(`left out     ${leftOutText(leftOut, include)}`);
  const check = await checkFormats(found.files, signal);
  for (const remark of check.remarks) terminal.note(`remark       ${remark}`);
  return { ...found, check };
}

/** Throws `malformed` with all findings where files are not whole; with --force it notes the findings instead. */
export function requireWhole(
  terminal: Terminal,
  folder: string,
  { findings }: FormatCheck,
  flags: ContentsFlags,
): void {
  if (flags.force === true) for (const text of findings.texts) terminal.note(`forced       ${text}`);
  else findings.requireNone(`${folder} is not whole`, 'mend the files, or give --force to deposit them as they are');
}

/** An --include limits the deposit to its matches, so the advice names the other patterns too. */
function leftOutText(leftOut: readonly string[], include: readonly string[]): string {
  const rest = leftOut.length - LEFT_OUT_MAX;
  const named = [...leftOut.slice(0, LEFT_OUT_MAX), ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  const all = include.length === 0 ? "--include '**' --include NAME" : 'also --include NAME';
  return `${named}: other programs have left these behind. To deposit one of them as well, give ${all}`;
}

/** Prints the result of `--dry-run`. */
export function tellContents(terminal: Terminal, { model, version }: Contents, found: FoundContents): void {
  const { files } = found;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const sizes = files.map(({ bytes }) => bytes.toLocaleString('en'));
  const width = Math.max(...sizes.map(({ length }) => length));
  const listed = files.map(({ path, bytes }) => ({ path, bytes }));
  terminal.result({ model, version, dryRun: true, files: listed, bytes: total, ...contentsDocument(found) }, [
    ...files.map(({ path }, i) => `${(sizes[i] ?? '').padStart(width)}  ${path}`),
    `would be     ${model}@${version}: ${counted(files.length, 'file')}, ${exactBytes(total)}; nothing has been sent`,
  ]);
}

/** The part of the JSON result about the files found. */
export function contentsDocument({ leftOut, check }: FoundContents): object {
  return { leftOut, findings: check.findings.texts, remarks: check.remarks };
}
