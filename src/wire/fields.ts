import { z } from 'zod';
import { fromBase64url, fromUtf8, type Hex, toBase64url, utf8 } from '../core/bytes.ts';
import { TwinlockError } from '../core/errors.ts';
import { orNull } from '../core/refusal.ts';
import * as core from '../core/schema.ts';

/**
 * The field types of requests and responses. What is signed is parsed again, strictly, by the core; these
 * keep what is malformed or too large from getting that far, and describe the API (/openapi.json).
 */
export const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits')
  .meta({ description: '32 bytes, lower-case hexadecimal' });
export const id = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hexadecimal digits')
  .meta({ description: '16 bytes, lower-case hexadecimal' });
export const instantMs = z.int().min(0);
export const count = z.int().min(0);
/** A number in a path or a query, at most `max`: decimal, without sign or leading zeros. */
export const decimal = (max: number) =>
  z.codec(z.string().regex(/^(?:0|[1-9][0-9]{0,8})$/, 'expected a decimal integer'), z.int().min(0).max(max), {
    decode: Number,
    encode: String,
  });
export const u64Text = z.string().regex(/^(?:0|[1-9][0-9]{0,19})$/, 'expected a decimal integer');
export const ed25519Key = z
  .string()
  .regex(/^ed25519:[A-Za-z0-9_-]{43}$/, 'expected ed25519: and 32 bytes in base64url');

const isHumanName = (text: string) => core.humanText(64).safeParse(text).success;
/** Names of people and of machines. A client shows a name before the log has confirmed it. */
export const humanName = z
  .string()
  .max(64)
  .refine(isHumanName, 'expected text without control or invisible characters, and no space around it');
const isReason = (text: string) => core.humanText(500).safeParse(text).success;
/** The reason a person gave for a decision; null if the person gave none. */
export const reason = z
  .string()
  .max(500)
  .refine(isReason, 'expected text without control or invisible characters, and no space around it')
  .nullable();
/** A person by name, id, membership and the entry that made them known. */
export const person = z.object({
  person: id,
  name: humanName,
  custodian: z.boolean(),
  firstSeen: z.nullable(z.object({ index: count, time: instantMs })),
});
export const rpId = z.string().regex(/^tl-[a-z0-9]{16}\.localhost$/, 'expected tl-<16 letters or digits>.localhost');
/** 32 random bytes in base64url: its holder acts in the session. */
export const bearerToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'expected 32 bytes in base64url');

/** At most `maxBytes` bytes in base64url without padding. */
export const binary = (maxBytes: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]*$/, 'expected base64url without padding')
    .max(Math.ceil((maxBytes * 4) / 3));

const isBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected bytes');

/** At most `maxBytes` bytes, which are sent in base64url without padding. */
export const bytes = (maxBytes: number) =>
  z.codec(binary(maxBytes), isBytes, {
    decode: (text, { issues }) => {
      const decoded = orNull(TwinlockError, () => fromBase64url(text));
      if (decoded !== null) return decoded;
      issues.push({ code: 'custom', input: text, message: 'expected base64url without padding' });
      return z.NEVER;
    },
    encode: toBase64url,
  });

/** A signed note (src/core/log/FORMAT.md): its bytes, which are sent as text. */
export const note = z.codec(z.string(), isBytes, { decode: utf8, encode: fromUtf8 });

export const credentialId = binary(1023).min(1);
export const modelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}\/[a-z0-9][a-z0-9._-]{0,63}$/, 'expected namespace/name');
export const modelScope = z
  .string()
  .regex(
    /^(?:\*|[a-z0-9][a-z0-9._-]{0,63}\/(?:\*|[a-z0-9][a-z0-9._-]{0,63}))$/,
    'expected *, namespace/* or namespace/name, in lower case',
  );
export const groupName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected a group name');
export const versionName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected a version name');

export const assertion = z
  .strictObject({ authenticatorData: binary(4096), clientDataJSON: binary(2048), signature: binary(512) })
  .meta({ id: 'Assertion', description: 'a WebAuthn assertion, as the log archives it' });

/** A statement in transit; the core parses it by its kind. */
export const statementKind = z.string().regex(/^[a-z]{1,32}$/, 'expected a kind of statement');
export const statement = z.record(z.string(), z.unknown()).meta({ id: 'Statement' });

export const proposerSignature = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('assertion'), ...assertion.shape }),
  z.strictObject({ kind: z.literal('ed25519'), signature: binary(64) }),
]);

const MAX_OBJECT_BYTES = 6 << 20;
/**
 * Evidential objects by digest, as a caller brings them: the vault decodes those that the statement names, and no
 * others.
 */
export const objectTexts = z
  .record(digest, binary(MAX_OBJECT_BYTES))
  .meta({ id: 'ObjectTexts', description: 'bytes in base64url by their SHA-256' });
/** Evidential objects by digest, as the vault answers with them. */
export const objects = z
  .codec(
    z.record(digest, bytes(MAX_OBJECT_BYTES)),
    z.custom<ReadonlyMap<Hex, Uint8Array>>((value) => value instanceof Map, 'expected objects by digest'),
    { decode: (named) => new Map(Object.entries(named)), encode: Object.fromEntries },
  )
  .meta({ id: 'Objects', description: 'bytes by their SHA-256' });

/** The body of every refusal. */
export const problem = z
  .object({
    code: z.string().meta({ description: 'stable; what a program matches on' }),
    message: z.string().meta({ description: 'what was expected, what was got, and what to do' }),
    detail: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .meta({ id: 'Problem' });

/** The place of a new entry in the log. */
export const recorded = z.object({ index: count, checkpoint: note }).meta({ id: 'Recorded' });
