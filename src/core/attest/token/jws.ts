import * as z from 'zod/mini';
import { fromBase64url, fromUtf8, utf8 } from '../../bytes.ts';
import type { JsonObject } from '../../canonical.ts';
import { must } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseAs } from '../../schema.ts';
import type { SignatureClaim } from '../../signature/claim.ts';

/** The longest token seen in the field, Trust Authority's with its nonce, has 5,000 characters. */
export const MAX_TOKEN_CHARACTERS = 16_384;

/** What attestation services sign with; one algorithm a service, so that no token chooses its own. */
export type TokenAlgorithm = Extract<SignatureClaim['algorithm'], 'ES384' | 'PS384'>;

/** Text of a token that a rule shows: printable ASCII, so that no terminal obeys it. */
export const tokenText = z.string().check(z.regex(/^[\x20-\x7e]{0,256}$/, 'expected at most 256 printable characters'));

/** Stands for a claim that a token does not make; no reference value may be spelled so. */
export const ABSENT = 'absent';
/** A claim in text, or `absent` for one that is not made or null. */
export const claimText = z.pipe(
  z.nullish(tokenText),
  z.transform((text) => text ?? ABSENT),
);

const joseHeader = z.object({
  alg: tokenText,
  kid: tokenText.check(z.minLength(1)),
  typ: z.optional(z.literal('JWT')),
});

/** A JSON Web Signature in compact form, parsed and not yet trusted. */
export interface CompactJws {
  /** What the header says; what counts is the algorithm of the service. */
  readonly algorithm: string;
  /** The id of the key that signed, in the service's key set. */
  readonly kid: string;
  readonly payload: JsonObject;
  /** The signed bytes: header and payload as they were sent. */
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Parses an attacker-controlled JWS of one signature in compact form whose payload is a JSON object (RFC 7515
 * section 7.1, RFC 7519). Keys that the header brings or points to (`jwk`, `jku`, `x5c`, `x5u`) are never looked
 * at. One spelling: base64url without padding and with zero trailing bits, no member named twice. Throws
 * `malformed`, for the extensions `crit` and `b64` too.
 */
export function parseCompactJws(text: string, what: string): CompactJws {
  const bounded = text.length <= MAX_TOKEN_CHARACTERS;
  must(bounded, 'malformed', `${what}: expected at most ${MAX_TOKEN_CHARACTERS} characters, got ${text.length}`);
  const [header = '', payload = '', signature = '', ...more] = text.split('.');
  const isWhole = header !== '' && payload !== '' && signature !== '' && more.length === 0;
  must(isWhole, 'malformed', `${what}: expected header.payload.signature`);
  const headerJson = parseObject(header, `${what} header`);
  must(!('crit' in headerJson), 'malformed', `${what} header: crit names what no rule understands`);
  must(!('b64' in headerJson), 'malformed', `${what} header: expected a payload in base64url`);
  const { alg, kid } = parseAs(joseHeader, headerJson, `${what} header`);
  return {
    algorithm: alg,
    kid,
    payload: parseObject(payload, `${what} payload`),
    message: utf8(`${header}.${payload}`),
    signature: fromBase64url(signature),
  };
}

/**
 * The claim that this key signed the token with the algorithm of its service, not with the one that the header names.
 */
export function signedWith(
  token: CompactJws,
  key: Pick<SignatureClaim, 'algorithm' | 'publicKey'>,
  what: string,
): SignatureClaim {
  const { algorithm, publicKey } = key;
  return { kind: 'signature', algorithm, publicKey, message: token.message, signature: token.signature, what };
}

function parseObject(base64url: string, what: string): JsonObject {
  const value = parseJson(fromUtf8(fromBase64url(base64url)));
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  must(isObject, 'malformed', `${what}: expected a JSON object`);
  return value as JsonObject;
}
