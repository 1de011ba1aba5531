import { z } from 'zod';
import { count, digest, humanName, id, instantMs, proposerSignature, recorded, statement } from './fields.ts';

/** POST /v1/stops, without a session: a stop as it travels (src/core/log/FORMAT.md, "A stop that travels"). */
export const stopRequest = z
  .strictObject({ v: z.literal(1), kind: z.literal('twinlock-stop'), statement, signature: proposerSignature })
  .meta({ id: 'StopRequest' });

/** A stop, for people. */
export const recordedStop = z
  .object({
    digest,
    person: id,
    name: humanName,
    reason: z.string().max(500),
    created: instantMs,
    time: instantMs,
    index: count,
  })
  .meta({ id: 'RecordedStop' });

/** Those that are in force, oldest first; null while the vault runs. */
export const stopsInForce = z.nullable(z.array(recordedStop));

/** By its own name, which a security key has none of, and by the person whose it is. */
const namedKey = z.object({ name: z.nullable(humanName), owner: humanName, person: id }).meta({ id: 'NamedKey' });

export const stopAnswer = recorded
  .extend({
    /** Entry that holds it; null where something else had ended before what it would end. */
    index: z.nullable(count),
    digest,
    /** Whether the effect of the stop already held. The vault then records no new entry. */
    already: z.boolean(),
    /** The stop since which it is so already; null where there was none, and for a sender who did not sign this one. */
    earlier: z.nullable(recordedStop),
    stopped: stopsInForce,
    /**
     * The log's names for the key that signed it and the key that it retires; null for a caller who has not signed it.
     */
    names: z.nullable(z.object({ by: namedKey, target: z.nullable(namedKey) })),
  })
  .meta({ id: 'StopAnswer' });
