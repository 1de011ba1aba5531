import * as z from 'zod/mini';
import { parseCanonicalAs } from '../canonical.ts';
import { must } from '../errors.ts';
import { binary, digest, modelName, u64Text, versionName } from '../schema.ts';
import { MAX_FILES, MAX_INNER_BYTES, type ManifestCore } from './manifest.ts';
import { parseFilePaths } from './names.ts';

const innerSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('inner-manifest'),
  model: modelName,
  version: versionName,
  /** In the order of the core's files from the second on. */
  files: z
    .array(z.strictObject({ path: z.string(), size: u64Text, sha256: digest }))
    .check(z.minLength(1), z.maxLength(MAX_FILES - 1)),
  /** An OpenSSF Model Signing bundle. */
  modelSignature: z.nullable(binary(1, MAX_INNER_BYTES)),
});

/**
 * The names and plaintext digests of a version's files, encrypted as file 0: a public digest of a plaintext
 * would confirm a guess.
 */
export type InnerManifest = z.infer<typeof innerSchema>;

/**
 * Parses a decrypted inner manifest and holds it against the core it belongs to. The depositor is not trusted
 * with the host's disk, so paths are checked. Throws `too_large`, `malformed`, `not_canonical`, `invalid_name`,
 * and `manifest_mismatch` where model, version, number of files or a size is not the core's.
 */
export function parseInnerManifest(bytes: Uint8Array, core: ManifestCore): InnerManifest {
  const inner = parseCanonicalAs(innerSchema, bytes, MAX_INNER_BYTES, 'inner-manifest');
  const [self, ...files] = core.files;
  const isOfCore = inner.model === core.model && inner.version === core.version && self?.size === String(bytes.length);
  must(isOfCore, 'manifest_mismatch', 'inner-manifest: of another model, version or size than the core says');
  const isCounted = inner.files.length === files.length;
  must(isCounted, 'manifest_mismatch', `inner-manifest.files: expected ${files.length}, got ${inner.files.length}`);
  for (const [i, { size }] of inner.files.entries()) {
    const expected = files[i]?.size;
    must(size === expected, 'manifest_mismatch', `inner-manifest.files.${i}.size: expected ${expected}, got ${size}`);
  }
  parseFilePaths(inner.files.map((entry) => entry.path));
  return inner;
}
