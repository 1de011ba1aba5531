import type { Command } from 'commander';
import { comparisonCode, REQUEST_WORDS } from '../../src/core/statement/comparison-code.ts';
import { requireUnused } from '../../src/platform/files/durable.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { DEFAULT_RETRY } from '../api/retry.ts';
import { exactInstant } from '../display/exact.ts';
import { type PendingRelease, writePendingRelease } from '../host/pending-release.ts';
import { requestRelease } from '../host/request.ts';
import { inTurn, type Turn } from '../host/turn.ts';
import { collectorOf } from './collector-flags.ts';
import { type Connection, signIn } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { type RequestFlags, releaseRequestOf, withRequestFlags } from './request-flags.ts';

interface AskFlags extends RequestFlags {
  readonly keys: string;
  readonly to?: string;
}

export function addRequest(program: Command): void {
  withRequestFlags(program.command('request <model@version>'))
    .description("asks the custodians to release a version to this host, with a requester's key")
    .requiredOption('--keys <file>', "the file to write the host's one-time keys to, for twinlock fetch --keys")
    .option(
      '--to <folder>',
      'the folder that twinlock fetch will write to: the command checks its free space before it makes the request',
    )
    .addHelpText(
      'after',
      `
Tell the custodians the four words of the code: theirs must be the same.

What the host runs is proved by its hardware: SEV-SNP or TDX, Azure's paravisor, and NVIDIA GPUs where nvattest is
installed. What there is to prove can be seen with twinlock evidence.

Examples:
  twinlock request acme/ocr@1 --reason 'rollout, OPS-7' --keys ocr.keys
  twinlock request acme/ocr@1 --purpose evaluation --reason 'first eval' --keys eval.keys --simulated-chip chip
  twinlock request acme/ocr@1 --reason 'OPS-7' --keys ocr.keys --tpm-ak 0x81010002 --tpm-ak-certificate ak.pem
  twinlock request acme/ocr@1 --reason 'OPS-7' --keys ocr.keys --token-command 'ita-token --data {reportData}'`,
    )
    .action((target: string, flags: AskFlags, command: Command) =>
      invoke(command, (invocation) => run(invocation, target, flags)),
    );
}

async function run(invocation: Invocation, target: string, flags: AskFlags): Promise<void> {
  releaseRequestOf(target, flags);
  await requireFree(flags.keys);
  const turn = turnOf(invocation);
  const connection = await turn(() => signIn(invocation, ['requester']));
  const pending = await askForRelease(connection, target, flags, flags.to ?? null, turn);
  await writePendingRelease(flags.keys, pending);
  const { release, expires } = pending;
  const code = comparisonCode(release, REQUEST_WORDS);
  invocation.terminal.result({ release, code, expires, keys: flags.keys }, [
    ...requestLines(target, pending),
    `keys         ${flags.keys}: a person who has this file can use the release; delete it when you are done`,
    `next         twinlock fetch --keys ${flags.keys} --to ${flags.to ?? 'FOLDER'}, which waits for the custodians`,
  ]);
}

/** Waits while the vault has as many requests of this key as it accepts at once; notes each reason once. */
export function turnOf({ terminal }: Invocation): Turn {
  const told = new Set<string>();
  return inTurn(DEFAULT_RETRY, ({ message }) => {
    if (told.has(message)) return;
    told.add(message);
    terminal.note(`waiting      for its turn: ${message}`);
  });
}

/**
 * Makes one-time keys, has this host appraised and proposes the release. Checks first that `folder` has room for the
 * version; null skips the check.
 */
export async function askForRelease(
  connection: Connection,
  target: string,
  flags: RequestFlags,
  folder: string | null,
  turn: Turn,
): Promise<PendingRelease> {
  const request = releaseRequestOf(target, flags);
  const collector = await collectorOf(flags);
  const { fingerprint } = connection;
  const options = { fingerprint, folder, turn, now: Date.now, random: platformRandom };
  return requestRelease(connection, request, [collector], options);
}

export function requestLines(target: string, { release, expires }: PendingRelease): readonly string[] {
  return [
    `requested    ${target}`,
    `digest       ${release}`,
    `code         ${comparisonCode(release, REQUEST_WORDS)}`,
    `until        ${exactInstant(expires)}`,
  ];
}

/** Checked before the request: it is useless if its keys cannot be kept. */
function requireFree(path: string): Promise<void> {
  return requireUnused(path, 'it may hold the keys of another request: give --keys another name');
}
