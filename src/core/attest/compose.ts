import { digestOf, digestOfObject } from '../canonical.ts';
import type { Appraisal } from './appraisal.ts';
import { endorsementsBytes } from './endorsements.ts';
import type { Evidence, GpuEvidence } from './evidence.ts';
import type { RuleResult } from './kit/rule-result.ts';
import { verifyOnce } from './kit/verify-once.ts';
import { appraiseDevices, appraiseReport, type Measure } from './part.ts';
import type { ReferenceValues } from './reference-values.ts';
import { revokedRule } from './revocation.ts';

/** The parts of a machine's evidence, from any source, and what each of them must bind. */
export interface PartsToAppraise {
  readonly report: Evidence['report'] | null;
  /** 64 bytes, 32 for a TPM; null where none is expected, and the rule is left out. */
  readonly reportData: Uint8Array | null;
  readonly gpu: GpuEvidence | null;
  /** 32 bytes; null where none is expected. */
  readonly gpuNonce: Uint8Array | null;
  /** SHA-256 of the whole, as the appraisal names it. */
  readonly evidence: string;
}

/**
 * Appraises a CPU's report and GPU evidence together, each by the rules of its platform, and then what holds
 * for all: GPU evidence alone is never enough, and nothing that was revoked is allowed. A part that cannot be
 * parsed throws `malformed`.
 */
export async function appraiseParts(parts: PartsToAppraise, given: Measure): Promise<Appraisal> {
  const measure = { ...given, verify: verifyOnce(given.verify) };
  const { report, reportData, gpu: devices, gpuNonce } = parts;
  const cpu = report === null ? null : await appraiseReport(report.platform, report, reportData, measure);
  const gpu = devices === null ? null : await appraiseDevices(devices.kind, devices, gpuNonce, measure);
  const claims = { ...cpu?.claims, ...gpu?.claims };
  const { referenceValues } = measure;
  const rules = [
    ...(cpu?.rules ?? []),
    ...(gpu?.rules ?? []),
    ...(referenceValues === null ? [] : commonRules(parts, claims, referenceValues)),
  ];
  return {
    v: 1,
    kind: 'appraisal',
    platform: report?.platform ?? 'gpu',
    instant: measure.instantMs,
    evidence: parts.evidence,
    endorsements: digestOf(endorsementsBytes(measure.endorsements)),
    referenceValues: referenceValues === null ? null : digestOfObject(referenceValues),
    label: cpu?.label ?? gpu?.label ?? 'nothing',
    claims,
    rules,
    verdict: rules.length > 0 && rules.every((rule) => rule.pass) ? 'pass' : 'fail',
  };
}

/** Every rule of an appraisal that is of no platform. */
export const COMPOSITE_RULES = [
  'composite.cpu',
  'composite.cpu-values',
  'composite.gpu-values',
  'composite.gpus',
  'composite.switches',
  'composite.revoked',
] as const;
type CompositeResult = RuleResult & { readonly rule: (typeof COMPOSITE_RULES)[number] };

/** The rules of every platform. Where policy has no values for a platform, its evidence is refused. */
function commonRules(
  { report, gpu }: PartsToAppraise,
  claims: Readonly<Record<string, string>>,
  values: ReferenceValues,
): readonly CompositeResult[] {
  const cpu = report?.platform ?? 'none';
  const hasCpu = report !== null && values[report.platform] !== undefined;
  const hasGpu = gpu !== null && values.gpu?.[gpu.kind] !== undefined;
  return [
    { rule: 'composite.cpu', expected: 'a report of the CPU or its TPM', got: cpu, pass: report !== null },
    report === null
      ? { rule: 'composite.cpu-values', expected: 'a CPU’s report, which values apply to', got: 'none', pass: false }
      : { rule: 'composite.cpu-values', expected: `reference values for ${cpu}`, ...presence(hasCpu) },
    gpu === null
      ? { rule: 'composite.gpu-values', expected: 'nothing where no GPU is shown', got: 'no GPU', pass: true }
      : { rule: 'composite.gpu-values', expected: `reference values for ${gpu.kind}`, ...presence(hasGpu) },
    countRule('composite.gpus', values.gpu?.gpus ?? [0], claims['gpu.count'] ?? '0'),
    countRule('composite.switches', values.gpu?.switches ?? [0], claims['gpu.switches'] ?? '0'),
    revokedRule(claims, values.revoked),
  ];
}

function presence(isThere: boolean): Pick<RuleResult, 'got' | 'pass'> {
  return { got: isThere ? 'given' : 'none in policy', pass: isThere };
}

function countRule(
  rule: 'composite.gpus' | 'composite.switches',
  allowed: readonly number[],
  got: string,
): CompositeResult {
  const expected = allowed.length === 0 ? 'no count is allowed' : allowed.join(' or ');
  return { rule, expected, got, pass: allowed.includes(Number(got)) };
}
