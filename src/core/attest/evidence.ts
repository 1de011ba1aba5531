import { sha512 } from '@noble/hashes/sha2.js';
import * as z from 'zod/mini';
import { fromBase64url, fromHex, type Hex, u64, utf8, ZERO_32 } from '../bytes.ts';
import { digestOf, parseCanonical } from '../canonical.ts';
import { KEM_PUBLIC_KEY_BYTES } from '../envelope/xwing.ts';
import { frame, frameDigest } from '../frame.ts';
import { binary, digest, ed25519Key, parseAs } from '../schema.ts';
import { ed25519KeyBytes } from '../statement/key.ts';
import { requestDigest, requestSchema } from './request.ts';
import { simulatedReport } from './simulated/report.ts';

/** Evidence of one host, GPUs included; the largest seen in the field is a tenth of this. */
export const MAX_EVIDENCE_BYTES = 1 << 20;

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
  /** GPU evidence; none of the platforms that carry it exists yet. */
  gpu: z.null(),
  report: z.discriminatedUnion('platform', [simulatedReport]),
});
export type Evidence = z.infer<typeof evidenceSchema>;

/** Parses attacker-controlled evidence. Throws `too_large`, `not_canonical` or `malformed`. */
export function parseEvidence(bytes: Uint8Array): { evidence: Evidence; digest: Hex } {
  const evidence = parseAs(evidenceSchema, parseCanonical(bytes, MAX_EVIDENCE_BYTES), 'evidence');
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

/**
 * The 64 bytes that a CPU's report must carry: SHA-512(frame("twinlock/v1/host", vault, request digest,
 * nonce, KEM public key, receipt public key, SHA-256(GPU evidence) or 32 zero bytes)).
 */
export function hostReportData(binding: Omit<Evidence, 'v' | 'kind' | 'report'>): Uint8Array {
  return sha512(
    frame(
      'twinlock/v1/host',
      fromHex(binding.vault),
      fromHex(requestDigest(binding.request)),
      hostNonce(binding),
      fromBase64url(binding.kem),
      ed25519KeyBytes(binding.receiptKey),
      ZERO_32,
    ),
  );
}
