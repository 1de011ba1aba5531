import { type Code, TwinlockError } from '../core/errors.ts';

export interface Problem {
  readonly code: Code;
  readonly message: string;
  readonly detail: Readonly<Record<string, string | number>>;
}

/** What is told of an error: of our own everything, of any other nothing but that it happened. */
export function problemOf(error: unknown): { status: ProblemStatus; problem: Problem } {
  if (error instanceof TwinlockError) {
    const { code, message, detail } = error;
    return { status: statusOf(code), problem: { code, message, detail } };
  }
  const message = 'the vault failed to answer; its log has the reason under the time of this answer';
  return { status: 500, problem: { code: 'internal', message, detail: {} } };
}

export type ProblemStatus = ReturnType<typeof statusOf>;

/** The HTTP status of every code: the one place where it is decided. */
export function statusOf(code: Code) {
  switch (code) {
    case 'unauthenticated':
    case 'challenge_unknown':
    case 'invitation_unknown':
      return 401;
    case 'invitation_stale':
      return 410;
    case 'not_permitted':
    case 'out_of_scope':
    case 'not_a_custodian':
    case 'proposer_cannot_approve':
    case 'credential_unknown':
    case 'credential_retired':
    case 'principal_unknown':
    case 'principal_retired':
    case 'person_unknown':
    case 'appraisal_failed':
    case 'evidence_simulated':
    case 'root_unknown':
    case 'certificate_untrusted':
    case 'certificate_not_yet_valid':
    case 'certificate_expired':
    case 'certificate_usage':
    case 'certificate_revoked':
    case 'crl_invalid':
    case 'authenticator_unattested':
    case 'backup_eligible':
    case 'user_absent':
    case 'user_unverified':
    case 'cross_origin':
    case 'wrong_origin':
    case 'wrong_rp_id':
    case 'wrong_challenge':
    case 'wrong_ceremony':
    case 'signature_invalid':
    case 'budget_exceeded':
      return 403;
    case 'not_found':
    case 'proposal_unknown':
    case 'release_unknown':
    case 'version_unknown':
    case 'upload_unknown':
    case 'stop_unknown':
      return 404;
    case 'too_large':
      return 413;
    case 'range_not_satisfiable':
      return 416;
    case 'rate_limited':
      return 429;
    case 'already_voted':
    case 'statement_seen':
    case 'stop_used':
    case 'statement_expired':
    case 'principal_exists':
    case 'person_exists':
    case 'credential_exists':
    case 'proposal_closed':
    case 'request_denied':
    case 'request_withdrawn':
    case 'release_revoked':
    case 'lease_over':
    case 'version_exists':
    case 'version_quarantined':
    case 'version_not_quarantined':
    case 'version_withdrawn':
    case 'evaluation_missing':
    case 'model_signature_missing':
    case 'custody_known':
    case 'custody_missing':
    case 'kem_key_reused':
    case 'evidence_reused':
    case 'vault_stopped':
    case 'vault_not_stopped':
    case 'genesis_closed':
    case 'genesis_changed':
    case 'genesis_incomplete':
    case 'upload_incomplete':
    case 'upload_conflict':
    case 'exists':
    case 'in_use':
    case 'quorum_missing':
    case 'quorum_unreachable':
    case 'group_missing':
    case 'voter_gone':
    case 'nonce_stale':
    case 'stale_checkpoint':
    case 'foreign_checkpoint':
    case 'rolled_back':
    case 'clock_skew':
    case 'wrong_epoch':
    case 'wrong_policy':
    case 'wrong_base':
      return 409;
    case 'unavailable':
    case 'storage_failed':
    case 'endorsement_missing':
    case 'endorsement_stale':
      return 503;
    case 'storage_full':
      return 507;
    case 'internal':
    case 'storage_corrupt':
    case 'migration_mismatch':
    case 'index_gap':
    case 'prev_mismatch':
    case 'time_backwards':
    case 'checkpoint_invalid':
      return 500;
    case 'malformed':
    case 'not_canonical':
    case 'unsupported_version':
    case 'unsupported_algorithm':
    case 'unknown_kind':
    case 'invalid_name':
    case 'invalid_index':
    case 'invalid_threshold':
    case 'invalid_point':
    case 'invalid_scalar':
    case 'invalid_key':
    case 'wrong_vault':
    case 'wrong_grade':
    case 'wrong_committee':
    case 'limit_exceeded':
    case 'envelopes_mismatch':
    case 'manifest_mismatch':
    case 'committee_mismatch':
    case 'usage':
    case 'cancelled':
    case 'object_missing':
    case 'object_mismatch':
    case 'wrong_genesis':
    case 'genesis_incoherent':
    case 'proof_invalid':
    case 'ciphertext_invalid':
    case 'envelope_invalid':
    case 'share_invalid':
    case 'shares_inconsistent':
    case 'key_check_failed':
    case 'digest_mismatch':
    case 'prf_missing':
    case 'prf_unusable':
    case 'binding_mismatch':
    case 'appraisal_mismatch':
      return 400;
  }
}
