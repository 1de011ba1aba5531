import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { TwinlockError } from '../../../src/core/errors.ts';

const execFileBytes = promisify(execFile);

/** Evidence of eight GPUs and four switches is 150 KiB. */
const MAX_OUTPUT_BYTES = 2 << 20;
/** Eight GPUs answer one after the other, each in seconds. */
const TIMEOUT_MS = 60_000;
const MAX_COMPLAINT_LENGTH = 300;

export interface Command {
  /** A name on PATH, or a path. */
  readonly file: string;
  /** Every user of the machine can read them: never a secret. */
  readonly args: readonly string[];
  /** Variables that it gets, where they are set; PATH always. */
  readonly variables: readonly string[] | 'all';
  /** The remedy if it is missing or fails. */
  readonly remedy: string;
  readonly timeoutMs?: number;
}

/**
 * What the program printed: without a shell, within 60 seconds and 2 MiB. Throws `unavailable` for a program
 * that is not there, fails, or says too much or too little.
 */
export async function runCommand({ file, args, variables, remedy, timeoutMs }: Command): Promise<Uint8Array> {
  const running = execFileBytes(file, [...args], {
    encoding: 'buffer',
    env: environment(variables),
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: timeoutMs ?? TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  // It has nothing to ask.
  running.child.stdin?.end();
  try {
    return (await running).stdout;
  } catch (error) {
    throw new TwinlockError(
      'unavailable',
      `${file}: ${complaintOf(error as Failure)}; ${remedy}`,
      {},
      { cause: error },
    );
  }
}

/** The path at which a shell would find the program, or null. */
export async function findProgram(name: string, path = process.env['PATH'] ?? ''): Promise<string | null> {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return null;
}

function environment(variables: Command['variables']): NodeJS.ProcessEnv {
  if (variables === 'all') return process.env;
  const named = ['PATH', ...variables].filter((name) => process.env[name] !== undefined);
  return Object.fromEntries(named.map((name) => [name, process.env[name]]));
}

interface Failure {
  readonly code?: unknown;
  readonly killed?: boolean;
  readonly stderr?: Uint8Array;
}

function complaintOf({ code, killed, stderr }: Failure): string {
  if (code === 'ENOENT') return 'there is no such program';
  if (code === 'EACCES') return 'this user may not run it';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `it printed more than ${MAX_OUTPUT_BYTES} bytes`;
  if (killed === true) return 'it gave no answer in time';
  const said = new TextDecoder().decode(stderr).trim().replaceAll('\n', ' ').slice(0, MAX_COMPLAINT_LENGTH);
  return `it failed${typeof code === 'number' ? ` with exit code ${code}` : ''}${said === '' ? '' : `: ${said}`}`;
}
