import { type Appraisal, parseAppraisal } from '../attest/appraisal.ts';
import type { Hex } from '../bytes.ts';
import { digestOf } from '../canonical.ts';
import { must } from '../errors.ts';
import { type Policy, parsePolicy } from '../statement/policy.ts';
import { type ManifestCore, parseManifest } from '../weights/manifest.ts';

/**
 * The objects beside the log, by digest. Attacker-controlled: `objectOf` compares the digest of each object it returns.
 */
export type Objects = ReadonlyMap<Hex, Uint8Array>;

/**
 * The bytes of the object with a digest. Throws `object_missing`, or `object_mismatch` if the bytes have another
 * digest.
 */
export function objectOf(objects: Objects, digest: Hex, what: string): Uint8Array {
  const bytes = objects.get(digest);
  must(bytes !== undefined, 'object_missing', `the ${what} ${digest} is not beside the log`);
  const got = digestOf(bytes);
  must(got === digest, 'object_mismatch', `expected a ${what} with digest ${digest}, got ${got}`);
  return bytes;
}

/** Reads the policy with a digest. Throws as `objectOf` and `parsePolicy`. */
export function policyObject(objects: Objects, digest: Hex): Policy {
  return parsePolicy(objectOf(objects, digest, 'policy')).policy;
}

/** Reads the manifest core with a digest. Throws as `objectOf` and `parseManifest`. */
export function manifestObject(objects: Objects, digest: Hex): ManifestCore {
  return parseManifest(objectOf(objects, digest, 'manifest core')).core;
}

/** Reads the appraisal with a digest. Throws as `objectOf` and `parseAppraisal`. */
export function appraisalObject(objects: Objects, digest: Hex): Appraisal {
  return parseAppraisal(objectOf(objects, digest, 'appraisal')).appraisal;
}
