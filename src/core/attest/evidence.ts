import { sha256, sha512 } from '@noble/hashes/sha2.js';
import * as z from 'zod/mini';
import { fromBase64url, fromHex, type Hex, u64, utf8, ZERO_32 } from '../bytes.ts';
import { digestOf, digestOfObject, parseCanonicalAs } from '../canonical.ts';
import { KEM_PUBLIC_KEY_BYTES } from '../envelope/xwing.ts';
import { frame, frameDigest } from '../frame.ts';
import { binary, digest, ed25519Key } from '../schema.ts';
import { ed25519KeyBytes } from '../signature/key-text.ts';
import { reportsOf } from './kit/table.ts';
import { DEVICES, PLATFORMS, type PlatformId } from './platforms.ts';
import { requestDigest, requestSchema } from './request.ts';

/** Evidence of one host, GPUs included; the largest seen in the field is a tenth of this. */
export const MAX_EVIDENCE_BYTES = 1 << 20;

export const gpuEvidence = z.discriminatedUnion('kind', reportsOf(DEVICES));
export type GpuEvidence = z.infer<typeof gpuEvidence>;

/** A CPU's report or a TPM's, by its platform. */
export const cpuReport = z.discriminatedUnion('platform', reportsOf(PLATFORMS));

/**
 * What a host sends: the request it answers, the fresh values its nonce was made of, its two one-time
 * keys, and the platform's report that binds them (design: formats, "Host binding").
 */
const evidenceSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('evidence'),
  vault: digest,
  request: requestSchema,
  checkpoint: z.strictObject({
    origin: z.string().check(z.maxLength(128)),
    size: z.int().check(z.gte(1)),
    root: digest,
  }),
  /** 32 random bytes that the vault gave for this request. */
  random: digest,
  kem: binary(KEM_PUBLIC_KEY_BYTES, KEM_PUBLIC_KEY_BYTES),
  receiptKey: ed25519Key,
  /** The CPU's report binds its digest; alone it is never enough. */
  gpu: z.nullable(gpuEvidence),
  report: cpuReport,
});
/**
 * What a host shows of itself: its keys, the request, a recent checkpoint and its hardware’s report (attest/FORMAT.md).
 */
export type Evidence = z.infer<typeof evidenceSchema>;

/** Parses attacker-controlled evidence. Throws `too_large`, `not_canonical` or `malformed`. */
export function parseEvidence(bytes: Uint8Array): { evidence: Evidence; digest: Hex } {
  const evidence = parseCanonicalAs(evidenceSchema, bytes, MAX_EVIDENCE_BYTES, 'evidence');
  return { evidence, digest: digestOf(bytes) };
}

/** SHA-256(frame("twinlock/v1/nonce", vault, request digest, log origin, u64 size, root, random)). */
export function hostNonce(binding: Pick<Evidence, 'vault' | 'request' | 'checkpoint' | 'random'>): Uint8Array {
  const { vault, request, checkpoint, random } = binding;
  return frameDigest(
    'twinlock/v1/nonce',
    fromHex(vault),
    fromHex(requestDigest(request)),
    utf8(checkpoint.origin),
    u64(checkpoint.size),
    fromHex(checkpoint.root),
    fromHex(random),
  );
}

/** What a report binds: everything of the evidence but the report itself. */
export type HostBinding = Omit<Evidence, 'v' | 'kind' | 'report'>;

/**
 * frame("twinlock/v1/host", vault, request digest, nonce, KEM public key, receipt public key, SHA-256 of the
 * GPU evidence in canonical form or 32 zero bytes).
 */
function hostFrame(binding: HostBinding): Uint8Array {
  return frame(
    'twinlock/v1/host',
    fromHex(binding.vault),
    fromHex(requestDigest(binding.request)),
    hostNonce(binding),
    fromBase64url(binding.kem),
    ed25519KeyBytes(binding.receiptKey),
    binding.gpu === null ? ZERO_32 : fromHex(digestOfObject(binding.gpu)),
  );
}

/** The 64 bytes that a CPU's report must carry: SHA-512 of the host's frame. */
export function hostReportData(binding: HostBinding): Uint8Array {
  return sha512(hostFrame(binding));
}

/** The 32 bytes that a TPM's quote must carry as extraData: SHA-256 of the same frame. */
export function hostExtraData(binding: HostBinding): Uint8Array {
  return sha256(hostFrame(binding));
}

/** The bytes of the host's frame that a report of this platform must carry. */
export function hostBoundData(platform: PlatformId, binding: HostBinding): Uint8Array {
  return PLATFORMS[platform].boundBytes === 32 ? hostExtraData(binding) : hostReportData(binding);
}

/** The 32 bytes that each GPU signs: SHA-256(frame("twinlock/v1/gpu-nonce", vault, nonce, KEM public key)). */
export function gpuNonce(binding: Omit<HostBinding, 'gpu'>): Uint8Array {
  return frameDigest('twinlock/v1/gpu-nonce', fromHex(binding.vault), hostNonce(binding), fromBase64url(binding.kem));
}
