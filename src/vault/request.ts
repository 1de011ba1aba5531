import type { Appraisal } from '../core/attest/appraisal.ts';
import { appraise } from '../core/attest/appraise.ts';
import { endorsementsBytes, NO_ENDORSEMENTS, parseEndorsements } from '../core/attest/endorsements.ts';
import { parseEvidence } from '../core/attest/evidence.ts';
import { isHardware } from '../core/attest/production.ts';
import { type Request, requestSchema } from '../core/attest/request.ts';
import type { Hex } from '../core/bytes.ts';
import { canonicalBytes, digestOf } from '../core/canonical.ts';
import { type Code, must, TwinlockError } from '../core/errors.ts';
import { parseAs } from '../core/schema.ts';
import { currentPrincipal } from '../core/state/checks/signatures.ts';
import { requireWithinSkew } from '../core/state/judgement.ts';
import { policyInForce } from '../core/state/policies.ts';
import { reachOf, requireReachable } from '../core/state/reach.ts';
import { requireRunning } from '../core/state/running.ts';
import { versionKey } from '../core/state/state.ts';
import { requireInScope } from '../core/statement/principal.ts';
import type { Context } from './context.ts';
import type { PrincipalCaller } from './sessions.ts';

export interface OpenedRequest {
  readonly request: Hex;
  readonly random: Hex;
  readonly checkpoint: Uint8Array;
  readonly expires: number;
}

/** Opens a request: what its hosts' nonces are made of. What could never be released is refused here. */
export function openRequest(
  context: Context,
  caller: PrincipalCaller,
  fields: Omit<Request, 'v' | 'kind' | 'vault' | 'requester'>,
): OpenedRequest {
  const { facts, published: checkpoint } = context.recorder;
  const request = parseAs(
    requestSchema,
    { v: 1, kind: 'request', vault: facts.vault, requester: caller.key, ...fields },
    'request',
  );
  requireWithinSkew(request.created, context.clock.now(), 'request.created');
  const requester = currentPrincipal(facts, caller.key);
  const { owner } = requester;
  requireInScope(requester, request.model);
  const key = versionKey(request.model, request.version);
  must(facts.names.has(key), 'version_unknown', `${key} has not been deposited`);
  requireRunning(facts);
  requireReachable(facts, reachOf(facts, [{ person: owner, why: 'asked' }]));
  context.watch.hear(request.created);
  const { digest, random, expires } = context.requests.open(request);
  return { request: digest, random, checkpoint, expires };
}

export interface Appraised {
  /** Canonical bytes, both: what a release statement names by their digests. */
  readonly appraisal: Uint8Array;
  readonly endorsements: Uint8Array;
}

/**
 * Appraises a host's evidence at the vault's instant, with the endorsements that the vault finds for it besides
 * those that `offered` has (null for none). What fails is refused, and no custodian is bothered.
 * Throws `rate_limited` while the caller's key has too many under way, `limit_exceeded` where the request has had
 * enough of them, `challenge_unknown`, `malformed`, `binding_mismatch`, `evidence_simulated`, `appraisal_failed`.
 */
export function appraiseForRequest(
  context: Context,
  caller: PrincipalCaller,
  request: Hex,
  bytes: Uint8Array,
  offered: Uint8Array | null,
): Promise<Appraised> {
  return context.shares.appraisals.run(caller.key, () => appraiseInTurn(context, caller, request, bytes, offered));
}

async function appraiseInTurn(
  context: Context,
  caller: PrincipalCaller,
  request: Hex,
  bytes: Uint8Array,
  offered: Uint8Array | null,
): Promise<Appraised> {
  const { facts } = context.recorder;
  const open = context.requests.findToAppraise(request, caller.key);
  const { evidence, digest } = parseEvidence(bytes);
  const isAnswer = evidence.random === open.random && evidence.vault === facts.vault;
  must(isAnswer, 'binding_mismatch', 'evidence: not made for this request');
  must(
    isHardware(evidence.report.platform) || facts.genesis.grade === 'simulation',
    'evidence_simulated',
    'a production vault refuses simulated evidence',
  );
  const { referenceValues } = policyInForce(facts).document;
  const brought = offered === null ? NO_ENDORSEMENTS : parseEndorsements(offered).endorsements;
  const endorsements = endorsementsBytes(await context.endorser.endorse(evidence, brought));
  const input = { evidence: bytes, endorsements, referenceValues, instantMs: context.clock.now() };
  const appraisal = await appraise(input, context.verify);
  requirePass(appraisal);
  const reached = canonicalBytes(appraisal);
  const named = { evidence: digest, endorsements: digestOf(endorsements), appraisal: digestOf(reached) };
  const objects = new Map([
    [digest, bytes],
    [named.endorsements, endorsements],
    [named.appraisal, reached],
  ]);
  context.requests.reach(request, caller.key, named, objects);
  return { appraisal: reached, endorsements };
}

/** The operator's remedy for a rule that fails because endorsements are missing. The host is not at fault. */
const ENDORSEMENT_ADVICE = {
  endorsement_missing: 'bring them with the evidence, or put them into the vault’s --endorsements folder',
  endorsement_stale: 'bring newer ones with the evidence, or put newer ones into the vault’s --endorsements folder',
} as const satisfies Partial<Record<Code, string>>;

/** Throws `appraisal_failed` with the first rule that does. */
function requirePass({ rules, verdict }: Appraisal): void {
  if (verdict === 'pass') return;
  const failed = rules.find(({ pass }) => !pass);
  if (failed === undefined) throw new TwinlockError('appraisal_failed', 'no rule was checked', { rule: '' });
  const { rule, expected, got } = failed;
  const [, next] = Object.entries(ENDORSEMENT_ADVICE).find(([code]) => got.startsWith(`${code}:`)) ?? [];
  const advice = next === undefined ? '' : `; ${next}`;
  throw new TwinlockError('appraisal_failed', `${rule}: expected ${expected}, got ${got}${advice}`, { rule });
}
