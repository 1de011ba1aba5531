import type { Command } from 'commander';
import { counted } from '../../src/core/counted.ts';
import { must } from '../../src/core/errors.ts';
import { namedReach, reachAdvice, reachOf, reachText } from '../../src/core/state/reach.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { MAX_INNER_BYTES } from '../../src/core/weights/manifest.ts';
import { parseModelVersion } from '../../src/core/weights/names.ts';
import { readInput } from '../../src/platform/files/input.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { deposit } from '../depositor/deposit.ts';
import { exactBytes } from '../display/exact.ts';
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
import { abandonUnfinished, listUnfinished } from './deposit-unfinished.ts';
import { type Invocation, invoke } from './invocation.ts';
import { tellOfStops } from './stops.ts';
import type { Terminal } from './terminal.ts';

interface DepositFlags extends ContentsFlags {
  readonly as?: string;
  readonly abandon?: string;
  readonly list?: boolean;
  readonly modelSignature?: string;
  readonly dryRun?: boolean;
  readonly replace?: boolean;
}

export function addDeposit(program: Command): void {
  const command = program
    .command('deposit [folder]')
    .description("encrypts a folder, splits its key among the custodians and uploads it, with a depositor's key")
    .option('--as <model@version>', 'the name of the version: namespace/name@version, never used before')
    .option('--model-signature <file>', 'an OpenSSF Model Signing bundle, for the hosts to verify');
  withContentsFlags(command)
    .option('--dry-run', 'list the files that would be deposited, with sizes and the total; needs no vault and no key')
    .option(
      '--replace',
      'give up an unfinished deposit of the same version, by another machine or of other files, for this one',
    )
    .option('--abandon <model@version>', 'give up an unfinished deposit: the vault and this machine delete all of it')
    .option('--list', 'list the unfinished deposits of this key, with sizes, age and when the vault drops them')
    .addHelpText(
      'after',
      `
The version is quarantined: it can be released for evaluation, and for serving once it has been published.
A deposit that was interrupted goes on with the same command, within an hour: then the vault drops what it has of it.
Where an unfinished deposit of the version is of another folder or other files, or is another machine's with the same
key, the command is refused and says what is unfinished; --replace gives that up and deposits this one.
${CONTENTS_HELP}

Examples:
  twinlock deposit ./ocr --as acme/ocr@1 --key training.key
  twinlock deposit ~/.cache/huggingface/hub/models--acme--ocr/snapshots/COMMIT --as acme/ocr@1 --dry-run
  twinlock deposit ./ocr --as acme/ocr@1 --include '*.safetensors' --include '*.json' --exclude checkpoints
  twinlock deposit ./ocr --as acme/ocr@2 --model-signature ocr.sig
  twinlock deposit --list
  twinlock deposit --abandon acme/ocr@2`,
    )
    .action((folder: string | undefined, flags: DepositFlags, command: Command) =>
      invoke(command, (invocation) => run(invocation, folder, flags)),
    );
}

async function run(invocation: Invocation, folder: string | undefined, flags: DepositFlags): Promise<void> {
  const { abandon, list = false, as } = flags;
  const isOne = [folder !== undefined || as !== undefined, abandon !== undefined, list].filter(Boolean).length === 1;
  must(
    isOne,
    'usage',
    'expected something to do: give a folder and --as MODEL@VERSION, or --abandon MODEL@VERSION, or --list',
  );
  if (abandon !== undefined) return abandonUnfinished(invocation, abandon);
  if (list) return listUnfinished(invocation);
  must(folder !== undefined, 'usage', `expected the folder to deposit as ${as}: give it before --as`);
  must(as !== undefined, 'usage', 'expected the name of the version: give --as MODEL@VERSION');
  return depositFolder(invocation, folder, as, flags);
}

async function depositFolder(
  invocation: Invocation,
  folder: string,
  named: string,
  flags: DepositFlags,
): Promise<void> {
  const { terminal } = invocation;
  const { model, version } = parseModelVersion(named);
  const modelSignature =
    flags.modelSignature === undefined ? null : await readInput(flags.modelSignature, MAX_INNER_BYTES);
  const contents = { model, version, folder, modelSignature };
  const found = await findContents(invocation, contents, flags);
  if (flags.dryRun === true) tellContents(terminal, contents, found);
  requireWhole(terminal, folder, found.check, flags);
  if (flags.dryRun === true) return;
  const connection = await signIn(invocation, ['depositor']);
  const replica = await follow(invocation, connection);
  const publishable = tellOfPublication(terminal, replica.facts, connection.principal.key);
  const progress = terminal.progress('encrypting and uploading', 'bytes');
  const began = performance.now();
  try {
    const deposited = await deposit(connection, replica, {
      ...contents,
      files: found.files,
      now: Date.now,
      random: platformRandom,
      stateDir: invocation.settings.stateDir,
      replace: flags.replace ?? false,
      signal: invocation.signal,
      onNote: terminal.note,
      onProgress: ({ bytes, totalBytes }) => progress.update(bytes, totalBytes),
    });
    progress.end();
    const { manifest, files, bytes, envelopes } = deposited;
    const seconds = (performance.now() - began) / 1000;
    terminal.result({ model, version, ...deposited, ...contentsDocument(found), publishable, seconds }, [
      `deposited    ${model}@${version}: ${counted(files, 'file')}, ${exactBytes(bytes)}`,
      `manifest     ${manifest}`,
      `envelopes    ${envelopes}, one for each of the custodians’ authenticators`,
      `state        quarantined: next, twinlock publish ${model}@${version}`,
    ]);
  } finally {
    progress.end();
  }
}

/** Warns before hours of uploading where the vault is stopped or no quorum can publish the version. */
function tellOfPublication(terminal: Terminal, facts: Facts, depositor: string): boolean {
  tellOfStops(terminal, facts, 'the version can be deposited, but the vault releases it to no host');
  const owner = facts.principals.get(depositor)?.owner;
  const reach = reachOf(facts, owner === undefined ? [] : [{ person: owner, why: 'depositor_owner' }]);
  if (reach.reachable) return true;
  const named = namedReach(facts, reach);
  terminal.note(`warning      no quorum can publish it: ${reachText(named)}: ${reachAdvice(named)}`);
  return false;
}
