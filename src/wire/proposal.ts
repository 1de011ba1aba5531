import { z } from 'zod';
import { MAX_APPRAISAL_BYTES } from '../core/attest/appraisal.ts';
import { MAX_ENDORSEMENTS_BYTES } from '../core/attest/endorsements.ts';
import { MAX_EVIDENCE_BYTES } from '../core/attest/evidence.ts';
import { PHASES, STANDINGS } from '../core/state/lifecycle.ts';
import { OVERTAKING, type Overtaking } from '../core/state/overtaking.ts';
import { BARS, REMEDIES } from '../core/state/reach.ts';
import {
  assertion,
  binary,
  bytes,
  count,
  credentialId,
  decimal,
  digest,
  groupName,
  instantMs,
  modelName,
  note,
  objectTexts,
  person,
  proposerSignature,
  reason,
  recorded,
  statement,
  statementKind,
  versionName,
} from './fields.ts';
import { recordedStop, stopsInForce } from './stop.ts';

/** POST /v1/requests: a requester opens a request; the vault answers with what the nonces are made of. */
export const openRequest = z
  .strictObject({
    model: modelName,
    version: versionName,
    purpose: z.enum(['serving', 'evaluation']),
    hosts: z.int().min(1).max(64),
    nonce: digest,
    created: instantMs,
  })
  .meta({ id: 'OpenRequest' });
export const openedRequest = z
  .object({ request: digest, random: digest, checkpoint: note, expires: instantMs })
  .meta({ id: 'OpenedRequest' });

/**
 * POST /v1/requests/{digest}/appraisals: the vault appraises evidence for an open request at its own instant.
 * Canonical bytes, all of them. The host sends the endorsements that it has; the vault answers with those that
 * it appraised with, completed by what it has found itself.
 */
export const appraiseRequest = z
  .strictObject({ evidence: bytes(MAX_EVIDENCE_BYTES), endorsements: z.nullable(bytes(MAX_ENDORSEMENTS_BYTES)) })
  .meta({ id: 'AppraiseRequest' });
export const appraised = z
  .object({ appraisal: bytes(MAX_APPRAISAL_BYTES), endorsements: bytes(MAX_ENDORSEMENTS_BYTES) })
  .meta({ id: 'Appraised' });

/** POST /v1/proposals. */
export const proposeRequest = z
  .strictObject({ statement, signature: proposerSignature, objects: objectTexts })
  .meta({ id: 'ProposeRequest' });
export const proposed = recorded.extend({ digest }).meta({ id: 'Proposed' });

const phase = z.enum(PHASES);
/** Custodians who have approved or can, and those who cannot; where `reachable` is false, no quorum can come. */
export const reach = z.object({
  reachable: z.boolean(),
  threshold: count,
  members: count,
  able: z.array(person),
  barred: z.array(person.extend({ why: z.enum(BARS) })),
  /** Groups that the policy requires and that have no member who can still approve. */
  groups: z.array(groupName),
  /** Causes whose end, all of them together, makes a quorum reachable; none where none does. */
  remedies: z.array(z.enum(REMEDIES)),
});
const vote = person.extend({
  decision: z.enum(['approve', 'deny']),
  reason,
  time: instantMs,
});
/** GET /v1/proposals and GET /v1/proposals/{digest}?wait=: a view; a client that decides replays the log instead. */
export const proposalView = z
  .object({
    digest,
    kind: statementKind,
    phase,
    index: count,
    time: instantMs,
    expires: instantMs,
    statement,
    /** The person who asked, or whose machine did. */
    asked: person,
    votes: z.array(vote),
    /** The phase by the vault’s clock: `open` and `approved` can take effect; every other phase is an end. */
    standing: z.enum(STANDINGS),
    /**
     * The kind of change that has overtaken the proposal; null if none has, or if the proposal ended in another way.
     */
    overtaken: z.nullable(z.enum(Object.keys(OVERTAKING) as [Overtaking, ...Overtaking[]])),
    wanting: count,
    missingGroups: z.array(groupName),
    /** People who can still approve the proposal; null once it has its quorum or can no longer take effect. */
    reach: z.nullable(reach),
    receipts: count,
    /** When a release stops being served; null where it is not released. */
    leaseEnds: z.nullable(instantMs),
    /** The stop that withdrew or revoked the proposal; null if none has. */
    stop: z.nullable(recordedStop),
    /** Whether the proposal was dated by a clock that a quorum then set back. The correction ended the proposal. */
    setBack: z.boolean(),
  })
  .meta({ id: 'Proposal' });
export const proposalList = z
  .object({ proposals: z.array(proposalView), stopped: stopsInForce })
  .meta({ id: 'ProposalList' });
export const proposalsQuery = z.strictObject({ phase: z.enum(['open', 'all']).default('open') });
/** Seconds to wait for the phase to differ from the one named. */
export const waitQuery = z.strictObject({ wait: decimal(60).default(0), phase: phase.optional() });

/** A share re-sealed to host `host` of a release, and who answers for it. */
const hostEnvelope = z.strictObject({
  host: z.int().min(0).max(63),
  envelope: bytes(2048),
  signature: bytes(64),
});
/** An authenticator's envelope has been opened and its share checked. */
const custody = z.strictObject({
  manifest: digest,
  credential: credentialId,
  envelope: digest,
  signature: binary(64),
});

/** POST /v1/proposals/{digest}/approvals. */
export const decideRequest = z
  .strictObject({
    decision: z.enum(['approve', 'deny']),
    credential: credentialId,
    checkpoint: z.strictObject({ origin: z.string().max(128), size: z.int().min(1), root: digest }),
    roster: digest,
    time: instantMs,
    nonce: digest,
    /** The reason of a denial, which the signature covers; null for an approval. */
    reason,
    assertion,
    /** For an approved release: one envelope for each host. */
    envelopes: z.array(hostEnvelope).max(64),
    /** For an approved publication: recorded before the approval. */
    custody: z.nullable(custody),
  })
  .meta({ id: 'DecideRequest' });
export const decided = recorded.extend({ proposal: proposalView }).meta({ id: 'Decided' });

/** POST /v1/custody: a custodian confirms an envelope without deciding anything. */
export const custodyRequest = custody.meta({ id: 'CustodyRequest' });
