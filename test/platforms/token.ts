import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { type Endorsements, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import type { ServiceEndorsed, ServiceName } from '../../src/core/attest/token/endorsements.ts';
import type {
  NrasReferenceValues,
  TrustAuthorityReferenceValues,
} from '../../src/core/attest/token/reference-values.ts';
import type { NrasEvidence, TrustAuthorityReport } from '../../src/core/attest/token/report.ts';
import { concat, type Hex, toBase64, toBase64url, toHex, utf8 } from '../../src/core/bytes.ts';
import {
  basicConstraints,
  type CertificateFields,
  keyUsage,
  makeCertificate,
  name,
  publicKeyOf,
  signBy,
  spkiOf,
  type TestKey,
  testKey,
} from '../core/x509/certificate-kit.ts';

/** Attestation services of our own, whose tokens can be made to break any rule. */

/** Inside of everything's validity. */
export const TOKEN_INSTANT_MS = Date.UTC(2025, 0, 1);
const NOW = TOKEN_INSTANT_MS / 1000;
const TIMES = { iat: NOW - 60, nbf: NOW - 60, exp: NOW + 240 };

type Json = Readonly<Record<string, unknown>>;

/** A service with its key, a key set, and the root that its key's certificate chains to. */
export interface TestService {
  readonly name: ServiceName;
  readonly key: TestKey;
  readonly kid: string;
  readonly root: Uint8Array;
  readonly intermediate: Uint8Array;
  /** SHA-256 of the SubjectPublicKeyInfo. */
  readonly fingerprint: Hex;
  readonly jwk: Json;
}

function makeService(service: ServiceName, key: TestKey): TestService {
  const names = ['root', 'intermediate', 'leaf'].map((part) => name({ '2.5.4.3': `${service} ${part}` }));
  const [top, middle, bottom] = names as [Uint8Array, Uint8Array, Uint8Array];
  const [rootKey, intermediateKey] = [testKey('ES384', 111), testKey('ES256', 112)];
  const authority = [basicConstraints(true), keyUsage(5, 6)];
  const root = makeCertificate({ subject: top, issuer: top, key: rootKey, signer: rootKey, extensions: authority });
  const intermediate = makeCertificate({
    subject: middle,
    issuer: top,
    key: intermediateKey,
    signer: rootKey,
    extensions: authority,
  });
  const kid = `${service}-1`;
  const leaf = leafOf({ subject: bottom, issuer: middle, key, signer: intermediateKey });
  const jwk = { ...publicJwk(key), kid, x5c: [leaf, intermediate].map(toBase64) };
  return { name: service, key, kid, root, intermediate, fingerprint: toHex(sha256(spkiOf(key))), jwk };
}

function leafOf(fields: CertificateFields): Uint8Array {
  return makeCertificate({ extensions: [basicConstraints(false), keyUsage(0)], ...fields });
}

/** A certificate of this key by the service's intermediate. */
export function certificateOf(service: TestService, key: TestKey, changes: Partial<CertificateFields> = {}): string {
  const issuer = name({ '2.5.4.3': `${service.name} intermediate` });
  const subject = name({ '2.5.4.3': `${service.name} leaf` });
  return toBase64(leafOf({ subject, issuer, key, signer: testKey('ES256', 112), ...changes }));
}

/** RFC 7518 section 6: the public part of a P-384, P-256 or RSA key. */
export function publicJwk(key: TestKey): Json {
  const publicKey = publicKeyOf(key);
  if (key.kind === 'ES384' || key.kind === 'ES256') {
    const half = (publicKey.length - 1) / 2;
    const [x, y] = [publicKey.subarray(1, 1 + half), publicKey.subarray(1 + half)].map(toBase64url);
    return { kty: 'EC', crv: key.kind === 'ES384' ? 'P-384' : 'P-256', x, y };
  }
  // Of 2048 bits: 256 bytes of modulus, then five of the exponent.
  return { kty: 'RSA', n: toBase64url(publicKey.subarray(-261, -5)), e: 'AQAB' };
}

export const ITA: TestService = makeService('intel-trust-authority', testKey('PS384', 113));
export const NRAS: TestService = makeService('nras', testKey('ES384', 114));

/** The service's key set as it serves it, or of other keys. */
export function jwksOf({ jwk }: TestService, keys: readonly unknown[] = [jwk]): string {
  return JSON.stringify({ keys });
}

/** The key set where endorsements have it. */
export function keySetOf(service: TestService, keys?: readonly unknown[]): ServiceEndorsed {
  return { [service.name]: jwksOf(service, keys) };
}

export const TOKEN_ENDORSEMENTS: Endorsements = { ...NO_ENDORSEMENTS, ...keySetOf(ITA), ...keySetOf(NRAS) };

/** What a token is made with, where that is not what its service does. */
export interface TokenChanges {
  readonly header?: Json;
  readonly payload?: Json;
  readonly key?: TestKey;
}

/** A token in compact form. A member whose value is `undefined` is left out. */
export function signToken(service: TestService, payload: Json, changes: TokenChanges = {}): string {
  const { key = service.key } = changes;
  const header = { alg: key.kind, kid: service.kid, typ: 'JWT', ...changes.header };
  return signText(JSON.stringify(header), JSON.stringify({ ...payload, ...changes.payload }), key);
}

export function signText(header: string, payload: string, key: TestKey): string {
  const signed = `${toBase64url(utf8(header))}.${toBase64url(utf8(payload))}`;
  return `${signed}.${toBase64url(signBy(key, utf8(signed)))}`;
}

const measurement = (byte: string): Hex => byte.repeat(48);
const ZEROS: Hex = '00'.repeat(48);
const NONCE = { val: toBase64(utf8('a nonce of the service')), iat: toBase64(utf8('2025-01-01 00:00:00 +0000 UTC')) };
export const ITA_POLICY = { id: '91488e12-f39e-4f3e-8435-d49c813decb5', version: 'v1' };
export const ITA_PLATFORM = 'c58a8dfd2621b60aa38d24b13b7582f5';

/** What Trust Authority says of a TD that held this; `nonce` null is of a host that asked for none. */
export function tdClaims(heldData: Uint8Array, nonce: typeof NONCE | null = NONCE): Json {
  const given = nonce === null ? [] : [nonce.val, nonce.iat].map((text) => Buffer.from(text, 'base64'));
  return {
    attester_type: 'TDX',
    attester_held_data: toBase64(heldData),
    ...(nonce === null ? {} : { verifier_nonce: { ...nonce, signature: 'AA==' } }),
    attester_tcb_status: 'UpToDate',
    attester_tcb_date: '2024-03-13T00:00:00Z',
    dbgstat: 'disabled',
    platform_instance_id: ITA_PLATFORM,
    tdx_is_debuggable: false,
    tdx_mrsignerseam: ZEROS,
    tdx_seam_attributes: '0000000000000000',
    tdx_td_attributes: '0000001000000000',
    tdx_xfam: 'e702060000000000',
    tdx_mrtd: measurement('a1'),
    tdx_mrconfigid: ZEROS,
    tdx_mrowner: ZEROS,
    tdx_mrownerconfig: ZEROS,
    tdx_rtmr0: measurement('b0'),
    tdx_rtmr1: measurement('b1'),
    tdx_rtmr2: measurement('b2'),
    tdx_rtmr3: ZEROS,
    tdx_report_data: toHex(sha512(concat(...given, heldData))),
  };
}

const ITA_COMMON = { ...TIMES, iss: 'Intel Trust Authority' };
const POLICIES = { policy_ids_matched: [ITA_POLICY], policy_ids_unmatched: [] };

/** Version 1: what is said of the TD stands at the top. */
export function trustAuthorityToken(heldData: Uint8Array, changes: TokenChanges = {}): TrustAuthorityReport {
  const payload = { ...ITA_COMMON, ...POLICIES, ...tdClaims(heldData), ver: '1.0.0' };
  return { platform: 'intel-trust-authority', token: signToken(ITA, payload, changes) };
}

/** Version 2: it stands under `tdx`, where its policies may be too. */
export function trustAuthorityTokenV2(heldData: Uint8Array, tdx: Json = {}, top: Json = {}): TrustAuthorityReport {
  const payload = { ...ITA_COMMON, ...POLICIES, tdx: { ...tdClaims(heldData), ...tdx }, ver: '2.0.0', ...top };
  return { platform: 'intel-trust-authority', token: signToken(ITA, payload) };
}

export function trustAuthorityValues(
  changes: Partial<TrustAuthorityReferenceValues> = {},
): TrustAuthorityReferenceValues {
  return {
    platform: 'intel-trust-authority',
    issuer: 'Intel Trust Authority',
    anchors: [toBase64url(ITA.root)],
    keys: [],
    graceMs: 0,
    images: [
      {
        name: 'a TD',
        mrTd: measurement('a1'),
        rtmr0: measurement('b0'),
        rtmr1: measurement('b1'),
        rtmr2: measurement('b2'),
        rtmr3: ZEROS,
        mrConfigId: ZEROS,
        mrOwner: ZEROS,
        mrOwnerConfig: ZEROS,
      },
    ],
    attributes: ['0000001000000000'],
    xfams: ['e702060000000000'],
    tcbStatuses: ['UpToDate'],
    platforms: [ITA_PLATFORM],
    policies: [ITA_POLICY],
    ...changes,
  };
}

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
const GOOD_CHAIN = { 'x-nvidia-cert-status': 'valid', 'x-nvidia-cert-ocsp-status': 'good' };
const CHECKS_OF = {
  '2.0': {
    'x-nvidia-gpu-attestation-report-cert-chain-validated': true,
    'x-nvidia-gpu-driver-rim-cert-validated': true,
    'x-nvidia-gpu-vbios-rim-cert-validated': true,
  },
  '3.0': {
    'x-nvidia-gpu-attestation-report-cert-chain-fwid-match': true,
    'x-nvidia-gpu-driver-rim-version-match': true,
    'x-nvidia-gpu-vbios-rim-version-match': true,
    'x-nvidia-gpu-attestation-report-cert-chain': GOOD_CHAIN,
    'x-nvidia-gpu-driver-rim-cert-chain': GOOD_CHAIN,
    'x-nvidia-gpu-vbios-rim-cert-chain': GOOD_CHAIN,
  },
};

type ClaimsVersion = keyof typeof CHECKS_OF;

/** What NRAS says of one GPU. */
function gpuClaims(nonce: Uint8Array, number: number, version: ClaimsVersion): Json {
  return {
    ...TIMES,
    iss: 'https://nras.attestation.nvidia.com',
    eat_nonce: toHex(nonce),
    ueid: String(645491728318197586n + BigInt(number)),
    hwmodel: 'GH100',
    dbgstat: 'disabled',
    measres: 'success',
    secboot: true,
    'x-nvidia-attestation-warning': null,
    'x-nvidia-gpu-driver-version': '595.71.05',
    'x-nvidia-gpu-vbios-version': '96.00.D9.00.02',
    ...Object.fromEntries(CHECKS.map((check) => [`x-nvidia-gpu-${check}`, true])),
    ...CHECKS_OF[version],
  };
}

/** What NRAS says of one NVSwitch, in version 3.0 of its claims. */
function switchClaims(nonce: Uint8Array, number: number): Json {
  const checks = [
    ...['arch-check', 'attestation-report-parsed', 'attestation-report-signature-verified'],
    ...['attestation-report-nonce-match', 'attestation-report-cert-chain-fwid-match', 'bios-rim-fetched'],
    ...['bios-rim-schema-validated', 'bios-rim-signature-verified', 'bios-rim-measurements-available'],
    'bios-rim-version-match',
  ];
  return {
    ...TIMES,
    iss: 'https://nras.attestation.nvidia.com',
    eat_nonce: toHex(nonce),
    ueid: String(694931143880983876n + BigInt(number)),
    hwmodel: 'LS_10 A01 FSP BROM',
    dbgstat: 'disabled',
    measres: 'success',
    secboot: true,
    'x-nvidia-attestation-warning': null,
    'x-nvidia-switch-bios-version': '96.10.55.00.01',
    ...Object.fromEntries(checks.map((check) => [`x-nvidia-switch-${check}`, true])),
    'x-nvidia-switch-attestation-report-cert-chain': GOOD_CHAIN,
    'x-nvidia-switch-bios-rim-cert-chain': GOOD_CHAIN,
  };
}

export interface NrasChanges {
  readonly version?: ClaimsVersion;
  readonly gpus?: number;
  readonly switches?: number;
  readonly overall?: TokenChanges;
  /** Of the first device. */
  readonly device?: TokenChanges;
  /** The devices that the overall token names and the evidence shows, where they are others. */
  readonly named?: (devices: NrasEvidence['devices']) => NrasEvidence['devices'];
  readonly shown?: (devices: NrasEvidence['devices']) => NrasEvidence['devices'];
}

/** NRAS's word about so many GPUs and NVSwitches that signed this nonce. */
export function nrasTokens(nonce: Uint8Array, changes: NrasChanges = {}): NrasEvidence {
  const { version = '2.0', gpus = 1, switches = 0 } = changes;
  const { named = (devices) => devices, shown = (devices) => devices } = changes;
  const numbered = (length: number, kind: string, claims: (number: number) => Json) =>
    Array.from({ length }, (_, number) => ({ name: `${kind}-${number}`, claims: claims(number) }));
  const devices = [
    ...numbered(gpus, 'GPU', (number) => gpuClaims(nonce, number, version)),
    ...numbered(switches, 'SWITCH', (number) => switchClaims(nonce, number)),
  ].map(({ name: device, claims }, i) => ({
    name: device,
    token: signToken(NRAS, claims, i === 0 ? changes.device : {}),
  }));
  const payload = {
    ...TIMES,
    iss: 'https://nras.attestation.nvidia.com',
    eat_nonce: toHex(nonce),
    'x-nvidia-ver': version,
    'x-nvidia-overall-att-result': true,
    submods: submodules(named(devices)),
  };
  return { kind: 'nras', overall: signToken(NRAS, payload, changes.overall), devices: shown(devices) };
}

function submodules(devices: NrasEvidence['devices']): Json {
  return Object.fromEntries(
    devices.map(({ name: device, token }) => [device, ['DIGEST', ['SHA-256', toHex(sha256(utf8(token)))]]]),
  );
}

export function nrasValues(changes: Partial<NrasReferenceValues> = {}): NrasReferenceValues {
  return {
    service: 'nras',
    issuer: 'https://nras.attestation.nvidia.com',
    anchors: [toBase64url(NRAS.root)],
    keys: [],
    graceMs: 0,
    claimsVersions: ['2.0', '3.0'],
    hwModels: ['GH100'],
    drivers: ['595.71.05'],
    vbioses: ['96.00.D9.00.02'],
    ...changes,
  };
}
