import { fromHex, type Hex, toHex, utf8 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { frameDigest } from '../../frame.ts';
import { type Facts, type Version, versionKey } from '../state.ts';

interface NamesVersion {
  readonly model: string;
  readonly version: string;
  readonly manifest: Hex;
  readonly commitments: Hex;
}

/**
 * The digest of a version as publish and release rest on it: frame("twinlock/v1/version", vault, model,
 * version, manifest digest, commitments digest). New shares have new commitments, so what was proposed over
 * the old ones no longer holds.
 */
export function versionBase(vault: Hex, { model, version, manifest, commitments }: NamesVersion): Hex {
  return toHex(
    frameDigest(
      'twinlock/v1/version',
      fromHex(vault),
      utf8(model),
      utf8(version),
      fromHex(manifest),
      fromHex(commitments),
    ),
  );
}

/** The version that a statement names. Throws `version_unknown`, or `manifest_mismatch` where it is another. */
export function versionOf(facts: Facts, named: NamesVersion): Version {
  const key = versionKey(named.model, named.version);
  const manifestDigest = facts.names.get(key);
  const version = manifestDigest === undefined ? undefined : facts.versions.get(manifestDigest);
  must(version !== undefined, 'version_unknown', `${key} has not been deposited`);
  const same = version.manifest === named.manifest && version.commitments === named.commitments;
  must(same, 'manifest_mismatch', `${key} has the manifest ${version.manifest}, not ${named.manifest}`);
  return version;
}
