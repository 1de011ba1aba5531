import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseModelVersion } from '../../src/core/weights/names.ts';
import { deposit } from '../depositor/deposit.ts';
import { exactBytes } from '../exact.ts';
import { fileError } from '../file-error.ts';
import { platformRandom } from '../random.ts';
import { follow, signIn } from './connect.ts';
import {
  CONTENTS_HELP,
  type ContentsFlags,
  contentsDocument,
  findContents,
  requireWhole,
  tellContents,
  withContentsFlags,
} from './deposit-contents.ts';
import { type Invocation, invoke } from './invocation.ts';

interface DepositFlags extends ContentsFlags {
  readonly as: string;
  readonly modelSignature?: string;
  readonly dryRun?: boolean;
}

export function addDeposit(program: Command): void {
  const command = program
    .command('deposit <folder>')
    .description("encrypts a folder, splits its key among the custodians and uploads it, with a depositor's key")
    .requiredOption('--as <model@version>', 'what it is called: namespace/name@version, never used before')
    .option('--model-signature <file>', 'an OpenSSF Model Signing bundle, for the hosts to verify');
  withContentsFlags(command)
    .option('--dry-run', 'list what would be deposited, with sizes and the total; asks no vault, needs no key')
    .addHelpText(
      'after',
      `
The version is quarantined: it can be released for evaluation, and for serving once it has been published.
${CONTENTS_HELP}

Examples:
  twinlock deposit ./ocr --as acme/ocr@1 --key training.key
  twinlock deposit ~/.cache/huggingface/hub/models--acme--ocr/snapshots/COMMIT --as acme/ocr@1 --dry-run
  twinlock deposit ./ocr --as acme/ocr@1 --include '*.safetensors' --include '*.json' --exclude checkpoints
  twinlock deposit ./ocr --as acme/ocr@2 --model-signature ocr.sig`,
    )
    .action((folder: string, flags: DepositFlags, command: Command) =>
      invoke(command, (invocation) => run(invocation, folder, flags)),
    );
}

async function run(invocation: Invocation, folder: string, flags: DepositFlags): Promise<void> {
  const { terminal } = invocation;
  const { model, version } = parseModelVersion(flags.as);
  const modelSignature = flags.modelSignature === undefined ? null : await readSignature(flags.modelSignature);
  const contents = { model, version, folder, modelSignature };
  const found = await findContents(terminal, contents, flags);
  if (flags.dryRun === true) tellContents(terminal, contents, found);
  requireWhole(terminal, folder, found.check, flags);
  if (flags.dryRun === true) return;
  const connection = await signIn(invocation, ['depositor']);
  const replica = await follow(invocation, connection);
  const progress = terminal.progress('encrypting and uploading', 'bytes');
  const began = performance.now();
  try {
    const deposited = await deposit(connection, replica, {
      ...contents,
      files: found.files,
      now: Date.now,
      random: platformRandom,
      onProgress: ({ bytes, totalBytes }) => progress.update(bytes, totalBytes),
    });
    progress.end();
    const { manifest, files, bytes, envelopes } = deposited;
    const seconds = (performance.now() - began) / 1000;
    terminal.result({ model, version, ...deposited, ...contentsDocument(found), seconds }, [
      `deposited    ${model}@${version}: ${files} files, ${exactBytes(bytes)}`,
      `manifest     ${manifest}`,
      `envelopes    ${envelopes}, one for each of the custodians’ authenticators`,
      `state        quarantined: next, twinlock publish ${model}@${version}`,
    ]);
  } finally {
    progress.end();
  }
}

async function readSignature(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw fileError(error, path);
  }
}
