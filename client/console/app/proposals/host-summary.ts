import type { Appraisal } from '../../../../src/core/attest/appraisal.ts';
import { NOT_REACHED } from '../../../../src/core/attest/kit/findings.ts';
import type { RuleResult } from '../../../../src/core/attest/kit/rule-result.ts';
import type { HostReview } from '../../../custodian/host-review.ts';
import { counted } from '../../../display/exact.ts';
import type { Firmware } from '../../../platforms/platform.ts';
import { clientPlatform, firmwareIn, platformName, pretendedImageIn } from '../../../platforms/platforms.ts';

/**
 * The part of a host's evidence that a rule or claim belongs to, by the first word of its name, where that is no
 * platform.
 */
const PARTS: Readonly<Record<string, string>> = {
  nvidia: 'NVIDIA GPUs',
  gpu: 'NVIDIA GPUs',
  nras: 'NVIDIA Remote Attestation Service',
  composite: 'The host as a whole',
};

function partOf(name: string): string {
  const [first = ''] = name.split('.', 1);
  return platformName(first) ?? PARTS[first] ?? first;
}

/** A rule as it came out at both instants. */
export interface RuleRow extends RuleResult {
  /** The result by this workstation's clock where it differs; else null. */
  readonly now: RuleResult | null;
}

interface RuleGroup {
  readonly part: string;
  readonly failed: readonly RuleRow[];
  /** Rules that failed because another rule failed first. */
  readonly unreached: readonly RuleRow[];
  readonly passed: readonly RuleRow[];
}

/** Groups the rules by part; parts with failures come first. */
export function ruleGroups({ atVault, atOwnClock }: HostReview): readonly RuleGroup[] {
  const ownRules = (atOwnClock ?? atVault).rules;
  const now = new Map(ownRules.map((rule) => [rule.rule, rule]));
  const then = new Set(atVault.rules.map(({ rule }) => rule));
  const rows = [
    ...atVault.rules.map((rule): RuleRow => {
      const own = now.get(rule.rule);
      return { ...rule, now: own === undefined || own.pass === rule.pass ? null : own };
    }),
    ...ownRules.filter(({ rule }) => !then.has(rule)).map((rule): RuleRow => ({ ...rule, now: null })),
  ];
  const groups = Map.groupBy(rows, ({ rule }) => partOf(rule));
  return [...groups]
    .map(([part, all]) => ({
      part,
      failed: all.filter((row) => isFailed(row) && !isUnreached(row)),
      unreached: all.filter((row) => isFailed(row) && isUnreached(row)),
      passed: all.filter((row) => !isFailed(row)),
    }))
    .sort((a, b) => rank(a) - rank(b));
}

function rank({ failed, unreached }: RuleGroup): number {
  if (failed.length > 0) return 0;
  return unreached.length > 0 ? 1 : 2;
}

function isUnreached({ got, now }: RuleRow): boolean {
  return (now ?? { got }).got === NOT_REACHED;
}

/** Returns whether a rule failed at the vault's instant or fails now. */
export function isFailed({ pass, now }: RuleRow): boolean {
  return !pass || now?.pass === false;
}

/** A running image, by its name in the policy; null where the policy has no such image. */
export interface RunningImage {
  readonly part: string;
  readonly name: string | null;
}

/** The running images. A host with a paravisor has two: the paravisor's, and the one that the TPM measured. */
export function imagesOf({ rules }: Appraisal): readonly RunningImage[] {
  return rules
    .filter(({ rule }) => rule.endsWith('.image'))
    .map(({ rule, got, pass }) => ({ part: partOf(rule), name: pass ? nameIn(got) : null }));
}

/** Returns the name alone: a TPM image's text adds the PCRs that it does not check, which the rule shows. */
function nameIn(got: string): string {
  return got.replace(/; not compared: PCR [0-9 ]+$/, '');
}

/** Names the running images in a few words. */
export function runsText(appraisal: Appraisal): string {
  if (pretendedImageIn(appraisal.claims) !== null) return 'a simulated image';
  return imagesOf(appraisal).map(imageText).join(' over ');
}

export function imageText({ name }: RunningImage): string {
  return name ?? 'an image that the policy does not name';
}

/** The vendor's status of the platform's firmware; null where the claims have none. */
export function firmwareOf({ claims }: Appraisal): Firmware | null {
  return firmwareIn(claims);
}

/** `2 × GH100, driver 570.124.03, VBIOS 96.00.5E.00.04`, one line a kind; empty without devices. */
export function devicesOf({ claims }: Appraisal): readonly string[] {
  const places = Object.keys(claims).flatMap(
    (name) => /^((?:nvidia|nras)\.(?:gpu|switch)-\d+)\.driver$/.exec(name)?.[1] ?? [],
  );
  const kinds = places.map((place) => {
    const chip = claims[`${place}.chip`] ?? claims[`${place}.hwmodel`] ?? 'unknown';
    return `${chip}, driver ${claims[`${place}.driver`]}, VBIOS ${claims[`${place}.vbios`]}`;
  });
  return [...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) => `${all.length} × ${kind}`);
}

/** The kind of the machine, `AMD SEV-SNP (Milan), with 8 GPUs`. */
export function kindOf({ platform, claims }: Appraisal): string {
  const [gpus, switches] = [Number(claims['gpu.count'] ?? 0), Number(claims['gpu.switches'] ?? 0)];
  const devices = [
    ...(gpus === 0 ? [] : [counted(gpus, 'GPU')]),
    ...(switches === 0 ? [] : [counted(switches, 'NVSwitch', 'NVSwitches')]),
  ];
  const machine = machineOf(platform, claims);
  return devices.length === 0 ? machine : `${machine}, with ${devices.join(' and ')}`;
}

/** The kind of the machine without its devices. */
function machineOf(platform: Appraisal['platform'], claims: Appraisal['claims']): string {
  return platform === 'gpu' ? partOf(platform) : clientPlatform(platform).machineText(claims);
}

/** Each text once, with its count. */
export function tally(texts: readonly string[]): readonly (readonly [text: string, count: number])[] {
  return [...Map.groupBy(texts, (text) => text)].map(([text, all]) => [text, all.length]);
}
