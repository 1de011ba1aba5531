import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const START_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 10_000;
const POLL_MS = 25;

interface LogLine {
  readonly msg?: string;
  readonly url?: string;
}

/** A program of ours, apart from this process so that it can outlive it, with a log of its own (mode 0600). */
export class Background {
  readonly #args: readonly string[];
  readonly #log: string;
  readonly #child: ChildProcess;
  #hasEnded = false;

  constructor(args: readonly string[], log: string) {
    this.#args = args;
    this.#log = log;
    const output = openSync(log, 'a', 0o600);
    this.#child = spawn(process.execPath, args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, TWINLOCK_LOG_LEVEL: 'info' },
    });
    closeSync(output);
    this.#child.once('exit', () => {
      this.#hasEnded = true;
    });
    this.#child.unref();
  }

  /** Null once it has ended. */
  get pid(): number | null {
    return this.#hasEnded ? null : (this.#child.pid ?? null);
  }

  /** Waits for the line of its log, a JSON document, in which `urlIn` finds where it serves. Throws with the log. */
  async serving(urlIn: (line: LogLine) => string | null): Promise<string> {
    const latest = performance.now() + START_WITHIN_MS;
    for (;;) {
      const text = readFileSync(this.#log, 'utf8');
      // The last line may be half written.
      for (const line of text.split('\n').slice(0, -1)) {
        const url = line.startsWith('{') ? urlIn(JSON.parse(line) as LogLine) : null;
        if (url !== null) return url;
      }
      if (this.#hasEnded || performance.now() > latest) {
        throw new Error(`${this.#args.join(' ')} did not start:\n${text}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Asks the program to end, and waits until it has. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill('SIGTERM');
    const latest = performance.now() + STOP_WITHIN_MS;
    while (!this.#hasEnded && performance.now() < latest) await sleep(POLL_MS);
  }

  /** Kills the program without waiting for its end. */
  kill(): void {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
  }
}
