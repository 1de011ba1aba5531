import { sha256 } from '@noble/hashes/sha2.js';
import * as z from 'zod/mini';
import { fromUtf8, type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../src/core/canonical.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { unlessRefused } from '../../src/core/refusal.ts';
import { digest, parseAs } from '../../src/core/schema.ts';
import { objectsOfStatement } from '../../src/core/state/apply.ts';
import { decodeState, encodeState } from '../../src/core/state/snapshot.ts';
import type { Facts, State } from '../../src/core/state/state.ts';

/** A state of more is not kept: the log is replayed then. */
export const MAX_KEPT_BYTES = 32 << 20;
/** Room for 100,000 objects. A kept state names fewer. */
const MAX_HEADER_BYTES = 8 << 20;

/**
 * Where a client keeps what a log led to when it was last followed, so that it goes on from there. One per vault, by its
 * fingerprint. Its client trusts it as it trusts itself: no other user may write there.
 */
export interface StateMemory {
  /** Null where none is kept. */
  get(fingerprint: Hex): Promise<string | null>;
  /** Durable when it resolves. */
  put(fingerprint: Hex, kept: string): Promise<void>;
}

/** A log that was followed. */
export interface Followed {
  /** All its claims have been discharged. */
  readonly state: State;
  /** An entry that named an object, so that it can be asked for again and need not be kept. */
  readonly namedAt: ReadonlyMap<Hex, number>;
}

const header = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-state'),
  fingerprint: digest,
  /** SHA-256 of the state's encoding: a disk that has changed it is found out. */
  state: digest,
  named: z.array(z.tuple([digest, z.int().check(z.gte(0))])),
});

/** A line of JSON, and the state's encoding (FORMAT.md). Throws `too_large` for what `readKeptText` would not take. */
export function keptText({ state, namedAt }: Followed): string {
  const encoded = encodeState(state);
  const named = [...namedAt].sort(([a], [b]) => (a < b ? -1 : 1));
  const first = { v: 1, kind: 'twinlock-state', fingerprint: state.facts.vault, state: hashOf(encoded), named };
  const line = canonicalBytes(first);
  requireKept('the names of the objects', line.length, MAX_HEADER_BYTES);
  requireKept('the state of this log', line.length + 1 + encoded.length, MAX_KEPT_BYTES);
  return `${fromUtf8(line)}\n${fromUtf8(encoded)}`;
}

function requireKept(what: string, bytes: number, maxBytes: number): void {
  const text = `${what}: expected at most ${maxBytes} bytes, got ${bytes}`;
  must(bytes <= maxBytes, 'too_large', `${text}: nothing of it is kept, and the log is replayed from its first entry`);
}

/** Null for what is damaged, of other rules or of another vault: then the log is replayed. */
export function readKeptText(text: string, fingerprint: Hex): Followed | null {
  return unlessRefused(
    TwinlockError,
    () => readFollowed(text, fingerprint),
    () => null,
  );
}

function readFollowed(text: string, fingerprint: Hex): Followed {
  const end = text.indexOf('\n');
  must(end !== -1, 'malformed', 'the kept state has no header');
  const first = parseAs(header, parseCanonical(utf8(text.slice(0, end)), MAX_HEADER_BYTES), 'kept');
  const encoded = utf8(text.slice(end + 1));
  must(first.state === hashOf(encoded), 'digest_mismatch', 'the kept state has been changed');
  const state = decodeState(encoded);
  const isOurs = first.fingerprint === fingerprint && state.facts.vault === fingerprint;
  must(isOurs, 'wrong_genesis', `expected a state of the vault ${fingerprint}`);
  return { state, namedAt: new Map(first.named) };
}

/**
 * The objects that a client still asks for: those of genesis and of the proposals that are known, and the versions’
 * manifests and the policies that are known, though the proposal of a policy may be forgotten. Several proposals may name
 * one object, and the first of them may be forgotten: the entry is one that a known proposal stands in.
 */
export function stillNamed(
  { genesis, proposals, versions, policies }: Facts,
  namedAt: ReadonlyMap<Hex, number>,
): ReadonlyMap<Hex, number> {
  const still = new Map<Hex, number>();
  for (const object of [...versions.keys(), ...policies.map((policy) => policy.digest)]) {
    const index = namedAt.get(object);
    if (index !== undefined) still.set(object, index);
  }
  for (const { statement, index } of proposals.values()) {
    for (const object of objectsOfStatement(statement)) still.set(object, index);
  }
  for (const object of objectsOfStatement(genesis)) still.set(object, 0);
  return still;
}

const hashOf = (bytes: Uint8Array): Hex => toHex(sha256(bytes));
