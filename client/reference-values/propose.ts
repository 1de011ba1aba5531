import { appraiseParts } from '../../src/core/attest/compose.ts';
import type { RuleResult } from '../../src/core/attest/kit/rule-result.ts';
import type { Measure } from '../../src/core/attest/part.ts';
import { parseReferenceValues, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import type { Subject } from '../appraise/agent-file.ts';
import { datesAdvice } from '../appraise/dates.ts';
import { type Choices, type Host, union } from '../platforms/kit/host.ts';
import { withReport } from '../platforms/platforms.ts';
import { gpusAllowed } from './gpus.ts';
import { withNras } from './nras.ts';
import { withNvidia } from './nvidia.ts';

/**
 * The rules that evidence without a CPU's report cannot pass. It serves to propose values for GPUs, and is never enough
 * for a release.
 */
const NEEDS_CPU: ReadonlySet<string> = new Set(['composite.cpu', 'composite.cpu-values']);

export interface KnownGood {
  readonly parts: Subject['parts'];
  readonly endorsements: Measure['endorsements'];
}

export interface Terms extends Omit<Measure, 'endorsements' | 'referenceValues'> {
  /** What the host is added to; `NO_REFERENCE_VALUES` for a document of its own. */
  readonly before: ReferenceValues;
  readonly choices: Choices;
}

/**
 * Proposes a document that a host's evidence passes under: `before`, and what the host measured besides. Roots are
 * those that `before` pins, or the vendors'; what no vendor vouches for (who certifies a TPM's key, whose keys sign
 * tokens) is taken from the evidence, and is for the reader to check.
 *
 * Throws `appraisal_failed`, its detail a rule and what it says each, for evidence that does not pass under the
 * document: because it is not authentic, or because the document refuses it in what no host can widen (what is
 * revoked, golden values, whether a TPM is enough). Throws `usage`, `exists`, and as the parsers.
 */
export async function proposeReferenceValues(good: KnownGood, terms: Terms): Promise<ReferenceValues> {
  const { parts, endorsements } = good;
  const { before, choices, instantMs, verify } = terms;
  const measure = { endorsements, instantMs, verify };
  const propose = (claims: Host['claims']) => parseReferenceValues(withHost(before, { ...good, claims }, choices));
  const { claims } = await appraiseParts(parts, { ...measure, referenceValues: null });
  // Some claims are made only where the collateral holds, under the roots that the document pins.
  const first = await appraiseParts(parts, { ...measure, referenceValues: propose(claims) });
  const document = propose(first.claims);
  const { rules } = await appraiseParts(parts, { ...measure, referenceValues: document });
  const failed = rules.filter(({ rule, pass }) => !pass && !(parts.report === null && NEEDS_CPU.has(rule)));
  if (failed.length > 0) throw refusal(failed);
  return document;
}

function refusal(failed: readonly RuleResult[]): TwinlockError {
  const detail = Object.fromEntries(
    failed.map(({ rule, expected, got }) => [rule, `expected ${expected}, got ${got}`]),
  );
  const rules = failed.map(({ rule }) => rule).join(', ');
  const advice = datesAdvice(failed);
  const message = `the evidence does not pass: ${rules}${advice === null ? '' : `; ${advice}`}`;
  return new TwinlockError('appraisal_failed', message, detail);
}

function withHost(before: ReferenceValues, host: Host, choices: Choices): ReferenceValues {
  return { ...before, ...withReport(before, host, choices), gpu: withGpu(before, host, choices) };
}

/** Where hosts without GPUs were allowed, they still are. */
function withGpu(before: ReferenceValues, host: Host, choices: Choices): ReferenceValues['gpu'] {
  const { gpu } = host.parts;
  if (gpu === null && before.gpu === null) return null;
  const allowed = gpusAllowed(before);
  const count = (claim: string) => Number(host.claims[claim] ?? 0);
  return {
    ...allowed,
    gpus: union(allowed.gpus, [count('gpu.count')]),
    switches: union(allowed.switches, [count('gpu.switches')]),
    ...(gpu?.kind === 'spdm' ? { spdm: withNvidia(allowed.spdm ?? null, gpu, choices) } : {}),
    ...(gpu?.kind === 'nras' ? { nras: withNras(allowed.nras ?? null, gpu, host) } : {}),
  };
}
