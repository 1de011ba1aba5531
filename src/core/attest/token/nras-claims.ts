import * as z from 'zod/mini';
import type { JsonObject } from '../../canonical.ts';
import { digest, parseAs } from '../../schema.ts';
import { claimText, tokenText } from './jws.ts';

/** A detached Claims-Set: the SHA-256 of the device's token as it was sent (RFC 9711 section 4.2.18.2). */
const submodule = z.tuple([z.literal('DIGEST'), z.tuple([z.literal('SHA-256'), digest])]);

const overallClaims = z.object({
  'x-nvidia-ver': claimText,
  'x-nvidia-overall-att-result': z.optional(z.boolean()),
  eat_nonce: claimText,
  submods: z.record(tokenText, submodule),
});

const deviceClaims = z.object({
  eat_nonce: claimText,
  ueid: claimText,
  hwmodel: claimText,
  dbgstat: claimText,
  measres: claimText,
  secboot: z.nullish(z.boolean()),
  'x-nvidia-gpu-driver-version': claimText,
  'x-nvidia-gpu-vbios-version': claimText,
  'x-nvidia-attestation-warning': z.nullish(z.unknown()),
});

/** Throws `malformed`. */
export function parseOverallPayload(payload: JsonObject): z.infer<typeof overallClaims> {
  return parseAs(overallClaims, payload, 'nras');
}

/** Throws `malformed`. */
export function parseDevicePayload(payload: JsonObject, what: string): z.infer<typeof deviceClaims> {
  return parseAs(deviceClaims, payload, what);
}

const PREFIX = 'x-nvidia-gpu-';
/** What NRAS must say that it checked of a GPU, in every version of its claims. */
const CHECKS = [
  'arch-check',
  'attestation-report-parsed',
  'attestation-report-signature-verified',
  'attestation-report-nonce-match',
  'driver-rim-fetched',
  'driver-rim-schema-validated',
  'driver-rim-signature-verified',
  'driver-rim-measurements-available',
  'vbios-rim-fetched',
  'vbios-rim-schema-validated',
  'vbios-rim-signature-verified',
  'vbios-rim-measurements-available',
  'vbios-index-no-conflict',
];
const CHECKS_2_0 = ['attestation-report-cert-chain-validated', 'driver-rim-cert-validated', 'vbios-rim-cert-validated'];
const CHECKS_3_0 = ['attestation-report-cert-chain-fwid-match', 'driver-rim-version-match', 'vbios-rim-version-match'];
/** Objects in version 3.0, where 2.0 has one claim. */
const CHAINS_3_0 = ['attestation-report-cert-chain', 'driver-rim-cert-chain', 'vbios-rim-cert-chain'];

const goodChain = z.object({
  'x-nvidia-cert-status': z.literal('valid'),
  'x-nvidia-cert-ocsp-status': z.literal('good'),
});

/**
 * What NRAS did not check of a device, or found wrong: the required claims of the version that are not true, and
 * every other claim about a GPU that is false. Names without their prefix; empty when all is well.
 */
export function failedChecks(payload: JsonObject, version: string): string[] {
  const isTrue = (name: string) => payload[PREFIX + name] === true;
  const isGood = (name: string) => goodChain.safeParse(payload[PREFIX + name]).success;
  const isFalse = Object.keys(payload)
    .filter((name) => name.startsWith(PREFIX) && payload[name] === false)
    .map((name) => name.slice(PREFIX.length));
  const missing = CHECKS.filter((name) => !isTrue(name));
  const more = checksOfVersion(version, isTrue, isGood);
  return [...new Set([...missing, ...more, ...isFalse])].sort();
}

function checksOfVersion(
  version: string,
  isTrue: (name: string) => boolean,
  isGood: (name: string) => boolean,
): string[] {
  switch (version) {
    case '2.0':
      return CHECKS_2_0.filter((name) => !isTrue(name));
    case '3.0':
      return [...CHECKS_3_0.filter((name) => !isTrue(name)), ...CHAINS_3_0.filter((name) => !isGood(name))];
    default:
      return ['version'];
  }
}
