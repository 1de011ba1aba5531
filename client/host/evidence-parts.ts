import { sha256, sha512 } from '@noble/hashes/sha2.js';
import * as z from 'zod/mini';
import { endorsementsSchema, MAX_ENDORSEMENTS_BYTES } from '../../src/core/attest/endorsements.ts';
import { cpuReport, type GpuEvidence, gpuEvidence, MAX_EVIDENCE_BYTES } from '../../src/core/attest/evidence.ts';
import { PLATFORMS, type PlatformId } from '../../src/core/attest/platforms.ts';
import { fromHex, type Hex, ZERO_32 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOfObject, parseCanonical } from '../../src/core/canonical.ts';
import { frame } from '../../src/core/frame.ts';
import { digest, parseAs } from '../../src/core/schema.ts';
import type { BoundData } from './collectors/machine.ts';

const MAX_BYTES = MAX_EVIDENCE_BYTES + MAX_ENDORSEMENTS_BYTES;

const schema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('evidence-parts'),
  report: cpuReport,
  gpu: z.nullable(gpuEvidence),
  endorsements: endorsementsSchema,
  /** The data that the report must carry: 64 bytes, 32 for a TPM; in hex. */
  reportData: z.string().check(z.regex(/^(?:[0-9a-f]{64}|[0-9a-f]{128})$/, 'expected 32 or 64 bytes in hex')),
  /** The data that the GPUs must sign; null if there is no GPU's evidence. */
  gpuNonce: z.nullable(digest),
});

/**
 * A machine's evidence outside of any request, for trying and for reference values (FORMAT.md). What it says of
 * its nonce is its own word: who wants it fresh derives it from a nonce that they chose, and compares.
 */
export type EvidenceParts = z.infer<typeof schema>;

/** Parses an attacker-controlled file. Throws `too_large`, `not_canonical` or `malformed`. */
export function parseEvidenceParts(bytes: Uint8Array): EvidenceParts {
  return parseAs(schema, parseCanonical(bytes, MAX_BYTES), 'evidence parts');
}

export function evidencePartsBytes(parts: EvidenceParts): Uint8Array {
  return canonicalBytes(parts);
}

/**
 * What a report of parts binds: frame("twinlock/v1/evidence-parts", nonce, SHA-256 of the GPU evidence in
 * canonical form or 32 zero bytes), by SHA-512 for a CPU and by SHA-256 for a TPM. `nonce` is 32 bytes, and the
 * GPUs sign it as it is.
 */
export function partsData(nonce: Hex, gpu: GpuEvidence | null): BoundData {
  const gpuDigest = gpu === null ? ZERO_32 : fromHex(digestOfObject(gpu));
  const bound = frame('twinlock/v1/evidence-parts', fromHex(nonce), gpuDigest);
  return { reportData: sha512(bound), extraData: sha256(bound) };
}

/** What a report of this platform carries of it. */
export function boundFor(platform: PlatformId, { reportData, extraData }: BoundData): Uint8Array {
  return PLATFORMS[platform].boundBytes === 64 ? reportData : extraData;
}
