import * as z from 'zod/mini';
import type { Touch, TouchRequest } from '../../client/custodian/authenticator.ts';
import { archived } from '../../client/custodian/ceremony.ts';
import { fromBase64url, toBase64url } from '../../src/core/bytes.ts';
import { assertion, binary, credentialId, digest, humanText, instantMs, parseAs } from '../../src/core/schema.ts';
import { KINDS } from '../../src/core/statement/statement.ts';

/** The request of the demo's page for a touch of the simulated key of its console, as JSON. */

const MAX_CREDENTIALS = 64;

/** What it signs: nothing of the founding, which the demo does without the page. */
const signable = z.discriminatedUnion('label', [
  z.strictObject({ label: z.literal('session'), vault: digest, nonce: digest }),
  z.strictObject({ label: z.literal('propose'), vault: digest, statement: digest }),
  z.strictObject({
    label: z.literal('approve'),
    vault: digest,
    statement: digest,
    decision: z.enum(['approve', 'deny']),
    origin: z.string().check(z.maxLength(255)),
    size: z.int().check(z.gte(0)),
    root: digest,
    roster: digest,
    timeMs: instantMs,
    nonce: digest,
    reason: z.nullable(humanText(500)),
  }),
  z.strictObject({
    label: z.literal('stop'),
    vault: digest,
    what: KINDS.stop.schema.shape.what,
    statement: digest,
  }),
]);

const request = z.strictObject({
  signable,
  credentials: z
    .array(z.strictObject({ id: credentialId, keyEpoch: z.int().check(z.gte(1)) }))
    .check(z.minLength(1), z.maxLength(MAX_CREDENTIALS)),
  prf: z.boolean(),
});

const answer = z.strictObject({ credential: credentialId, assertion, prf: z.nullable(binary(32, 32)) });

export function touchRequestJson({ credentials, prf, ...fields }: TouchRequest): object {
  return {
    signable: fields,
    credentials: credentials.map(({ id, keyEpoch }) => ({ id: toBase64url(id), keyEpoch })),
    prf,
  };
}

/** Throws `malformed`, also for what is signed at the founding. */
export function parseTouchRequest(
  value: unknown,
): Exclude<TouchRequest, { label: 'enrol' | 'genesis' | 'transcript' }> {
  const { signable: fields, credentials, prf } = parseAs(request, value, 'touch');
  return { ...fields, credentials: credentials.map(({ id, keyEpoch }) => ({ id: fromBase64url(id), keyEpoch })), prf };
}

export function touchJson({ credential, assertion: signed, prf }: Touch): object {
  return {
    credential: toBase64url(credential),
    assertion: archived(signed),
    prf: prf === null ? null : toBase64url(prf),
  };
}

/** Throws `malformed`. */
export function parseTouch(value: unknown): Touch {
  const { credential, assertion: signed, prf } = parseAs(answer, value, 'touch');
  return {
    credential: fromBase64url(credential),
    assertion: {
      authenticatorData: fromBase64url(signed.authenticatorData),
      clientDataJSON: fromBase64url(signed.clientDataJSON),
      signature: fromBase64url(signed.signature),
    },
    prf: prf === null ? null : fromBase64url(prf),
  };
}
