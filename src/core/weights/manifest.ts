import * as z from 'zod/mini';
import { fromBase64url, fromHex, type Hex, toHex } from '../bytes.ts';
import { digestOf, digestOfObject, parseCanonicalAs } from '../canonical.ts';
import { must } from '../errors.ts';
import { frame } from '../frame.ts';
import { binary, digest, ed25519Key, id, instantMs, modelName, u64Text, versionName } from '../schema.ts';
import { decodeCommitments } from '../share/commitments.ts';
import { requireIndices, requireThreshold } from '../share/share.ts';
import { manifestContext } from './release-key.ts';

/** The largest models have some hundred files; a core of this many still fits its limit. */
export const MAX_FILES = 10_000;
/** A core is kept as long as the log, and every custodian's client reads it. */
export const MAX_CORE_BYTES = 4 * 1024 * 1024;
/** 16 TiB: 2^24 segments, a sidecar of 512 MiB. */
export const MAX_FILE_BYTES = 2 ** 44;
/** The limit of what a host holds in memory before it knows a name. */
export const MAX_INNER_BYTES = 4 * 1024 * 1024;

const fileBytes = u64Text.check(z.refine((text) => BigInt(text) <= MAX_FILE_BYTES, 'expected at most 2^44 bytes'));

const file = z.strictObject({
  /** Bytes of plaintext. */
  size: fileBytes,
  /** FLOE header. */
  header: binary(74, 74),
  /** Root of the ciphertext tree. */
  root: digest,
});

const coreSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('manifest'),
  vault: digest,
  committee: id,
  epoch: z.int().check(z.gte(1)),
  model: modelName,
  version: versionName,
  ctx: digest,
  threshold: z.int(),
  /** The indices of the custodians who hold shares, ascending. */
  indices: z.array(z.int()).check(z.maxLength(255)),
  /** C₀ … Cₜ₋₁, as many as the threshold. */
  commitments: z.array(binary(32, 32)).check(z.maxLength(255)),
  keyCheck: digest,
  depositor: ed25519Key,
  created: instantMs,
  /** The inner manifest, and at least one file of the model. */
  files: z.array(file).check(z.minLength(2), z.maxLength(MAX_FILES)),
});

/**
 * The manifest core: what the depositor signs, and what everything else names by its digest. It is public to
 * the vault; the names of the files are not in it.
 */
export type ManifestCore = z.infer<typeof coreSchema>;
export type ManifestFile = z.infer<typeof file>;

export interface Manifest {
  readonly core: ManifestCore;
  /** SHA-256 of the canonical form, hex. */
  readonly digest: Hex;
}

/**
 * Parses an attacker-controlled manifest core; its signature is the caller's to check, over
 * `manifestSignatureMessage`. Throws `too_large`, `malformed`, `not_canonical`, `invalid_threshold`,
 * `invalid_index`, `invalid_point`, and `manifest_mismatch` where the context is not that of the vault, model
 * and version named.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const core = parseCanonicalAs(coreSchema, bytes, MAX_CORE_BYTES, 'manifest');
  requireCommittee(core);
  const context = toHex(manifestContext(core.vault, core.model, core.version));
  must(core.ctx === context, 'manifest_mismatch', 'manifest.ctx: not that of this vault, model and version');
  const innerBytes = plainBytes(core.files[0] as ManifestFile);
  must(innerBytes > 0 && innerBytes <= MAX_INNER_BYTES, 'malformed', 'manifest.files.0.size: not an inner manifest');
  return { core, digest: digestOf(bytes) };
}

function requireCommittee({ threshold, indices, commitments }: ManifestCore): void {
  requireThreshold(threshold);
  requireIndices(indices);
  const isAscending = indices.every((index, i) => i === 0 || index > (indices[i - 1] as number));
  must(isAscending, 'invalid_index', 'manifest.indices: expected ascending indices');
  must(indices.length >= threshold, 'invalid_threshold', `manifest.threshold: more than the ${indices.length} indices`);
  const isThreshold = commitments.length === threshold;
  must(isThreshold, 'invalid_threshold', `manifest.commitments: expected ${threshold}, got ${commitments.length}`);
  decodeCommitments(commitments.map(fromBase64url));
}

/** SHA-256 of the canonical form of a core, hex. Throws `not_canonical`. */
export function manifestDigest(core: ManifestCore): Hex {
  return digestOfObject(core);
}

/**
 * The bytes that the depositor signs with Ed25519: frame("twinlock/v1/manifest", vault, digest). Both are 32 bytes in
 * hex.
 */
export function manifestSignatureMessage(vault: Hex, coreDigest: Hex): Uint8Array {
  return frame('twinlock/v1/manifest', fromHex(vault), fromHex(coreDigest));
}

/** Bytes of plaintext of a parsed file: at most 2^44, so a number holds them. */
export function plainBytes(entry: ManifestFile): number {
  return Number(entry.size);
}
