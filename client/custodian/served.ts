import type { Facts } from '../../src/core/state/state.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import { counted, exactBytes } from '../display/exact.ts';

/** The budget of a release as a custodian reads it: in bytes, and in times of what each of its hosts has to fetch. */
export function servedText(
  { bytes, manifest, hosts }: Pick<StatementOf<'release'>, 'bytes' | 'manifest' | 'hosts'>,
  { versions }: Pick<Facts, 'versions'>,
): string {
  const most = exactBytes(BigInt(bytes));
  const needed = (versions.get(manifest)?.bytes ?? 0n) * BigInt(hosts.length);
  if (needed === 0n) return most;
  const tenths = (10n * BigInt(bytes)) / needed;
  const each = hosts.length === 1 ? 'one host' : `each of ${counted(hosts.length, 'host')}`;
  return `${most}, which is ${tenths / 10n}.${tenths % 10n} times the version for ${each}`;
}
