/**
 * `twinlock/core`: formats, cryptography, appraisal and the fold, without I/O; bytes in, values out. Every function takes
 * attacker-controlled bytes unless its own comment says otherwise, and throws a `TwinlockError` with a stable code.
 *
 * To verify a log: fold each entry by `apply`, check the claims that it returns by `discharge`, and hold size and root
 * against a checkpoint that `openCheckpoint` has opened with the key in genesis.
 */

export { type Appraisal, parseAppraisal } from './attest/appraisal.ts';
export { type AppraisalInput, appraise } from './attest/appraise.ts';
export { type Evidence, parseEvidence } from './attest/evidence.ts';
export { type Code, TwinlockError } from './errors.ts';
export { openCheckpoint } from './log/checkpoint.ts';
export { type Entry, parseEntry } from './log/entry.ts';
export { leafHash } from './log/merkle.ts';
export { formatVkey, parseVkey } from './log/note-key.ts';
export { verifyConsistency, verifyInclusion } from './log/proofs.ts';
export type { SignatureClaim } from './signature/claim.ts';
export { verifyReference } from './signature/reference.ts';
export { type Applied, apply, objectsNamed } from './state/apply.ts';
export { verifyAuthority } from './state/authority.ts';
export { discharge } from './state/discharge.ts';
export type { Claim } from './state/judgement.ts';
export type { Objects } from './state/objects.ts';
export type { Facts, State } from './state/state.ts';
export { comparisonCode } from './statement/comparison-code.ts';
export { type Policy, parsePolicy } from './statement/policy.ts';
export { parseStatement, type Statement, statementDigest } from './statement/statement.ts';
