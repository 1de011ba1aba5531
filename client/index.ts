/**
 * `twinlock/client`: what the command line is made of, for programs that deposit, request, fetch and audit by themselves.
 * Node only. A program gives each of these the vault's fingerprint: none of them learns it from the vault.
 */

export { platformRandom } from '../src/platform/random.ts';
export { verifyNode } from '../src/platform/verify-node.ts';
export { Api, type ApiOptions } from './api/api.ts';
export { type AuditOptions, type AuditReport, audit } from './auditor/audit.ts';
export { deposit } from './depositor/deposit.ts';
export type { EvidenceCollector } from './host/collector.ts';
export { type Fetched, fetchRelease, sendReceipt } from './host/fetch.ts';
export { readPendingRelease, writePendingRelease } from './host/pending-release.ts';
export { type ReleaseRequest, requestRelease } from './host/request.ts';
export { checkpointFiles } from './log/checkpoint-file.ts';
export type { CheckpointMemory } from './log/checkpoint-memory.ts';
export { Replica } from './log/replica.ts';
export { keptSource, type LogPage, type LogSource, vaultSource } from './log/source.ts';
export { openPrincipalSession, type PrincipalSession } from './principal/principal.ts';
export { readPrincipalKey } from './principal/principal-file.ts';
