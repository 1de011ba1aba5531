import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TWINLOCKD = join(import.meta.dirname, '../../bin/twinlockd.js');
const START_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 10_000;
const POLL_MS = 25;

/** The temporary folder that everything of one demo lies in; nothing is left of it unless it is kept. */
export class Workspace {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'twinlock-demo-'));
  /** The vault's own data folder. */
  readonly data: string = join(this.folder, 'vault');
  /** The daemon's process; 0 while there is none. */
  #pid = 0;
  #starts = 0;

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  get pid(): number {
    return this.#pid;
  }

  /** `twinlockd init`: the invitation of each founder, by name. */
  async init(founders: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const named = founders.flatMap((name) => ['--founder', name]);
    const output = await run(['--data', this.data, 'init', '--grade', 'simulation', ...named, '--json']);
    const { invitations } = JSON.parse(output) as { invitations: { name: string; invitation: string }[] };
    return new Map(invitations.map(({ name, invitation }) => [name, invitation]));
  }

  /**
   * `twinlockd serve`, apart from this process so that it can outlive it; on a free port where none is given.
   * Returns its address.
   */
  async serve(port = '0'): Promise<string> {
    const log = this.path(`daemon-${++this.#starts}.log`);
    const output = openSync(log, 'a', 0o600);
    const child = spawn(process.execPath, [TWINLOCKD, '--data', this.data, 'serve', '--listen', `127.0.0.1:${port}`], {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, TWINLOCK_LOG_LEVEL: 'info' },
    });
    closeSync(output);
    this.#pid = child.pid ?? 0;
    let hasEnded = false;
    child.once('exit', () => {
      hasEnded = true;
      this.#pid = 0;
    });
    child.unref();
    const latest = performance.now() + START_WITHIN_MS;
    for (;;) {
      const text = readFileSync(log, 'utf8');
      const url = addressIn(text);
      if (url !== null) return url;
      if (hasEnded || performance.now() > latest) throw new Error(`the daemon did not start:\n${text}`);
      await sleep(POLL_MS);
    }
  }

  /** Asks the daemon to end, and waits for it. */
  async stop(): Promise<void> {
    const pid = this.#pid;
    if (pid === 0) return;
    process.kill(pid, 'SIGTERM');
    const latest = performance.now() + STOP_WITHIN_MS;
    while (this.#pid !== 0 && performance.now() < latest) await sleep(POLL_MS);
  }

  /** At once, also from where nothing can be awaited. */
  remove(): void {
    if (this.#pid !== 0) process.kill(this.#pid, 'SIGKILL');
    this.#pid = 0;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [TWINLOCKD, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`twinlockd ${args.join(' ')} ended with ${code}: ${errors}`));
    });
  });
}

/** The daemon's log is a JSON document a line; the last may be half written. */
function addressIn(log: string): string | null {
  for (const line of log.split('\n').slice(0, -1)) {
    const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
    if (msg === 'serving' && url !== undefined) return url;
  }
  return null;
}
