import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a daemon may lie although it is not on the PATH of everybody. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** The path of an installed command; null where there is none. */
export function installed(command: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS];
  for (const path of folders.map((folder) => join(folder, command))) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next one
    }
  }
  return null;
}

/** Runs a command to its end and gives what it printed. Throws with what it complained of. */
export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let output = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${complaint}`));
    });
  });
}

/** Resolves when the file is on disk, which none of the commands sees to itself. */
export function toDisk(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
