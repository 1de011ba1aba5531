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
  'x-nvidia-switch-bios-version': claimText,
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

/** What NRAS must say of a kind of device in one version of its claims. */
interface Checks {
  /** Claims that must be true. */
  readonly isTrue: readonly string[];
  /** Objects of version 3.0 about a chain of certificates, where 2.0 has one claim. */
  readonly isGood: readonly string[];
}

const REPORT = [
  'arch-check',
  ...['parsed', 'signature-verified', 'nonce-match'].map((end) => `attestation-report-${end}`),
];
const rimChecks = (rim: string) =>
  ['fetched', 'schema-validated', 'signature-verified', 'measurements-available'].map((end) => `${rim}-rim-${end}`);
const ofGpu = [...REPORT, ...rimChecks('driver'), ...rimChecks('vbios'), 'vbios-index-no-conflict'];
const ofSwitch = [...REPORT, ...rimChecks('bios')];
const certified = (name: string) => `${name}-rim-cert-validated`;
const matching = (name: string) => `${name}-rim-version-match`;
const chain = (name: string) => `${name}-rim-cert-chain`;
const FWID_MATCHES = 'attestation-report-cert-chain-fwid-match';
const REPORT_CHAIN = 'attestation-report-cert-chain';

/** By the kind of device, then by `x-nvidia-ver`. NRAS speaks of NVSwitches in version 3.0 alone. */
const CHECKS: Readonly<Record<'gpu' | 'switch', ReadonlyMap<string, Checks>>> = {
  gpu: new Map([
    [
      '2.0',
      {
        isTrue: [...ofGpu, 'attestation-report-cert-chain-validated', certified('driver'), certified('vbios')],
        isGood: [],
      },
    ],
    [
      '3.0',
      {
        isTrue: [...ofGpu, FWID_MATCHES, matching('driver'), matching('vbios')],
        isGood: [REPORT_CHAIN, chain('driver'), chain('vbios')],
      },
    ],
  ]),
  switch: new Map([
    ['3.0', { isTrue: [...ofSwitch, FWID_MATCHES, matching('bios')], isGood: [REPORT_CHAIN, chain('bios')] }],
  ]),
};

const goodChain = z.object({
  'x-nvidia-cert-status': z.literal('valid'),
  'x-nvidia-cert-ocsp-status': z.literal('good'),
});

/**
 * What NRAS did not check of a device, or found wrong: the required claims of the version that are not true, and
 * every other claim about such a device that is false. Names without their prefix; empty when all is well.
 */
export function failedChecks(payload: JsonObject, version: string, kind: 'gpu' | 'switch'): string[] {
  const prefix = `x-nvidia-${kind}-`;
  const checks = CHECKS[kind].get(version);
  const isFalse = Object.keys(payload)
    .filter((name) => name.startsWith(prefix) && payload[name] === false)
    .map((name) => name.slice(prefix.length));
  const missing = checks?.isTrue.filter((name) => payload[prefix + name] !== true) ?? ['version'];
  const bad = checks?.isGood.filter((name) => !goodChain.safeParse(payload[prefix + name]).success) ?? [];
  return [...new Set([...missing, ...bad, ...isFalse])].sort();
}
