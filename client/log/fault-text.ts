import { isCode } from '../../src/core/errors.ts';
import type { VaultStatus } from '../api/api.ts';

/**
 * The text about a fault that a vault has found in its own log, and what to do. It is the vault's word: an unknown code
 * is not repeated.
 */
export function faultText({ code, entry }: NonNullable<VaultStatus['fault']>): string {
  const where = entry === null ? '' : ` in entry ${entry}`;
  return `the vault says that its log has a fault${where}${isCode(code) ? ` (${code})` : ''}: it takes no approval and releases nothing, and it takes stops. Let an auditor verify the whole log (twinlock audit), alert the other custodians, and let the operator keep the data folder as it is`;
}
