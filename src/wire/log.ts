import { z } from 'zod';
import { bytes, count, decimal, digest, note, objects } from './fields.ts';

/** GET /v1/log/checkpoint: the signed note, as JSON text. */
export const checkpoint = z.object({ checkpoint: note }).meta({ id: 'Checkpoint' });

/** GET /v1/log/entries?from=&limit=: entries as the exact text that was hashed, and the objects they name. */
export const entriesQuery = z.strictObject({
  from: decimal(1e9).default(0),
  limit: decimal(1000)
    .refine((limit) => limit > 0, 'expected 1 at least')
    .default(500),
});
export const entries = z
  .object({ from: count, entries: z.array(z.string()), objects, checkpoint: note })
  .meta({ id: 'Entries', description: 'a page of the log; shorter than asked where its objects are large' });

/** GET /v1/versions/{manifest}/envelopes: those sealed to the caller, a custodian. */
export const ownEnvelopes = z
  .object({ envelopes: z.array(z.object({ credential: z.string(), digest, envelope: bytes(2048) })) })
  .meta({ id: 'OwnEnvelopes' });
