import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { must } from '../core/errors.ts';
import type { Grade } from '../core/schema.ts';
import { portTrouble } from '../sockets/blocked-ports.ts';

/** Shared by the commands: the default address of a vault, and the reading of flags. */

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 8443;
export const DEFAULT_DATA = 'twinlock-data';

/** Reads `--data`, also from a variable. Refuses an empty one: it would mean the folder in which the daemon runs. */
export function folderNamed(text: string): string {
  if (text === '') throw new InvalidArgumentError('it is empty: name the folder of the vault');
  return text;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

/** Collects the values of a flag that may be repeated. */
export const collect = (text: string, before: string[] = []): string[] => [...before, text];

/** Reads `--grade`. Throws `usage`. */
export function requireGrade(text: string): Grade {
  const isGrade = text === 'production' || text === 'simulation';
  must(isGrade, 'usage', `--grade: expected production or simulation, got ${text}`);
  return text;
}

/** Collects the values of `--host`, which may be repeated: each is a name or an address that a certificate can hold. */
export function hostNames(text: string, before: readonly string[] = []): readonly string[] {
  const isName = text.length <= 253 && text.split('.').every((label) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i.test(label));
  if (isIP(text) === 0 && !isName) {
    throw new InvalidArgumentError('expected a host name or an IP address, without https:// and without a port');
  }
  return [...before, text];
}

/** Where a vault answers. */
export function vaultOrigin(text: string): URL {
  const url = URL.parse(text);
  const isOrigin = url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.hash === '';
  if (!isOrigin || url.username !== '') throw new InvalidArgumentError('expected https://HOST:PORT');
  const trouble = portTrouble(url);
  if (trouble !== null) throw new InvalidArgumentError(trouble);
  return url;
}
