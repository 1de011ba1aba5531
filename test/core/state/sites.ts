import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TwinlockError } from '../../../src/core/errors.ts';

const SOURCES = join(import.meta.dirname, '../../../src');
const CORE = join(SOURCES, 'core');

/** The place at which an error was thrown or `must` was called, below src/core or src: `state/entries/stop.ts:57`. */
export function siteOf(error: TwinlockError): string {
  const frames = (error.stack ?? '').split('\n').map((line) => line.split(`${SOURCES}/`)[1]?.replace(/^core\//, ''));
  const site = frames.find((frame) => frame !== undefined && !frame.startsWith('errors.ts'));
  return site?.replace(/:\d+\)?$/, '') ?? 'nowhere';
}

/** Every place below src/core/state where something is refused. */
export function sitesOfState(): string[] {
  const files = readdirSync(join(CORE, 'state'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      readFileSync(join(CORE, 'state', file), 'utf8')
        .split('\n')
        .flatMap((line, i) => (/\bmust\(|throw new TwinlockError\(/.test(line) ? [`state/${file}:${i + 1}`] : [])),
    );
}

/** The error that a call ends with. */
export async function failureOf(call: () => unknown): Promise<TwinlockError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof TwinlockError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}
