import type { Command } from 'commander';
import { TwinlockError } from '../../src/core/errors.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { type GlobalFlags, type Settings, settingsOf } from './settings.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/** The terminal, npx and the launcher each pass on one and the same Ctrl-C. */
const SAME_INTERRUPT_MS = 500;

/** One run of a command. */
export interface Invocation {
  readonly settings: Settings;
  readonly terminal: Terminal;
  /** Given when the person interrupts: whatever is under way ends with `cancelled`. */
  readonly signal: AbortSignal;
}

/** Runs a command's work and turns what it throws into a message and an exit code. */
export async function invoke(command: Command, act: (invocation: Invocation) => Promise<void>): Promise<void> {
  const flags = command.optsWithGlobals<GlobalFlags>();
  const terminal = openTerminal(flags.json === true, { out: process.stdout, err: process.stderr });
  const interrupted = new AbortController();
  let firstMs: number | null = null;
  const onSignal = () => {
    firstMs ??= performance.now();
    // The second time, at once.
    if (performance.now() - firstMs > SAME_INTERRUPT_MS) process.exit(EXIT.cancelled);
    interrupted.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    await act({ settings: settingsOf(flags, process.env), terminal, signal: interrupted.signal });
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    terminal.failure(error);
    process.exitCode = exitCodeOf(error);
  }
}
