import { must } from '../../src/core/errors.ts';
import { type Facts, type Version, versionKey } from '../../src/core/state/state.ts';

/** Throws `version_unknown`. */
export function versionNamed(facts: Facts, { model, version }: { model: string; version: string }): Version {
  const key = versionKey(model, version);
  const manifestDigest = facts.names.get(key);
  const found = manifestDigest === undefined ? undefined : facts.versions.get(manifestDigest);
  must(found !== undefined, 'version_unknown', `${key} has not been deposited`);
  return found;
}
