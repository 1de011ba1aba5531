import { must } from '../src/core/errors.ts';
import { type Facts, type Version, versionKey } from '../src/core/state/state.ts';

/** Throws `version_unknown`. */
export function versionNamed(facts: Facts, { model, version }: { model: string; version: string }): Version {
  const key = versionKey(model, version);
  const manifest = facts.names.get(key);
  const found = manifest === undefined ? undefined : facts.versions.get(manifest);
  must(found !== undefined, 'version_unknown', `${key} has not been deposited`);
  return found;
}
