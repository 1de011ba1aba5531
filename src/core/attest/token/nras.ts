import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../../bytes.ts';
import { Findings } from '../kit/findings.ts';
import { compareDrivers } from '../kit/gpu.ts';
import type { PlatformInput, PlatformResult } from '../kit/platform.ts';
import type { ServiceEndorsed } from './endorsements.ts';
import { ABSENT, type CompactJws, parseCompactJws } from './jws.ts';
import { failedChecks, parseDevicePayload, parseOverallPayload } from './nras-claims.ts';
import type { NrasReferenceValues } from './reference-values.ts';
import { byNumber, isSwitch, type NrasEvidence } from './report.ts';
import { type AttestationService, ServiceKeys } from './service-keys.ts';
import { checkToken, TOKEN_RULES, TRUST_RULE } from './token.ts';

const NRAS: AttestationService = { name: 'nras', algorithm: 'ES384', issuer: 'https://nras.attestation.nvidia.com' };

const DEVICE_VALUE_RULES = ['measurements', 'debug', 'secure-boot', 'warning', 'hwmodel', 'vbios'] as const;
/** Every rule of a device's token, after the device's place. */
export const NRAS_DEVICE_RULES = [
  ...TOKEN_RULES,
  TRUST_RULE,
  'nonce',
  'checks',
  ...DEVICE_VALUE_RULES,
  'driver',
] as const;
type DeviceRuleName = (typeof NRAS_DEVICE_RULES)[number];
/** Every rule of the overall token, after `nras.`. */
export const NRAS_RULES = [
  ...TOKEN_RULES,
  TRUST_RULE,
  'nonce',
  'result',
  'submodules',
  'distinct',
  'one-driver',
  'claims-version',
] as const;
type OverallRuleName = (typeof NRAS_RULES)[number];
type Kind = 'gpu' | 'switch';
type DevicePrefix = `nras.${Kind}-${string}`;
type NrasRule = `nras.${OverallRuleName}` | `${DevicePrefix}.${DeviceRuleName}`;
type NrasInput = PlatformInput<NrasEvidence, NrasReferenceValues, ServiceEndorsed>;

/** A device's token, parsed, and what names it in rules and claims. */
interface DeviceToken {
  readonly prefix: DevicePrefix;
  readonly name: string;
  readonly kind: Kind;
  readonly text: string;
  readonly token: CompactJws;
  readonly claims: ReturnType<typeof parseDevicePayload>;
}

/**
 * Appraises NVIDIA NRAS's word about the GPUs and NVSwitches of a host (design: attestation, "Tokens of attestation
 * services"): the overall token, one token a device, and that the first names exactly the others. Throws `malformed`.
 */
export async function appraiseNras(input: NrasInput): Promise<PlatformResult> {
  const { report, expectedData, referenceValues } = input;
  const token = parseCompactJws(report.overall, 'nras');
  const overall = parseOverallPayload(token.payload);
  const devices = report.devices.map(parseDeviceToken);
  const version = overall['x-nvidia-ver'];
  const nonce = overall.eat_nonce;
  const findings = new Findings<NrasRule>(input.verify);
  const keys = new ServiceKeys(NRAS, input);

  findings.claim('gpu.count', String(devices.filter(({ kind }) => kind === 'gpu').length));
  findings.claim('gpu.switches', String(devices.filter(({ kind }) => kind === 'switch').length));
  findings.claim('nras.claims-version', version);
  await checkToken(findings, 'nras', keys, token, input);
  if (expectedData !== null) findings.same('nras.nonce', toHex(expectedData), nonce);
  findings.same('nras.result', 'true', String(overall['x-nvidia-overall-att-result'] ?? ABSENT));
  findings.same('nras.submodules', namedText(overall.submods), sentText(devices));
  checkDistinct(findings, devices);
  findings.compared('nras.one-driver', compareDrivers(devices.filter(({ kind }) => kind === 'gpu').map(driverOf)));
  if (referenceValues !== null) findings.among('nras.claims-version', referenceValues.claimsVersions, version);
  for (const device of devices) await checkDevice(findings, device, { nonce, version, keys }, input);
  return findings.result(labelOf(devices), requiredRules(devices, input));
}

function requiredRules(devices: readonly DeviceToken[], { expectedData, referenceValues }: NrasInput): NrasRule[] {
  const overall: OverallRuleName[] = [...TOKEN_RULES, 'result', 'submodules', 'distinct', 'one-driver'];
  const each: DeviceRuleName[] = [...TOKEN_RULES, 'nonce', 'checks'];
  if (expectedData !== null) overall.push('nonce');
  if (referenceValues !== null) {
    overall.push(TRUST_RULE, 'claims-version');
    each.push(TRUST_RULE, ...DEVICE_VALUE_RULES);
  }
  const ofKind = (kind: Kind) => (kind === 'gpu' && referenceValues !== null ? [...each, 'driver' as const] : each);
  return [
    ...overall.map((rule) => `nras.${rule}` as const),
    ...devices.flatMap(({ prefix, kind }) => ofKind(kind).map((rule) => `${prefix}.${rule}` as const)),
  ];
}

function parseDeviceToken({ name, token: text }: NrasEvidence['devices'][number]): DeviceToken {
  const prefix = `nras.${name.toLowerCase()}` as DevicePrefix;
  const token = parseCompactJws(text, prefix);
  const kind = isSwitch(name) ? 'switch' : 'gpu';
  return { prefix, name, kind, text, token, claims: parseDevicePayload(token.payload, prefix) };
}

function driverOf({ claims }: DeviceToken): string {
  return claims['x-nvidia-gpu-driver-version'];
}

/** Returns the version of a device's VBIOS (a GPU) or BIOS (an NVSwitch). */
function biosOf({ kind, claims }: DeviceToken): string {
  return kind === 'gpu' ? claims['x-nvidia-gpu-vbios-version'] : claims['x-nvidia-switch-bios-version'];
}

/** The devices that the overall token names, in the order of their numbers, with the digests of their tokens. */
function namedText(submods: ReturnType<typeof parseOverallPayload>['submods']): string {
  const entries = Object.entries(submods).sort(([one], [other]) => byNumber(one, other));
  return entries.map(([name, [, [, digest]]]) => `${name} ${digest}`).join(', ');
}

function sentText(devices: readonly DeviceToken[]): string {
  return devices.map(({ name, text }) => `${name} ${toHex(sha256(utf8(text)))}`).join(', ');
}

/** One GPU that answers twice is not two. */
function checkDistinct(findings: Findings<NrasRule>, devices: readonly DeviceToken[]): void {
  const ueids = new Set(devices.map(({ claims }) => claims.ueid));
  const isDistinct = ueids.size === devices.length && !ueids.has(ABSENT);
  findings.rule('nras.distinct', `${devices.length} distinct devices`, [...ueids].join(' '), isDistinct);
}

async function checkDevice(
  findings: Findings<NrasRule>,
  device: DeviceToken,
  overall: { readonly nonce: string; readonly version: string; readonly keys: ServiceKeys },
  input: NrasInput,
): Promise<void> {
  const { prefix, kind, token, claims } = device;
  findings.claim(`${prefix}.ueid`, claims.ueid);
  findings.claim(`${prefix}.hwmodel`, claims.hwmodel);
  findings.claim(`${prefix}.driver`, driverOf(device));
  findings.claim(`${prefix}.vbios`, biosOf(device));
  await checkToken(findings, prefix, overall.keys, token, input);
  const isSameNonce = claims.eat_nonce === overall.nonce && overall.nonce !== ABSENT;
  findings.rule(`${prefix}.nonce`, overall.nonce, claims.eat_nonce, isSameNonce);
  const failed = failedChecks(token.payload, overall.version, kind);
  findings.rule(`${prefix}.checks`, 'all done, none failed', failed.join(' ') || 'all done', failed.length === 0);
  if (input.referenceValues !== null) checkDeviceValues(findings, device, input.referenceValues);
}

function checkDeviceValues(findings: Findings<NrasRule>, device: DeviceToken, values: NrasReferenceValues): void {
  const { prefix, kind, claims } = device;
  const warning = claims['x-nvidia-attestation-warning'];
  findings.same(`${prefix}.measurements`, 'success', claims.measres);
  findings.same(`${prefix}.debug`, 'disabled', claims.dbgstat);
  findings.same(`${prefix}.secure-boot`, 'true', String(claims.secboot ?? ABSENT));
  findings.same(`${prefix}.warning`, 'none', warning == null ? 'none' : JSON.stringify(warning));
  findings.among(`${prefix}.hwmodel`, values.hwModels, claims.hwmodel);
  if (kind === 'gpu') findings.among(`${prefix}.driver`, values.drivers, driverOf(device));
  findings.among(`${prefix}.vbios`, values.vbioses, biosOf(device));
}

/** A GPU's unique id, as its device certificate names it; NRAS signs it. */
function labelOf([first]: readonly DeviceToken[]): string {
  const ueid = first?.claims.ueid ?? ABSENT;
  return /^[0-9]+$/.test(ueid) ? `gpu-${ueid.slice(-16)}` : 'gpu-unnamed';
}
