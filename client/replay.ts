import { dischargeAppraisal } from '../src/core/attest/appraise.ts';
import { type Hex, toHex, utf8 } from '../src/core/bytes.ts';
import { must, TwinlockError } from '../src/core/errors.ts';
import { openCheckpoint } from '../src/core/log/checkpoint.ts';
import type { Entry } from '../src/core/log/entry.ts';
import { formatVkey } from '../src/core/log/note-key.ts';
import type { SignatureClaim } from '../src/core/signature/claim.ts';
import { apply } from '../src/core/state/apply.ts';
import type { Claim, Objects } from '../src/core/state/judgement.ts';
import type { Facts, State } from '../src/core/state/state.ts';
import { ed25519KeyBytes } from '../src/core/statement/key.ts';
import type { VerifiedCheckpoint } from './checkpoint-memory.ts';

/** Discharges one signature claim with the platform's cryptography; rejects where it is not true. */
export type Verify = (claim: SignatureClaim) => Promise<void>;

/** Enough to keep the platform's thread pool busy. */
const CLAIMS_AT_ONCE = 64;

/** Discharges claims of either kind; of several that fail, the first in order is thrown. */
export async function dischargeClaims(claims: readonly Claim[], verify: Verify): Promise<void> {
  await inOrder(claims, (claim) => dischargeClaim(claim, verify));
}

/** Many at once. The error is always that of the first item in order that fails, so every replica names the same one. */
async function inOrder<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += CLAIMS_AT_ONCE) {
    const results = await Promise.allSettled(items.slice(from, from + CLAIMS_AT_ONCE).map(act));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

async function dischargeClaim(claim: Claim, verify: Verify): Promise<void> {
  if (claim.kind === 'appraisal') await dischargeAppraisal(claim, verify);
  else await verify(claim);
}

/** A fault of the log at one of its entries; `detail.entry` is its index. */
function faultAt(index: number, error: unknown): TwinlockError {
  if (!(error instanceof TwinlockError)) throw error;
  const message = `entry ${index}: ${error.message}`;
  return new TwinlockError(error.code, message, { ...error.detail, entry: index }, { cause: error });
}

/** Called with every entry that was verified, and with the facts after it. */
export type Observer = (entry: Entry, facts: Facts) => void;

export interface Replayed {
  /** Its claims have been discharged: it may be used. */
  readonly state: State;
  readonly signatures: number;
  readonly appraisals: number;
}

/**
 * Folds `texts`, the next entries of a log (attacker-controlled), and discharges every claim. Throws the code
 * of the first entry that is at fault, in the order of the log, with `detail.entry`.
 */
export async function replay(
  before: State | null,
  texts: readonly string[],
  objects: Objects,
  verify: Verify,
  observe: Observer,
): Promise<Replayed> {
  const claims: { readonly index: number; readonly claim: Claim }[] = [];
  let state = before;
  let fault: TwinlockError | null = null;
  for (const text of texts) {
    const index = state?.chain.frontier.size ?? 0;
    try {
      const applied = apply(state, utf8(text), objects);
      state = applied.state;
      claims.push(...applied.claims.map((claim) => ({ index, claim })));
      observe(applied.entry, applied.state.facts);
    } catch (error) {
      fault = faultAt(index, error);
      break;
    }
  }
  await inOrder(claims, ({ index, claim }) =>
    dischargeClaim(claim, verify).catch((error: unknown) => {
      throw faultAt(index, error);
    }),
  );
  if (fault !== null) throw fault;
  must(state !== null, 'wrong_genesis', 'the log is empty');
  const appraisals = claims.filter(({ claim }) => claim.kind === 'appraisal').length;
  return { state, appraisals, signatures: claims.length - appraisals };
}

/**
 * Opens an attacker-controlled checkpoint with the log key of a verified genesis. Throws as `openCheckpoint`.
 */
export function openLogCheckpoint({ facts }: State, note: string): VerifiedCheckpoint {
  const { origin, key } = facts.genesis.log;
  const { size, root } = openCheckpoint(utf8(note), formatVkey(origin, ed25519KeyBytes(key)));
  return { size, root: toHex(root) };
}

/** The root of the log after its first `size` entries, hex; null where the state is not that long. */
export function rootAt({ chain }: State, size: number): Hex | null {
  return size >= 1 ? (chain.roots.get(size - 1) ?? null) : null;
}
