import { List, Map as PersistentMap } from 'immutable';
import * as z from 'zod/mini';
import { canonicalText } from '../canonical.ts';

/** Rows of a collection in one piece: a release of many hosts takes some kilobytes. */
const ROWS = 16;

type Collection = List<unknown> | PersistentMap<string, unknown>;

/**
 * The canonical text of an object that `schema` describes, in pieces that are quick to make, however many rows the
 * object’s collections have. Throws what zod throws for a value that is not of the schema.
 */
export function* objectPieces(schema: z.ZodMiniObject, value: object): Generator<string> {
  const members = Object.entries(value);
  // Each collection comes after, row by row; everything else is small.
  const small = Object.fromEntries(members.map(([name, of]) => [name, isCollection(of) ? of.clear() : of]));
  const encoded = Object.entries(z.encode(schema, small)).sort(([a], [b]) => (a < b ? -1 : 1));
  const whole = new Map(members);
  let before = '{';
  for (const [name, of] of encoded) {
    yield `${before}${canonicalText(name)}:`;
    const collection = whole.get(name);
    if (isCollection(collection)) yield* rowPieces(schema.shape[name] as z.ZodMiniType, collection);
    else yield canonicalText(of);
    before = ',';
  }
  yield '}';
}

function* rowPieces(schema: z.ZodMiniType, collection: Collection): Generator<string> {
  let before = '';
  yield '[';
  for (const part of partsOf(collection)) {
    // Without the brackets of its own.
    yield before + canonicalText(z.encode(schema, part)).slice(1, -1);
    before = ',';
  }
  yield ']';
}

function* partsOf(collection: Collection): Generator<Collection> {
  if (List.isList(collection)) {
    for (let at = 0; at < collection.size; at += ROWS) yield collection.slice(at, at + ROWS);
    return;
  }
  const keys = [...collection.keys()].sort();
  for (let at = 0; at < keys.length; at += ROWS) {
    yield PersistentMap(keys.slice(at, at + ROWS).map((key) => [key, collection.get(key)]));
  }
}

function isCollection(value: unknown): value is Collection {
  return List.isList(value) || PersistentMap.isMap(value);
}
