import * as z from 'zod/mini';
import { equal, fromUtf8, type Hex, utf8 } from '../bytes.ts';
import { digestOf } from '../canonical.ts';
import { must, TwinlockError } from '../errors.ts';
import { parseShallowJson } from '../json.ts';
import { parseAs } from '../schema.ts';
import { stateFields } from './snapshot-fields.ts';
import { objectPieces } from './snapshot-pieces.ts';
import type { State } from './state.ts';

/**
 * The rules that made a state. It changes with every change of a rule of the fold and of what a state holds: a state of
 * other rules may hold what these would have refused.
 */
export const STATE_RULES = 7;

/** 256 MiB: far above what the rules let a state hold, and below what an engine takes as one text. */
export const MAX_STATE_BYTES = 1 << 28;

const snapshot = z.strictObject({
  v: z.literal(1),
  kind: z.literal('state'),
  rules: z.literal(STATE_RULES),
  ...stateFields,
});

/**
 * The canonical text of a state, in pieces that take some milliseconds each at most: a process that must answer others
 * meanwhile does so between two of them. One state has one encoding (state/FORMAT.md, Snapshot).
 */
export function* encodedPieces({ chain, facts }: State): Generator<string> {
  yield '{"chain":';
  yield* objectPieces(stateFields.chain, chain);
  yield ',"facts":';
  yield* objectPieces(stateFields.facts, facts);
  yield `,"kind":"state","rules":${STATE_RULES},"v":1}`;
}

/** All of it at once, UTF-8. */
export function encodeState(state: State): Uint8Array {
  return utf8([...encodedPieces(state)].join(''));
}

/** SHA-256 of the encoding, hex. Two states with one digest are the same. */
export function stateDigest(state: State): Hex {
  return digestOf(encodeState(state));
}

/**
 * The state that `bytes` encode. The process that stored them must have authenticated them, and the state's claims must
 * have been discharged: nothing here shows that a log led to it. Throws `too_large`, `malformed`, `unsupported_version`
 * for a state of other rules, and `not_canonical`.
 */
export function decodeState(bytes: Uint8Array): State {
  must(
    bytes.length <= MAX_STATE_BYTES,
    'too_large',
    `expected a state of at most ${MAX_STATE_BYTES} bytes, got ${bytes.length}`,
  );
  const value = parseShallowJson(fromUtf8(bytes));
  requireOurRules(value);
  const { chain, facts } = parseAs(snapshot, value, 'state');
  const state: State = { chain, facts };
  must(equal(encodeState(state), bytes), 'not_canonical', 'expected the canonical encoding of a state');
  return state;
}

function requireOurRules(value: unknown): void {
  const { v, rules } = (value ?? {}) as { readonly v?: unknown; readonly rules?: unknown };
  const isOurs = v === 1 && rules === STATE_RULES;
  if (!isOurs) {
    throw new TwinlockError('unsupported_version', `expected a state of rules ${STATE_RULES}: replay the log`);
  }
}
