import * as z from 'zod/mini';
import type { Hex } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { personName, thingName } from '../../src/core/name/name.ts';
import { credentialId, digest, grade, id, instantMs, parseAs, rpId } from '../../src/core/schema.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { MAX_MEMBERS } from '../../src/core/statement/statement.ts';
import { lastResumption } from './stop.ts';

/** 32 custodians, four keys each, every credential id at its longest, and room beside them. */
export const MAX_STOP_KIT_BYTES = 256 * 1024;
/** More than a person has. */
const MAX_KEYS = 64;

const key = z.strictObject({
  credential: credentialId,
  name: thingName,
  keyEpoch: z.int().check(z.gte(1), z.lte(0xffff_ffff)),
});
const stopKit = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-stop-kit'),
  vault: digest,
  rpId,
  grade,
  /** Entries of the log that it was taken from. */
  size: z.int().check(z.gte(1)),
  /** When the workstation verified them, by its own clock. */
  verified: instantMs,
  /** The last one among them, which a stop of everything rests on; null for none. */
  resumption: z.nullable(digest),
  /** With the keys that are in use. */
  custodians: z
    .array(z.strictObject({ person: id, name: personName, keys: z.array(key).check(z.maxLength(MAX_KEYS)) }))
    .check(z.maxLength(MAX_MEMBERS)),
});

/** The data for a stop while the vault does not answer (console/FORMAT.md). It holds no secret. */
export type StopKit = z.infer<typeof stopKit>;

/** Taken from what a replay of `size` entries has established, at `nowMs` by the workstation's clock. */
export function stopKitOf(facts: Facts, size: number, nowMs: number): StopKit {
  const { vault, genesis, persons, authenticators } = facts;
  const inUse = authenticators.valueSeq().filter(({ retiredAt }) => retiredAt === null);
  return {
    v: 1,
    kind: 'twinlock-stop-kit',
    vault,
    rpId: genesis.rpId,
    grade: genesis.grade,
    size,
    verified: nowMs,
    resumption: lastResumption(facts),
    custodians: committeeInForce(facts).members.map(({ person }) => ({
      person,
      name: persons.get(person) ?? person,
      keys: inUse
        .filter((authenticator) => authenticator.person === person)
        .map(({ credential, name, keyEpoch }) => ({ credential, name, keyEpoch }))
        .toArray(),
    })),
  };
}

/** Throws `malformed`, and `wrong_vault` where it is another vault's than `vault`. */
export function parseStopKit(value: unknown, vault: Hex): StopKit {
  const kit = parseAs(stopKit, value, 'stop kit');
  must(kit.vault === vault, 'wrong_vault', `expected a stop kit of the vault ${vault}, got one of ${kit.vault}`);
  return kit;
}
