import { utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { frame } from '../frame.ts';
import { quoted } from '../quoted.ts';
import { ed25519KeyBytes } from '../signature/key-text.ts';
import type { PrincipalRecord } from './statement.ts';

/**
 * What a principal's own key signs to show that its holder enrols it:
 * frame("twinlock/v1/possession", role, name, key). Not bound to a vault: genesis names principals
 * before a vault has a fingerprint.
 */
export function possessionMessage(record: Pick<PrincipalRecord, 'role' | 'name' | 'key'>): Uint8Array {
  return frame('twinlock/v1/possession', utf8(record.role), utf8(record.name), ed25519KeyBytes(record.key));
}

/** Scopes that an error lists. */
const MAX_LISTED = 8;

/** Throws `out_of_scope` where the key's scope does not cover the model. */
export function requireInScope(key: Pick<PrincipalRecord, 'name' | 'models'>, model: string): void {
  must(inScope(key.models, model), 'out_of_scope', outOfScopeText(key, model));
}

/** The models that the key may name, and what to do for another model. */
export function outOfScopeText({ name, models }: Pick<PrincipalRecord, 'name' | 'models'>, model: string): string {
  const more = models.length > MAX_LISTED ? ` and ${models.length - MAX_LISTED} more` : '';
  return `the key ${quoted(name)} may name ${models.slice(0, MAX_LISTED).join(', ')}${more}, got ${model}: make a key for it (twinlock key create --models), which a quorum enrols`;
}

/** Whether a scope of `models` covers the model: the same name, all of its namespace, or everything. */
export function inScope(models: readonly string[], model: string): boolean {
  return models.some((scope) => scope === '*' || scope === model || scope === `${model.split('/')[0]}/*`);
}
