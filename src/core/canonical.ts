import { sha256 } from '@noble/hashes/sha2.js';
import canonicalize from 'canonicalize';
import type * as z from 'zod/mini';
import { equal, fromUtf8, type Hex, toHex, utf8 } from './bytes.ts';
import { must, TwinlockError } from './errors.ts';
import { parseShallowJson } from './json.ts';
import { unlessRefused } from './refusal.ts';
import { parseAs } from './schema.ts';

export type JsonObject = { readonly [key: string]: unknown };

/**
 * The canonical form (RFC 8785) of an object, UTF-8. Throws `not_canonical` for what JSON cannot carry
 * unchanged: lone surrogates, numbers that are not finite, anything that is not an object. A member whose
 * value is `undefined` is absent.
 */
export function canonicalBytes(value: object): Uint8Array {
  const text = canonicalText(value);
  must(text.startsWith('{'), 'not_canonical', 'expected a JSON object');
  return utf8(text);
}

/** The same of any value, not encoded. */
export function canonicalText(value: unknown): string {
  const text = unlessRefused(
    Error,
    () => canonicalize(value),
    ({ message }) => {
      throw new TwinlockError('not_canonical', `cannot be written as canonical JSON: ${message}`);
    },
  );
  must(text !== undefined, 'not_canonical', 'expected a JSON value');
  return text;
}

/**
 * Parses attacker-controlled bytes that must be the canonical form of a JSON object of at most `maxBytes`.
 *
 * JSON.parse keeps the last of two equal keys and rounds large integers, so it is never trusted alone:
 * the canonical form of what it returns must be the very bytes that were given. Throws `too_large`,
 * `malformed` (not JSON, not UTF-8, deeper than 64 levels) or `not_canonical`.
 */
export function parseCanonical(bytes: Uint8Array, maxBytes: number): JsonObject {
  const value = parseBounded(bytes, maxBytes);
  must(value !== null && typeof value === 'object' && !Array.isArray(value), 'malformed', 'expected a JSON object');
  requireCanonical(value, bytes);
  return value as JsonObject;
}

/**
 * Parses attacker-controlled bytes that must be the canonical form of what `read` makes of them, an object, from the
 * value that JSON.parse gives. As `parseCanonical`, but `read` comes first, so that only what is of the document's
 * size and shape is worth writing again; and it is the document itself that is written, so what a schema has dropped
 * or changed (a member called `__proto__`) is missed. Throws as `read`, and `too_large`, `malformed` or
 * `not_canonical`.
 */
export function parseCanonicalBy<T extends object>(
  read: (value: unknown) => T,
  bytes: Uint8Array,
  maxBytes: number,
): T {
  const document = read(parseBounded(bytes, maxBytes));
  requireCanonical(document, bytes);
  return document;
}

/**
 * Parses attacker-controlled bytes that must be the canonical form of a document that `schema` describes, an object
 * whose every member it knows; `what` is its name. Throws as `parseCanonicalBy`.
 */
export function parseCanonicalAs<T extends z.ZodMiniType<object>>(
  schema: T,
  bytes: Uint8Array,
  maxBytes: number,
  what: string,
): z.infer<T> {
  return parseCanonicalBy((value) => parseAs(schema, value, what), bytes, maxBytes);
}

function parseBounded(bytes: Uint8Array, maxBytes: number): unknown {
  must(bytes.length <= maxBytes, 'too_large', `expected at most ${maxBytes} bytes, got ${bytes.length}`);
  return parseShallowJson(fromUtf8(bytes));
}

function requireCanonical(value: object, bytes: Uint8Array): void {
  const isCanonical = equal(canonicalBytes(value), bytes);
  must(isCanonical, 'not_canonical', 'expected canonical JSON (RFC 8785): sorted keys, no white space');
}

/** SHA-256 of the bytes, hex. */
export function digestOf(bytes: Uint8Array): Hex {
  return toHex(sha256(bytes));
}

/** SHA-256 of the canonical form, hex: the name of a statement, an enrolment document, a manifest core. */
export function digestOfObject(value: object): Hex {
  return digestOf(canonicalBytes(value));
}
