import { utf8 } from '../bytes.ts';
import { frame } from '../frame.ts';
import { ed25519KeyBytes } from './key.ts';
import type { PrincipalRecord } from './statement.ts';

/**
 * What a principal's own key signs to show that its holder enrols it:
 * frame("twinlock/v1/possession", role, name, key). Not bound to a vault: genesis names principals
 * before a vault has a fingerprint.
 */
export function possessionMessage(record: Pick<PrincipalRecord, 'role' | 'name' | 'key'>): Uint8Array {
  return frame('twinlock/v1/possession', utf8(record.role), utf8(record.name), ed25519KeyBytes(record.key));
}

/** Whether a scope of `models` covers the model: the same name, all of its namespace, or everything. */
export function inScope(models: readonly string[], model: string): boolean {
  return models.some((scope) => scope === '*' || scope === model || scope === `${model.split('/')[0]}/*`);
}
