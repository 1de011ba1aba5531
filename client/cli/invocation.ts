import type { Command } from 'commander';
import { TwinlockError } from '../../src/core/errors.ts';
import { exitCodeOf } from '../../src/core/exit-codes.ts';
import { systemError } from '../../src/platform/files/system-error.ts';
import { interruptible } from './interrupt.ts';
import { type GlobalFlags, type Settings, settingsOf } from './settings.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/** Milliseconds for an interrupted command to finish: a fetch needs up to 10 s to withdraw its request. */
const INTERRUPTED_MS = 12_000;

/** One run of a command. */
export interface Invocation {
  readonly settings: Settings;
  readonly terminal: Terminal;
  /** Aborted when the person interrupts; the command then ends with `cancelled`. */
  readonly signal: AbortSignal;
}

/** Runs a command's work and turns an error into a message and an exit code. */
export async function invoke(command: Command, act: (invocation: Invocation) => Promise<void>): Promise<void> {
  const flags = command.optsWithGlobals<GlobalFlags>();
  const terminal = openTerminal(flags.json === true, { out: process.stdout, err: process.stderr });
  const signal = interruptible(INTERRUPTED_MS);
  try {
    await act({ settings: settingsOf(flags, process.env), terminal, signal });
  } catch (error) {
    const known = systemError(error);
    // A fault of this program.
    if (!(known instanceof TwinlockError)) throw known;
    terminal.failure(known);
    process.exitCode = exitCodeOf(known);
  }
}
