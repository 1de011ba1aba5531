import * as z from 'zod/mini';
import { type Base64url, fromBase64url } from './bytes.ts';
import { TwinlockError } from './errors.ts';
import { orNull } from './refusal.ts';
import { expectation } from './schema-issue.ts';

// Without it, Zod makes code of a schema where the engine lets it and walks it where not, as in the console's page:
// two programs for one rule.
z.config({ jitless: true });

/**
 * The field types of everything that is signed, stored or sent. One spelling each: what another spelling
 * would mean is never asked.
 */

/** 32 bytes in lower-case hexadecimal: a SHA-256 digest or a nonce. */
export const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits'));
/** 16 random bytes in lower-case hexadecimal: the id of a person, a committee, a request. */
export const id = z.string().check(z.regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hexadecimal digits'));
/** The purpose of a vault, which never changes: real weights, or a rehearsal, which protects nothing. */
export const grade = z.enum(['production', 'simulation']);
export type Grade = z.infer<typeof grade>;
/** A year: what has to last longer is asked for again, and its sum with an instant stays an integer. */
export const MAX_DURATION_MS: number = 366 * 24 * 60 * 60_000;
/** Milliseconds since the epoch. */
export const instantMs = z.int().check(z.gte(0));
/** Milliseconds, at least one. */
export const durationMs = z.int().check(z.gte(1), z.lte(MAX_DURATION_MS));
/** An unsigned 64-bit integer in decimal, without leading zeros; JSON numbers end at 2^53. */
export const u64Text = z.string().check(
  // A value that is not an integer ends here: the later checks read it as an integer.
  z.regex(/^(?:0|[1-9][0-9]{0,19})$/, { error: 'expected a decimal integer', abort: true }),
  z.refine((text) => BigInt(text) < 1n << 64n, 'expected less than 2^64'),
);

/** Between `min` and `max` bytes in base64url without padding. */
export function binary(min: number, max: number) {
  return z.string().check(
    z.maxLength(Math.ceil((max * 4) / 3)),
    z.refine(
      (text: Base64url) => {
        const length = orNull(TwinlockError, () => fromBase64url(text))?.length ?? -1;
        return length >= min && length <= max;
      },
      `expected ${min === max ? min : `${min} to ${max}`} bytes in base64url without padding`,
    ),
  );
}

/** A WebAuthn credential id, 1 to 1023 bytes (WebAuthn section 4). */
export const credentialId = binary(1, 1023);
/** `ed25519:` and 32 bytes in base64url: the algorithm is named inside every signed text. */
export const ed25519Key = z
  .string()
  .check(z.regex(/^ed25519:[A-Za-z0-9_-]{43}$/, 'expected ed25519: and 32 bytes in base64url'));
export const ed25519Signature = binary(64, 64);

const NAME_PART = '[a-z0-9][a-z0-9._-]{0,63}';
/** `namespace/name`; see core/weights/names. */
export const modelName = z
  .string()
  .check(z.regex(new RegExp(`^${NAME_PART}/${NAME_PART}$`), 'expected namespace/name, in lower case'));
export const versionName = z
  .string()
  .check(z.regex(new RegExp(`^${NAME_PART}$`), 'expected a version name, in lower case'));
/** The scope of a principal: one model, all models of a namespace, or all models. */
export const modelScope = z
  .string()
  .check(
    z.regex(
      new RegExp(`^(?:\\*|${NAME_PART}/(?:\\*|${NAME_PART}))$`),
      'expected *, namespace/* or namespace/name, in lower case',
    ),
  );
export const groupName = z
  .string()
  .check(z.regex(new RegExp(`^${NAME_PART}$`), 'expected a group name, in lower case'));
/** A name under which nothing but loopback answers (RFC 6761), fixed at genesis. */
export const rpId = z
  .string()
  .check(z.regex(/^tl-[a-z0-9]{16}\.localhost$/, 'expected tl-<16 letters or digits>.localhost'));

// Control characters, the bidirectional ones that make a text read as another (Unicode UAX 9), and those that
// show as nothing, so that two texts look the same. A list, not a property: it must never change with Unicode.
const DECEPTIVE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  /\u034f|\u17b4|\u17b5|[\u180b-\u180f]|[\ufe00-\ufe0f]|[\u0000-\u001f\u007f-\u009f\u2028\u2029\u00ad\u061c\u115f\u1160\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/u;

/** Spaces of every width, at either end. */
const SPACE_AROUND = /^[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]|[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$/;

/** A short text for human beings: no control, zero-width or bidirectional characters, no lone surrogate. */
export function humanText(maxLength: number) {
  return z.string().check(
    z.minLength(1),
    z.maxLength(maxLength),
    z.refine((text: string) => text.isWellFormed() && !DECEPTIVE.test(text) && !SPACE_AROUND.test(text), {
      error: 'expected text without control or invisible characters, and no space around it',
    }),
  );
}

/** An assertion as archived: enough to check it again offline (design: webauthn, fact 12). */
export const assertion = z.strictObject({
  authenticatorData: binary(37, 4096),
  clientDataJSON: binary(1, 2048),
  signature: binary(8, 512),
});
export type ArchivedAssertion = z.infer<typeof assertion>;

/**
 * The parsed value, or `malformed` naming the first field that is wrong: the same message in every process. `what` is
 * the document's name.
 */
export function parseAs<T extends z.ZodMiniType>(schema: T, value: unknown, what: string): z.infer<T> {
  const result = schema.safeParse(value, { error: expectation });
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [what, ...(issue?.path ?? []).map(String)].join('.');
  throw new TwinlockError('malformed', `${path}: ${issue?.message ?? 'not as specified'}`, { path });
}
