/**
 * Every code that twinlock throws, grouped by what the caller does next. A code is stable: scripts and
 * other clients match on it, so it is never renamed and never reused.
 */
export const CODES = {
  /** The input is wrong: mend it, then send it again. */
  mend: [
    // encodings
    'malformed',
    'not_canonical',
    'unsupported_version',
    'unsupported_algorithm',
    'unknown_kind',
    'too_large',
    'invalid_name',
    // shares and envelopes
    'invalid_index',
    'invalid_threshold',
    'invalid_point',
    'invalid_scalar',
    'invalid_key',
    // statements
    'wrong_vault',
    'wrong_grade',
    'statement_seen',
    'limit_exceeded',
    'budget_exceeded',
    // who may
    'not_permitted',
    'out_of_scope',
    'principal_unknown',
    'principal_exists',
    'principal_retired',
    'person_unknown',
    'person_exists',
    'not_a_custodian',
    'credential_unknown',
    'credential_exists',
    'credential_retired',
    'proposer_cannot_approve',
    'prf_unusable',
    'already_voted',
    'quorum_unreachable',
    // what it is about
    'proposal_unknown',
    'version_unknown',
    'version_exists',
    'version_quarantined',
    'version_not_quarantined',
    'evaluation_missing',
    'model_signature_missing',
    'custody_known',
    'custody_missing',
    'envelopes_mismatch',
    'manifest_mismatch',
    'committee_mismatch',
    'kem_key_reused',
    'evidence_reused',
    'stop_unknown',
    'vault_not_stopped',
    // at the door
    'unauthenticated',
    'invitation_unknown',
    'invitation_stale',
    'genesis_closed',
    'genesis_changed',
    'genesis_incomplete',
    'challenge_unknown',
    'upload_unknown',
    'upload_incomplete',
    'upload_conflict',
    'range_not_satisfiable',
    'not_found',
    'usage',
    'exists',
  ],
  /** The custodians have said no: read their reasons, then ask people. */
  denied: ['request_denied'],
  /** Its time is over: ask anew. */
  expired: ['statement_expired', 'lease_over'],
  /** Something that the request rests on has been replaced since: ask again, or sign again. */
  overtaken: ['wrong_committee', 'wrong_epoch', 'wrong_policy', 'wrong_base'],
  /** A person has ended it: see who and why, then ask people. */
  ended: ['proposal_closed', 'request_withdrawn', 'release_revoked', 'version_withdrawn'],
  /** One person has stopped the vault: nothing is released until a quorum resumes it. */
  stopped: ['vault_stopped'],
  /** The input is correct: try again later, or after the named thing has happened. */
  retry: [
    'quorum_missing',
    'cancelled',
    'nonce_stale',
    'stale_checkpoint',
    'rate_limited',
    'unavailable',
    'in_use',
    'storage_full',
    'storage_failed',
    // endorsements come from vendors, and go out of date
    'endorsement_missing',
    'endorsement_stale',
  ],
  /** Something that must not be: stop, keep the evidence, alert. */
  alert: [
    // log
    'index_gap',
    'prev_mismatch',
    'time_backwards',
    'object_missing',
    'object_mismatch',
    'wrong_genesis',
    'proof_invalid',
    'checkpoint_invalid',
    'foreign_checkpoint',
    'rolled_back',
    'clock_skew',
    // cryptography
    'signature_invalid',
    'ciphertext_invalid',
    'envelope_invalid',
    'share_invalid',
    'key_check_failed',
    'digest_mismatch',
    // WebAuthn
    'wrong_ceremony',
    'wrong_challenge',
    'wrong_origin',
    'wrong_rp_id',
    'user_absent',
    'user_unverified',
    'backup_eligible',
    'authenticator_unattested',
    'prf_missing',
    'binding_mismatch',
    // attestation
    'appraisal_failed',
    'appraisal_mismatch',
    'evidence_simulated',
    'root_unknown',
    // certificates
    'certificate_untrusted',
    'certificate_not_yet_valid',
    'certificate_expired',
    'certificate_usage',
    'certificate_revoked',
    'crl_invalid',
    // storage
    'storage_corrupt',
    'migration_mismatch',
    'internal',
  ],
} as const satisfies Record<string, readonly string[]>;

/** The caller's next step after an error. */
export type CodeGroup = keyof typeof CODES;
/** The stable code of an error: what a program acts on. */
export type Code = (typeof CODES)[CodeGroup][number];

const GROUP_OF: ReadonlyMap<string, CodeGroup> = new Map(
  (Object.keys(CODES) as CodeGroup[]).flatMap((group) => CODES[group].map((code) => [code, group] as const)),
);

/** The next step of the caller of a function that threw `code`. */
function groupOf(code: Code): CodeGroup {
  return GROUP_OF.get(code) ?? 'alert';
}

/** Returns whether `text` is one of our codes. Checks codes that arrive over the wire. */
export function isCode(text: string): text is Code {
  return GROUP_OF.has(text);
}

/**
 * The one error class. `message` says what was expected and what was got, by field, in lower case and
 * never with a secret; `detail` names the same things for programs.
 */
export class TwinlockError extends Error {
  override readonly name = 'TwinlockError';
  readonly code: Code;
  readonly detail: Readonly<Record<string, string | number>>;

  constructor(code: Code, message: string, detail: Record<string, string | number> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.detail = detail;
  }

  get group(): CodeGroup {
    return groupOf(this.code);
  }
}

/** Throws `code` unless `condition` holds. */
export function must(
  condition: boolean,
  code: Code,
  message: string,
  detail: Record<string, string | number> = {},
): asserts condition {
  if (!condition) throw new TwinlockError(code, message, detail);
}
