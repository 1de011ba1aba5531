import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Background } from './background.ts';

const TWINLOCKD = join(import.meta.dirname, '../bin/twinlockd.js');
const CONSOLE = join(import.meta.dirname, 'console/main.ts');

/** The temporary folder of one demo; the demo removes it at the end unless the user keeps it. */
export class Workspace {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'twinlock-demo-'));
  /** The vault's own data folder. */
  readonly data: string = join(this.folder, 'vault');
  #daemon: Background | null = null;
  #starts = 0;
  readonly #started: Background[] = [];

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** The processes that still run. */
  get pids(): readonly number[] {
    return this.#started.flatMap(({ pid }) => pid ?? []);
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
    const args = [TWINLOCKD, '--data', this.data, 'serve', '--listen', `127.0.0.1:${port}`];
    const daemon = this.#start(args, this.path(`daemon-${++this.#starts}.log`));
    this.#daemon = daemon;
    return daemon.serving(({ msg, url }) => (msg === 'serving' ? (url ?? null) : null));
  }

  /** A custodian's console with their simulated key; see console/main. Returns its address. */
  async openConsole(settings: string, log: string): Promise<string> {
    return this.#start([CONSOLE, settings], log).serving(({ url }) => url ?? null);
  }

  /** Asks the daemon to end, and waits for it. */
  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  /** Kills the processes and removes the folder, without waiting. */
  remove(): void {
    for (const process of this.#started) process.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #start(args: readonly string[], log: string): Background {
    const started = new Background(args, log);
    this.#started.push(started);
    return started;
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
