import * as z from 'zod/mini';
import { fromUtf8 } from '../bytes.ts';
import { canonicalBytes } from '../canonical.ts';
import { must } from '../errors.ts';
import { parseJson } from '../json.ts';
import { parseAs } from '../schema.ts';
import { parseStatement, type Stop } from '../statement/statement.ts';
import { type ProposerSignature, proposerSignature } from './entry.ts';

/** A reason, a credential id, an assertion: each at its longest, and room for white space. */
export const MAX_STOP_BYTES = 16_384;

/** The beginning of the error for a file that is not a signed stop. */
export const NO_STOP_FILE =
  'this file is no stop. A stop is what a custodian’s console saves (Stop), or twinlock stop --out writes';

/** A stop as it travels: what it says and who signed it, and nothing else is needed to judge it. */
export interface SignedStop {
  readonly statement: Stop;
  readonly signature: ProposerSignature;
}

const schema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-stop'),
  statement: z.unknown(),
  signature: proposerSignature,
});

/**
 * Parses an attacker-controlled stop (FORMAT.md): JSON of at most 16,384 bytes. Says nothing about whether it is
 * true. Throws `too_large`, `malformed` and `unknown_kind`.
 */
export function parseSignedStop(bytes: Uint8Array): SignedStop {
  must(
    bytes.length <= MAX_STOP_BYTES,
    'too_large',
    `expected a stop of at most ${MAX_STOP_BYTES} bytes, got ${bytes.length}`,
  );
  const { statement: said, signature } = parseAs(schema, parseJson(fromUtf8(bytes)), 'stop');
  const statement = parseStatement(said);
  must(statement.kind === 'stop', 'unknown_kind', `expected a statement of kind stop, got ${statement.kind}`);
  return { statement, signature };
}

/** As it is written: canonical, one line. */
export function signedStopBytes({ statement, signature }: SignedStop): Uint8Array {
  return canonicalBytes({ v: 1, kind: 'twinlock-stop', statement, signature });
}
