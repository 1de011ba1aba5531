import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '../..');
/** The repository's own; a runner started by hand may run on an older one, which reads no TypeScript. */
const OWN_NODE = join(ROOT, 'node_modules/.bin/node');
export const NODE: string = existsSync(OWN_NODE) ? OWN_NODE : process.execPath;

/** `twinlockd serve` as a process of its own, as an operator runs it. */
export interface DaemonProcess {
  readonly child: ChildProcess;
  /** Its address, once it serves. Rejects with what it printed where it ends before. */
  readonly url: Promise<string>;
  /** Everything that it has printed. */
  output(): string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** `port` 0 takes a free one; `more` are further arguments of `serve`. */
export function startProcess(dataDir: string, port = 0, more: readonly string[] = []): DaemonProcess {
  const args = [join(ROOT, 'src/main.ts'), '--data', dataDir, 'serve', '--listen', `127.0.0.1:${port}`, ...more];
  const child = spawn(NODE, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const gone = once(child, 'close') as Promise<[number | null]>;
  const { promise: url, resolve, reject } = Promise.withResolvers<string>();
  url.catch(() => undefined);
  createInterface(child.stderr).on('line', (line) => lines.push(line));
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    if (line.includes('"msg":"serving"')) resolve((JSON.parse(line) as { url: string }).url);
  });
  void gone.then(() => reject(new Error(`twinlockd has ended:\n${lines.join('\n')}`)));
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const [code] = await gone;
    return code;
  };
  return {
    child,
    url,
    output: () => lines.join('\n'),
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

/** The most memory that a process has ever held, in MiB (VmHWM of proc(5)). */
export function peakMiB(pid: number | undefined): number {
  return statusMiB(pid, 'VmHWM');
}

/** What it holds now (VmRSS). */
export function residentMiB(pid: number | undefined): number {
  return statusMiB(pid, 'VmRSS');
}

function statusMiB(pid: number | undefined, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
  if (found === null) throw new Error(`process ${pid} has ended`);
  return Number(found[1]) / 1024;
}
