import { type Code, type CodeGroup, TwinlockError } from '../core/errors.ts';

export interface Problem {
  readonly code: Code;
  readonly message: string;
  readonly detail: Readonly<Record<string, string | number>>;
}

/** The answer for an error. It tells our own errors in full, and of any other error only that it happened. */
export function problemOf(error: unknown): { status: ProblemStatus; problem: Problem } {
  if (error instanceof TwinlockError) {
    const { code, message, detail } = error;
    return { status: statusOf(error), problem: { code, message, detail } };
  }
  const message = 'the vault failed to answer; its log has the reason under the time of this answer';
  return { status: 500, problem: { code: 'internal', message, detail: {} } };
}

/** The HTTP status of each group of codes, except the codes below. */
const OF_GROUP = {
  mend: 400,
  denied: 409,
  expired: 409,
  overtaken: 409,
  ended: 409,
  stopped: 409,
  retry: 409,
  alert: 403,
} as const satisfies Record<CodeGroup, number>;

const EXCEPTIONS = {
  400: [
    'wrong_committee',
    'cancelled',
    'object_missing',
    'object_mismatch',
    'wrong_genesis',
    'proof_invalid',
    'ciphertext_invalid',
    'envelope_invalid',
    'key_check_failed',
    'binding_mismatch',
    'appraisal_mismatch',
  ],
  401: ['unauthenticated', 'invitation_unknown', 'challenge_unknown'],
  403: [
    'budget_exceeded',
    'not_permitted',
    'out_of_scope',
    'principal_unknown',
    'principal_retired',
    'person_unknown',
    'not_a_custodian',
    'credential_unknown',
    'credential_retired',
    'proposer_cannot_approve',
  ],
  404: ['proposal_unknown', 'version_unknown', 'stop_unknown', 'upload_unknown', 'not_found'],
  409: [
    'statement_seen',
    'principal_exists',
    'person_exists',
    'credential_exists',
    'already_voted',
    'quorum_unreachable',
    'version_exists',
    'version_quarantined',
    'version_not_quarantined',
    'evaluation_missing',
    'model_signature_missing',
    'custody_known',
    'custody_missing',
    'kem_key_reused',
    'evidence_reused',
    'vault_not_stopped',
    'genesis_closed',
    'genesis_changed',
    'genesis_incomplete',
    'upload_incomplete',
    'upload_conflict',
    'exists',
    'foreign_checkpoint',
    'clock_skew',
  ],
  410: ['invitation_stale'],
  413: ['too_large'],
  416: ['range_not_satisfiable'],
  429: ['rate_limited'],
  500: [
    'index_gap',
    'prev_mismatch',
    'time_backwards',
    'checkpoint_invalid',
    'storage_corrupt',
    'migration_mismatch',
    'internal',
  ],
  503: ['unavailable', 'storage_failed', 'endorsement_missing', 'endorsement_stale'],
  507: ['storage_full'],
} as const satisfies Record<number, readonly Code[]>;

export type ProblemStatus = (typeof OF_GROUP)[CodeGroup] | keyof typeof EXCEPTIONS;

const STATUS_OF: ReadonlyMap<Code, ProblemStatus> = new Map(
  Object.entries<readonly Code[]>(EXCEPTIONS).flatMap(([status, codes]) =>
    codes.map((code) => [code, Number(status) as ProblemStatus] as const),
  ),
);

/** The HTTP status of every code: the one place where it is decided. */
export function statusOf({ code, group }: Pick<TwinlockError, 'code' | 'group'>): ProblemStatus {
  return STATUS_OF.get(code) ?? OF_GROUP[group];
}
