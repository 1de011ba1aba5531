import { z } from 'zod';
import { MAX_HOSTS } from '../core/attest/request.ts';
import { MAX_STOP_BYTES } from '../core/log/signed-stop.ts';
import { MAX_FILES } from '../core/weights/manifest.ts';
import { decimal, digest, id, recorded } from './fields.ts';
import * as log from './log.ts';
import * as proposal from './proposal.ts';
import type { Role, Route } from './route.ts';
import * as sizes from './sizes.ts';
import { statusView } from './status.ts';
import { stopAnswer, stopRequest } from './stop.ts';
import * as vault from './vault.ts';
import * as weights from './weights.ts';

const EVERY_ROLE = ['custodian', 'depositor', 'requester', 'auditor'] as const satisfies readonly Role[];
const CUSTODIAN = ['custodian'] as const;
const DEPOSITOR = ['depositor'] as const;
const REQUESTER = ['requester'] as const;

const file = decimal(MAX_FILES - 1);
const byDigest = z.object({ digest });
const byManifest = z.object({ manifest: digest });
const byUpload = z.object({ upload: id });
const byUploadFile = z.object({ upload: id, file });
const byManifestFile = z.object({ manifest: digest, file });

/** Every route of the API. The vault serves this table, its clients ask by it, and a console forwards by it. */
export const ROUTES = {
  // For callers without a session
  vault: {
    method: 'GET',
    path: '/v1/vault',
    says: 'public facts of the vault',
    access: 'anybody',
    answer: vault.vaultStatus,
    isForConsole: true,
  },
  challenge: {
    method: 'POST',
    path: '/v1/challenges',
    says: 'a challenge for one sign-in',
    access: 'anybody',
    body: vault.challengeRequest,
    answer: vault.challenge,
    isForConsole: true,
  },
  openSession: {
    method: 'POST',
    path: '/v1/sessions',
    says: 'a session',
    access: 'anybody',
    body: vault.sessionRequest,
    answer: vault.session,
    isForConsole: true,
  },
  stop: {
    method: 'POST',
    path: '/v1/stops',
    says: 'the stop is recorded, or its effect already held',
    access: 'anybody',
    body: stopRequest,
    answer: stopAnswer,
    maxBodyBytes: MAX_STOP_BYTES,
    isForConsole: true,
  },

  // With an invitation, before there is a log
  invitation: {
    method: 'GET',
    path: '/v1/invitation',
    says: 'the founder who was invited',
    access: 'invitation',
    answer: vault.invitation,
    isForConsole: true,
  },
  enrol: {
    method: 'POST',
    path: '/v1/enrolments',
    says: 'the vault has stored the enrolment document',
    access: 'invitation',
    body: vault.enrolmentRequest,
    answer: vault.enrolmentResponse,
    isForConsole: true,
  },
  genesis: {
    method: 'GET',
    path: '/v1/genesis',
    says: 'the genesis statement that founders sign',
    access: 'invitation',
    answer: vault.genesisDraft,
    maxAnswerBytes: sizes.LOG_ANSWER_BYTES,
    isForConsole: true,
  },
  signGenesis: {
    method: 'POST',
    path: '/v1/genesis/signatures',
    says: 'the vault has stored the signature; the last signature founds the vault',
    access: 'invitation',
    body: vault.genesisSignature,
    answer: vault.genesisSigned,
    isForConsole: true,
  },

  // With a session
  closeSession: {
    method: 'DELETE',
    path: '/v1/sessions',
    says: 'the session has ended',
    access: EVERY_ROLE,
    isForConsole: true,
  },
  status: {
    method: 'GET',
    path: '/v1/status',
    says: 'the state of the vault in summary',
    access: EVERY_ROLE,
    answer: statusView,
    isForConsole: true,
  },
  checkpoint: {
    method: 'GET',
    path: '/v1/log/checkpoint',
    says: 'the last checkpoint',
    access: EVERY_ROLE,
    answer: log.checkpoint,
    isForConsole: true,
  },
  // Requesters get the chain of their release, not the log.
  entries: {
    method: 'GET',
    path: '/v1/log/entries',
    says: 'a page of the log',
    access: ['custodian', 'depositor', 'auditor'],
    query: log.entriesQuery,
    answer: log.entries,
    work: 'large',
    maxAnswerBytes: sizes.LOG_ANSWER_BYTES,
    act: 'read_log',
    isForConsole: true,
  },
  ownEnvelopes: {
    method: 'GET',
    path: '/v1/versions/{manifest}/envelopes',
    says: 'the envelopes sealed to the caller',
    access: CUSTODIAN,
    params: byManifest,
    answer: log.ownEnvelopes,
    act: 'custody',
    isForConsole: true,
  },
  confirmCustody: {
    method: 'POST',
    path: '/v1/custody',
    says: 'the confirmation is recorded',
    access: CUSTODIAN,
    body: proposal.custodyRequest,
    answer: recorded,
    act: 'custody',
    isForConsole: true,
  },
  proposals: {
    method: 'GET',
    path: '/v1/proposals',
    says: 'at most 500 proposals, newest first',
    access: EVERY_ROLE,
    query: proposal.proposalsQuery,
    answer: proposal.proposalList,
    work: 'large',
    maxAnswerBytes: sizes.LOG_ANSWER_BYTES,
    isForConsole: true,
  },
  proposal: {
    method: 'GET',
    path: '/v1/proposals/{digest}',
    says: 'the proposal, once its phase differs from the named phase or the wait is over',
    access: EVERY_ROLE,
    params: byDigest,
    query: proposal.waitQuery,
    answer: proposal.proposalView,
    work: 'wait',
    isForConsole: true,
  },
  // Of all proposals, only policies bring large bytes. The vault has what a release rests on.
  propose: {
    method: 'POST',
    path: '/v1/proposals',
    says: 'the proposal is recorded, and custodians can decide on it',
    access: EVERY_ROLE,
    body: proposal.proposeRequest,
    answer: proposal.proposed,
    maxBodyBytes: { custodian: sizes.POLICY_BODY_BYTES },
    act: 'propose',
    isForConsole: true,
  },
  decide: {
    method: 'POST',
    path: '/v1/proposals/{digest}/approvals',
    says: 'the decision is recorded',
    access: CUSTODIAN,
    params: byDigest,
    body: proposal.decideRequest,
    answer: proposal.decided,
    act: 'approve',
    isForConsole: true,
  },
  openRequest: {
    method: 'POST',
    path: '/v1/requests',
    says: 'the values from which each host computes its nonce',
    access: REQUESTER,
    body: proposal.openRequest,
    answer: proposal.openedRequest,
    act: 'request',
  },
  appraise: {
    method: 'POST',
    path: '/v1/requests/{digest}/appraisals',
    says: 'the appraisal of the evidence, which passed, and the endorsements it used',
    access: REQUESTER,
    params: byDigest,
    body: proposal.appraiseRequest,
    answer: proposal.appraised,
    work: 'large',
    maxBodyBytes: sizes.APPRAISAL_BODY_BYTES,
    act: 'appraise',
  },
  handover: {
    method: 'GET',
    path: '/v1/releases/{release}/hosts/{host}',
    says: 'sealed shares, sealed token, authority chain',
    access: REQUESTER,
    params: z.object({ release: digest, host: decimal(MAX_HOSTS - 1) }),
    answer: weights.handover,
    work: 'large',
    maxAnswerBytes: sizes.LOG_ANSWER_BYTES,
    act: 'hand_over',
  },
  sendReceipt: {
    method: 'POST',
    path: '/v1/releases/{release}/receipts',
    says: 'the receipt is recorded',
    access: REQUESTER,
    params: z.object({ release: digest }),
    body: weights.receiptRequest,
    answer: recorded,
    act: 'receipt',
  },
  openUpload: {
    method: 'POST',
    path: '/v1/uploads',
    says: 'the upload is open',
    access: DEPOSITOR,
    body: weights.openUpload,
    answer: weights.uploadStatus,
    act: 'upload',
  },
  upload: {
    method: 'GET',
    path: '/v1/uploads/{upload}',
    says: 'the parts that the vault has stored on disk',
    access: DEPOSITOR,
    params: byUpload,
    answer: weights.uploadStatus,
    act: 'upload',
  },
  uploads: {
    method: 'GET',
    path: '/v1/uploads',
    says: 'the caller’s uploads under way',
    access: DEPOSITOR,
    answer: weights.uploadList,
    act: 'upload',
  },
  abandonUpload: {
    method: 'DELETE',
    path: '/v1/uploads/{upload}',
    says: 'the vault has deleted the upload',
    access: DEPOSITOR,
    params: byUpload,
    act: 'upload',
  },
  takeUploadOver: {
    method: 'POST',
    path: '/v1/uploads/{upload}/turns',
    says: 'the parts that the vault has stored on disk; the calling process now continues the upload',
    access: DEPOSITOR,
    params: byUpload,
    body: weights.takeOver,
    answer: weights.uploadStatus,
    act: 'upload',
  },
  restartFile: {
    method: 'POST',
    path: '/v1/uploads/{upload}/files/{file}',
    says: 'the vault has deleted all parts of the file',
    access: DEPOSITOR,
    params: byUploadFile,
    body: weights.restartFile,
    answer: weights.uploadStatus,
    act: 'upload',
  },
  putPart: {
    method: 'PUT',
    path: '/v1/uploads/{upload}/files/{file}',
    says: 'the segments are on disk',
    access: DEPOSITOR,
    params: byUploadFile,
    query: weights.partQuery,
    body: 'octets',
    answer: weights.partStored,
    work: 'large',
    maxBodyBytes: sizes.PART_BODY_BYTES,
    act: 'upload',
  },
  deposit: {
    method: 'POST',
    path: '/v1/deposits',
    says: 'the version is quarantined',
    access: DEPOSITOR,
    body: weights.depositRequest,
    answer: weights.deposited,
    work: 'large',
    maxBodyBytes: sizes.DEPOSIT_BODY_BYTES,
    act: 'deposit',
  },

  // With a host's token. The pack comes before the files, which have numbers.
  pack: {
    method: 'GET',
    path: '/v1/weights/{manifest}/pack',
    says: 'the pack: segments of all files of at most 1 MiB except the first file, one after another',
    access: 'host',
    params: byManifest,
    answer: 'octets',
    isRanged: true,
  },
  weights: {
    method: 'GET',
    path: '/v1/weights/{manifest}/{file}',
    says: 'the ciphertext of the file',
    access: 'host',
    params: byManifestFile,
    answer: 'octets',
    isRanged: true,
  },
  leaves: {
    method: 'GET',
    path: '/v1/weights/{manifest}/{file}/leaves',
    says: 'the leaf hashes of the file, 32 bytes for each segment',
    access: 'host',
    params: byManifestFile,
    answer: 'octets',
    maxAnswerBytes: sizes.LEAVES_ANSWER_BYTES,
  },
} as const satisfies Record<string, Route>;
