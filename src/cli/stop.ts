import type { Command } from 'commander';
import { printable } from '../command-line/printable.ts';
import { NO_STOP_FILE, parseSignedStop, type SignedStop } from '../core/log/signed-stop.ts';
import { stopText } from '../core/state/running.ts';
import { alreadyText, STOPPED, stoppedText } from '../core/state/stop-text.ts';
import { statementDigest } from '../core/statement/statement.ts';
import { becomeOwner } from '../data-folder/data-folder.ts';
import { inputError, readOperatorFile } from '../platform/files/operator-file.ts';
import { stopByHand } from '../stopping/stop-by-hand.ts';

interface StopFlags {
  readonly json?: boolean;
}

export function addStop(program: Command): void {
  program
    .command('stop <file>')
    .description('records a stop that was carried here: by the daemon where it runs, and else by itself')
    .option('--json', 'the result as one line of JSON')
    .addHelpText(
      'after',
      `
For when the vault cannot be reached. FILE is what a custodian's console or twinlock stop --out wrote; its signature says
whose it is. To stop a stopped vault is no failure.

Examples:
  twinlockd stop /media/usb/stop.json
  twinlockd --data /var/lib/twinlock stop stop.json --json`,
    )
    .action((file: string, flags: StopFlags) => run(program.opts()['data'], file, flags));
}

async function run(dataDir: string, file: string, { json }: StopFlags): Promise<void> {
  const signed = readStop(file);
  becomeOwner(dataDir);
  const { index, already, earlier, stopped, names } = await stopByHand(dataDir, signed);
  const { statement } = signed;
  const { what } = statement;
  if (json === true) {
    console.log(JSON.stringify({ digest: statementDigest(statement), what, index, already, earlier, stopped, names }));
    return;
  }
  const where = index === null ? '' : `, entry ${index} of the log`;
  const done = already ? alreadyText(statement, names) : `${STOPPED[what]}: ${stoppedText(statement, names)}`;
  console.log(`${printable(done)}${where}`);
  if (earlier !== null && what !== 'all') console.log(`since it was stopped by ${printable(stopText(earlier))}`);
  for (const one of stopped ?? []) console.log(`the vault is stopped by ${printable(stopText(one))}`);
}

/** Names the file in every error about it. */
function readStop(file: string): SignedStop {
  let bytes: Uint8Array;
  try {
    bytes = readOperatorFile(file);
  } catch (error) {
    throw inputError(error, file);
  }
  try {
    return parseSignedStop(bytes);
  } catch (error) {
    throw inputError(error, `${file}: ${NO_STOP_FILE}`);
  }
}
