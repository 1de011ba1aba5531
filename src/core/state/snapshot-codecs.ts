import { List, Map as PersistentMap } from 'immutable';
import * as z from 'zod/mini';
import { fromBase64url, toBase64url } from '../bytes.ts';
import { binary } from '../schema.ts';

/**
 * How the types of a state that JSON does not have are written: one spelling each, in both directions.
 */

/** Bytes, `min` to `max` of them, in base64url. */
export function bytesOf(min: number, max: number) {
  return z.codec(
    binary(min, max),
    z.custom<Uint8Array>((value) => value instanceof Uint8Array),
    { decode: fromBase64url, encode: toBase64url },
  );
}

/** Not negative; in decimal without leading zeros, of at most 40 digits. */
export const wholeText = z.codec(
  z.string().check(z.regex(/^(?:0|[1-9][0-9]{0,39})$/, { error: 'expected a decimal integer', abort: true })),
  z.bigint(),
  { decode: (text) => BigInt(text), encode: (value) => value.toString() },
);

/** An array, in order. */
export function listOf<V>(value: z.ZodMiniType<V>): z.ZodMiniType<List<V>> {
  return z.codec(
    z.array(value),
    z.custom<List<V>>((list) => List.isList(list)),
    { decode: (values) => List(values), encode: (list) => list.toArray() },
  );
}

/** An array of [key, value], ascending by key: a key may be called `__proto__`, so it is no member of an object. */
export function mapOf<V>(key: z.ZodMiniType<string>, value: z.ZodMiniType<V>): z.ZodMiniType<PersistentMap<string, V>> {
  const pair = z.tuple([key, value]) as unknown as z.ZodMiniType<[string, V], [string, V]>;
  return z.codec(
    z.array(pair),
    z.custom<PersistentMap<string, V>>((map) => PersistentMap.isMap(map)),
    { decode: (pairs) => PersistentMap(pairs), encode: (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1)) },
  );
}
