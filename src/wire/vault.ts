import { z } from 'zod';
import {
  assertion,
  bearerToken,
  binary,
  bytes,
  count,
  credentialId,
  digest,
  ed25519Key,
  humanName,
  id,
  instantMs,
  objects,
  rpId,
  statement,
} from './fields.ts';

/** The first fault that the daemon found in its own log: code and entry. It grants nothing after that. Null if none. */
export const logFault = z.nullable(
  z.object({ code: z.string().check(z.regex(/^[a-z_]{1,64}$/)), entry: z.nullable(count) }),
);

/** GET /v1/vault: public facts. A client that has a fingerprint trusts none of them. */
export const vaultStatus = z
  .object({
    fingerprint: z.nullable(digest),
    rpId,
    grade: z.enum(['production', 'simulation']),
    phase: z.enum(['founding', 'open', 'stopped']),
    time: instantMs,
    fault: logFault,
  })
  .meta({ id: 'VaultStatus' });

/** POST /v1/challenges: 32 random bytes, good for one session request within two minutes. */
export const challengeRequest = z.strictObject({}).default({}).meta({ id: 'ChallengeRequest' });
export const challenge = z.object({ nonce: digest, expires: instantMs }).meta({ id: 'Challenge' });

/** POST /v1/sessions. The assertion or signature is over frame("twinlock/v1/session", vault, nonce). */
export const sessionRequest = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('custodian'), nonce: digest, credential: credentialId, assertion }),
    z.strictObject({ kind: z.literal('principal'), nonce: digest, key: ed25519Key, signature: binary(64) }),
  ])
  .meta({ id: 'SessionRequest' });
export const session = z
  .object({
    /** Bearer token, 32 bytes base64url. */
    token: bearerToken,
    expires: instantMs,
    person: id,
    name: humanName,
    role: z.enum(['custodian', 'depositor', 'requester', 'auditor']),
  })
  .meta({ id: 'Session' });

/** GET /v1/invitation, with the invitation as bearer token. */
export const invitation = z
  .object({
    person: id,
    name: humanName,
    digest,
    expires: instantMs,
    rpId,
    grade: z.enum(['production', 'simulation']),
  })
  .meta({ id: 'Invitation' });

/** POST /v1/enrolments, with the invitation as bearer token: the canonical bytes of an enrolment document. */
export const enrolmentRequest = z.strictObject({ document: bytes(65_536) }).meta({ id: 'EnrolmentRequest' });
export const enrolmentResponse = z.object({ digest }).meta({ id: 'EnrolmentResponse' });

/** GET /v1/genesis, with an invitation as bearer token. */
export const genesisDraft = z
  .object({
    founders: z.array(z.object({ person: id, name: humanName, authenticators: count, signed: z.boolean() })),
    /** Null until every founder has enrolled. It changes when one enrols another authenticator. */
    statement: z.nullable(statement),
    objects,
    fingerprint: z.nullable(digest),
    founded: z.boolean(),
  })
  .meta({ id: 'GenesisDraft' });

/** POST /v1/genesis/signatures, with the invitation as bearer token. */
export const genesisSignature = z
  .strictObject({ statement: digest, credential: credentialId, assertion })
  .meta({ id: 'GenesisSignature' });
export const genesisSigned = z
  .object({ founded: z.boolean(), missing: z.array(humanName) })
  .meta({ id: 'GenesisSigned' });
